#include "daemon/host/api_operations.h"

#include "base/insist.h"
#include "config/endpoint_text.h"
#include "config/show.h"
#include "daemon/host/api_doctor.h"
#include "daemon/host/api_members.h"
#include "daemon/host/api_reply.h"
#include "daemon/host/api_tags.h"

namespace hearsay::host {
namespace {

// One request being answered.
struct Answering {
    const ApiContext& context;
    const ApiRequest& request;
    std::string& out;

    template <typename Fill>
    void ok(Fill fill) const {
        ApiReply reply(out, request.id, true);
        fill(reply.json());
        reply.end();
    }
    void refuse(const ApiError& error) const { append_error(out, request.id, error); }
    void done(std::optional<NodeError> error) const {
        if (error) {
            refuse(error_of(*error));
        } else {
            append_ok(out, request.id);
        }
    }
};

void answer_status(const Answering& to) {
    const NodeStatus node = to.context.target.status();
    const gossip::Snapshot snapshot = to.context.target.snapshot();
    to.ok([&](JsonWriter& json) {
        write_status(json, {node, snapshot, to.context.rates, to.context.use, to.context.now});
    });
}

void answer_doctor(const Answering& to) {
    const NodeFacts facts = to.context.target.facts();
    to.ok([&](JsonWriter& json) {
        write_doctor(json, facts, to.context.target.config(), to.context.now);
    });
}

void answer_version(const Answering& to) {
    to.ok([&](JsonWriter& json) {
        json.key("api").number(kApiVersion);
        json.key("version").text(to.context.target.status().version);
    });
}

void answer_key(const Answering& to) {
    const crypto::NodeId id = to.context.target.status().id;
    to.ok([&](JsonWriter& json) {
        json.key("node").text(crypto::to_text(id)).key("short").text(crypto::short_text(id));
    });
}

void answer_topics(const Answering& to) {
    to.ok([&](JsonWriter& json) {
        json.key("topics").begin_array();
        for (const auto& topic : to.context.topics.sorted()) {
            json.begin_object().key("topic").text(topic.name);
            json.key("messages").number(topic.messages);
            json.key("bytes").number(topic.bytes);
            json.key("age").seconds(to.context.now - topic.last_seen).end_object();
        }
        json.end_array();
    });
}

// With the token, where the sender is to hand it on.
void answer_with_token(const Answering& to, std::optional<NodeError> error) {
    if (error) return to.refuse(error_of(*error));
    const auto token = to.context.target.network_token();
    if (!token) return to.refuse(error_of(token.error()));
    const std::uint32_t secrets = to.context.target.status().network_secrets;
    to.ok([&](JsonWriter& json) {
        json.key("token").text(*token);
        json.key("secrets").number(secrets);
    });
}

void connect(const Answering& to) {
    const auto at = config::parse_host_port(*to.request.address);
    if (!at)
        return to.refuse({"bad_address", "the address " + std::string(config::to_text(at.error())) +
                                             "; HOST or HOST:PORT is wanted"});
    to.done(to.context.target.connect(*at));
}

void disconnect(const Answering& to) {
    crypto::NodeId id;
    if (const auto error = find_member(to.context.target.snapshot(), *to.request.member, id))
        return to.refuse(*error);
    to.done(to.context.target.disconnect(id));
}

void answer_tags(const Answering& to) {
    const ApiTarget& target = to.context.target;
    to.ok([&](JsonWriter& json) {
        write_tags(json.key("tags"), target.tags());
        write_tags(json.key("configured"), target.config().node.tags);
    });
}

void change_tags(const Answering& to) {
    Tags tags = to.context.target.tags();
    const bool is_set = to.request.op == ApiOp::tags_set;
    const auto error = (is_set ? set_tags : remove_tags)(tags, *to.request.tags);
    if (error) return to.refuse(*error);
    if (const auto refusal = to.context.target.set_tags(std::move(tags)))
        return to.refuse(error_of(*refusal));
    answer_tags(to);
}

void join(const Answering& to) {
    std::vector<config::HostPort> seeds;
    for (const std::string& text : to.request.seeds.value_or(std::vector<std::string>())) {
        const auto seed = config::parse_host_port(text);
        if (!seed)
            return to.refuse({"bad_address", "a seed " +
                                                 std::string(config::to_text(seed.error())) +
                                                 "; HOST or HOST:PORT is wanted"});
        seeds.push_back(*seed);
    }
    if (const auto error = to.context.target.join_network(*to.request.token, seeds))
        return to.refuse(error_of(*error));
    to.ok([&](JsonWriter& json) { write_network(json, to.context.target.status()); });
}

void rotate(const Answering& to) {
    const std::string& step = *to.request.step;
    if (step == "add")
        return answer_with_token(to, to.context.target.rotate_network(Node::Rotation::add));
    if (step == "promote")
        return answer_with_token(to, to.context.target.rotate_network(Node::Rotation::promote));
    if (step == "finish")
        return answer_with_token(to, to.context.target.rotate_network(Node::Rotation::finish));
    to.refuse({"bad_request", "\"step\" is \"add\", \"promote\" or \"finish\""});
}

void write_list(JsonWriter& json, std::string_view key, const std::vector<std::string>& list) {
    json.key(key).begin_array();
    for (const std::string& entry : list) json.text(entry);
    json.end_array();
}

void reload(const Answering& to) {
    const ReloadResult result = to.context.target.reload();
    ApiReply reply(to.out, to.request.id, result.is_ok);
    if (!result.is_ok) {
        std::string message = "the configuration was not reloaded:";
        for (const std::string& problem : result.problems)
            message += (result.problems.size() > 1 ? "\n  " : " ") + problem;
        reply.error("bad_config", message);
        write_list(reply.json(), "problems", result.problems);
    }
    write_list(reply.json(), "changed", result.changed);
    write_list(reply.json(), "needs_restart", result.needs_restart);
    reply.end();
}

}  // namespace

ApiRight right_for(ApiOp op) {
    switch (op) {
        case ApiOp::ping:
        case ApiOp::version:
        case ApiOp::status:
        case ApiOp::members:
        case ApiOp::links:
        case ApiOp::key:
        case ApiOp::topics:
        case ApiOp::config_show:
        case ApiOp::network_show:
        case ApiOp::doctor:
        case ApiOp::subscribe:
        case ApiOp::unsubscribe:
        case ApiOp::events:
        case ApiOp::tags:
        case ApiOp::member_ping:
            return ApiRight::read;
        case ApiOp::publish:
            return ApiRight::publish;
        case ApiOp::connect:
        case ApiOp::disconnect:
        case ApiOp::reload:
        case ApiOp::leave:
        case ApiOp::network_create:
        case ApiOp::network_open:
        case ApiOp::network_join:
        case ApiOp::network_token:
        case ApiOp::network_leave:
        case ApiOp::network_rotate:
        case ApiOp::tags_set:
        case ApiOp::tags_remove:
            return ApiRight::administer;
        case ApiOp::count_:
            break;
    }
    INSIST(false);
}

void answer_api_request(const ApiContext& context, const ApiRequest& request, std::string& out) {
    const Answering to{context, request, out};
    ApiTarget& target = context.target;
    switch (request.op) {
        case ApiOp::ping:
            return append_ok(out, request.id);
        case ApiOp::version:
            return answer_version(to);
        case ApiOp::status:
            return answer_status(to);
        case ApiOp::members:
            return to.ok([&](JsonWriter& json) { write_members(json, target.snapshot()); });
        case ApiOp::links:
            return to.ok([&](JsonWriter& json) { write_links(json, target.snapshot()); });
        case ApiOp::key:
            return answer_key(to);
        case ApiOp::topics:
            return answer_topics(to);
        case ApiOp::config_show:
            return to.ok(
                [&](JsonWriter& json) { json.key("text").text(config::show(target.config())); });
        case ApiOp::network_show:
            return to.ok([&](JsonWriter& json) { write_network(json, target.status()); });
        case ApiOp::doctor:
            return answer_doctor(to);
        case ApiOp::connect:
            return connect(to);
        case ApiOp::disconnect:
            return disconnect(to);
        case ApiOp::reload:
            return reload(to);
        case ApiOp::network_create:
            return answer_with_token(to, target.create_network(*request.name));
        case ApiOp::network_open:
            return to.done(target.open_network(*request.name));
        case ApiOp::network_join:
            return join(to);
        case ApiOp::network_token:
            return answer_with_token(to, std::nullopt);
        case ApiOp::network_leave:
            return to.done(target.leave_network());
        case ApiOp::network_rotate:
            return rotate(to);
        case ApiOp::tags:
            return answer_tags(to);
        case ApiOp::tags_set:
        case ApiOp::tags_remove:
            return change_tags(to);
        case ApiOp::publish:
        case ApiOp::subscribe:
        case ApiOp::unsubscribe:
        case ApiOp::events:
        case ApiOp::leave:
        case ApiOp::member_ping:
        case ApiOp::count_:
            break;
    }
    INSIST(false);
}

}  // namespace hearsay::host
