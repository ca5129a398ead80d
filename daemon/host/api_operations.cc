#include "daemon/host/api_operations.h"

#include "base/insist.h"
#include "config/endpoint_text.h"
#include "config/show.h"
#include "daemon/host/api_doctor.h"
#include "daemon/host/api_reply.h"

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

// Exactly one member, by whole id, start of an id or name.
struct Found {
    std::optional<crypto::NodeId> id;
    std::size_t count = 0;
};

Found find_member(const gossip::Snapshot& snapshot, const std::string& text) {
    constexpr std::size_t kPrefixMin = 4;
    Found found;
    for (const auto& member : snapshot.members) {
        const std::string id = crypto::to_text(member.id);
        if (id == text) return {member.id, 1};
        if (member.name != text && !(text.size() >= kPrefixMin && id.starts_with(text))) continue;
        found.id = member.id;
        ++found.count;
    }
    return found;
}

void disconnect(const Answering& to) {
    const Found found = find_member(to.context.target.snapshot(), *to.request.member);
    if (found.count == 0)
        return to.refuse({"no_such_member",
                          "no member has that name, or an id that begins so "
                          "(4 characters or more); see `hearsay members`"});
    if (found.count > 1)
        return to.refuse({"ambiguous_member", std::to_string(found.count) +
                                                  " members answer to that; give more of the id"});
    to.done(to.context.target.disconnect(*found.id));
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
        reply.error("bad_config", "the configuration was not reloaded: " +
                                      (result.problems.empty() ? std::string("see the log")
                                                               : result.problems[0]));
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
        case ApiOp::publish:
        case ApiOp::subscribe:
        case ApiOp::unsubscribe:
        case ApiOp::events:
        case ApiOp::leave:
        case ApiOp::count_:
            break;
    }
    INSIST(false);
}

}  // namespace hearsay::host
