#include "daemon/host/api_reply.h"

#include "base/insist.h"

namespace hearsay::host {
namespace {

std::string_view code_of(NodeError error) {
    switch (error) {
        case NodeError::no_network:
            return "no_network";
        case NodeError::already_in_network:
            return "already_in_network";
        case NodeError::bad_token:
            return "bad_token";
        case NodeError::bad_name:
            return "bad_name";
        case NodeError::cannot_write_state:
            return "cannot_write_state";
        case NodeError::not_linked:
            return "not_linked";
        case NodeError::too_many_secrets:
            return "too_many_secrets";
        case NodeError::no_second_secret:
            return "no_second_secret";
        case NodeError::network_is_open:
            return "network_is_open";
        case NodeError::bad_address:
        case NodeError::no_scope:
        case NodeError::own_address:
            return "bad_address";
        case NodeError::leaving:
            return "leaving";
        case NodeError::tags_too_large:
            return "bad_tag";
    }
    INSIST(false);
}

}  // namespace

ApiError error_of(NodeError error) { return {code_of(error), explain(error)}; }

ApiError error_of(gossip::PublishError error) {
    switch (error) {
        case gossip::PublishError::payload_too_large:
            return {"payload_too_large", "the payload is larger than 1048576 bytes (1 MiB)"};
        case gossip::PublishError::bad_topic:
            return {"bad_topic", "a topic has 1 to 255 bytes of UTF-8 without control characters"};
        case gossip::PublishError::bad_lifetime:
            return {"bad_lifetime", "a lifetime is from 1 second to 1 hour"};
        case gossip::PublishError::busy:
            return {"busy",
                    "no room for more messages now: the network takes them slower than "
                    "they are published; try again"};
        case gossip::PublishError::clock_skewed:
            return {"clock_skewed",
                    "this host's clock is too far from its neighbours': they would "
                    "refuse the message; see `hearsay status`"};
        case gossip::PublishError::leaving:
            return {"leaving", "the daemon is stopping"};
    }
    INSIST(false);
}

ApiError error_of(const Node::PublishRefusal& refusal) {
    if (refusal.node) return error_of(*refusal.node);
    return error_of(refusal.engine.value_or(gossip::PublishError::busy));
}

ApiReply::ApiReply(std::string& out, std::string_view id, bool is_ok) : out_(out), json_(out) {
    json_.begin_object();
    if (!id.empty()) json_.key("id").raw(id);
    json_.key("ok").flag(is_ok);
}

void ApiReply::error(std::string_view code, std::string_view message) {
    json_.key("error").begin_object();
    json_.key("code").text(code).key("message").text(message);
    json_.end_object();
}

void ApiReply::end() {
    json_.end_object();
    out_ += '\n';
}

void append_ok(std::string& out, std::string_view id) { ApiReply(out, id, true).end(); }

void append_error(std::string& out, std::string_view id, const ApiError& error) {
    ApiReply reply(out, id, false);
    reply.error(error.code, error.message);
    reply.end();
}

}  // namespace hearsay::host
