#pragma once

#include <string>
#include <vector>

#include "daemon/host/api_hub.h"
#include "daemon/host/api_session.h"
#include "daemon/host/api_target.h"

namespace hearsay::host {

// A daemon by script, but for publishing.
class FakeTargetBase : public ApiTarget {
public:
    std::vector<std::string> calls;
    std::optional<NodeError> error;  // of everything
    config::Config configuration;
    NodeStatus node_status;
    gossip::Snapshot node_snapshot;
    NodeFacts node_facts;
    ReloadResult reload_result;
    std::vector<config::Tag> node_tags;
    bool can_probe = true;

    NodeStatus status() const override { return node_status; }
    gossip::Snapshot snapshot() const override { return node_snapshot; }
    NodeFacts facts() const override { return node_facts; }
    const config::Config& config() const override { return configuration; }
    std::optional<NodeError> connect(const config::HostPort& at) override {
        return call("connect " + at.host + " " + std::to_string(at.port));
    }
    std::optional<NodeError> disconnect(const crypto::NodeId& member) override {
        return call("disconnect " + crypto::to_text(member));
    }
    std::optional<NodeError> create_network(const std::string& name) override {
        return call("create " + name);
    }
    std::optional<NodeError> open_network(const std::string& name) override {
        return call("open " + name);
    }
    std::optional<NodeError> join_network(std::string_view token,
                                          const std::vector<config::HostPort>& seeds) override {
        return call("join " + std::string(token) + " " + std::to_string(seeds.size()));
    }
    std::optional<NodeError> leave_network() override { return call("leave network"); }
    std::optional<NodeError> rotate_network(Node::Rotation step) override {
        return call("rotate " + std::to_string(static_cast<int>(step)));
    }
    Result<std::string, NodeError> network_token() const override {
        if (error) return *error;
        return std::string("hearsay1-token");
    }
    const std::vector<config::Tag>& tags() const override { return node_tags; }
    std::optional<NodeError> set_tags(std::vector<config::Tag> tags) override {
        if (!error) node_tags = std::move(tags);
        return error;
    }
    std::optional<gossip::PublishTicket> probe(const crypto::NodeId& member) override {
        if (!can_probe) return std::nullopt;
        calls.push_back("probe " + crypto::to_text(member));
        return 1000 + calls.size();
    }
    ReloadResult reload() override { return reload_result; }
    void stop() override { calls.push_back("stop"); }

private:
    std::optional<NodeError> call(std::string what) {
        calls.push_back(std::move(what));
        return error;
    }
};

class FakeTarget final : public FakeTargetBase {
public:
    struct Published {
        std::string topic;
        std::string payload;
        std::optional<Duration> lifetime;
        gossip::PublishTicket ticket;
    };
    std::vector<Published> published;
    std::optional<gossip::PublishError> refusal;  // of every publish
    std::size_t room = 1'000'000;                 // messages until busy

    std::optional<Node::PublishRefusal> publish(std::string_view topic, ByteView payload,
                                                const gossip::PublishOptions& options,
                                                gossip::PublishTicket& ticket) override {
        if (refusal) return Node::PublishRefusal{std::nullopt, refusal};
        if (room == 0) return Node::PublishRefusal{std::nullopt, gossip::PublishError::busy};
        --room;
        ticket = published.size() + 1;
        published.push_back(
            {std::string(topic), std::string(text_of(payload)), options.lifetime, ticket});
        return std::nullopt;
    }
    // The event that follows a publish.
    static gossip::Event accepted(gossip::PublishTicket ticket) {
        gossip::Event event;
        event.kind = gossip::EventKind::accepted;
        event.ticket = ticket;
        event.id.uid.bytes[15] = static_cast<std::uint8_t>(ticket);
        return event;
    }
};

inline gossip::Delivery delivery(std::string_view topic, std::string_view payload) {
    gossip::Delivery delivery;
    delivery.topic = topic;
    delivery.payload = bytes_of(payload);
    delivery.created = WallTime{1'769'850'902'125};
    delivery.lifetime_ms = 60'000;
    delivery.epoch = 7;
    delivery.seq = 17;
    delivery.hops = 1;
    return delivery;
}

}  // namespace hearsay::host
