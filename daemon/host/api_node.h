#pragma once

#include "daemon/host/api_target.h"

namespace hearsay::host {

// The daemon itself behind the API.
class ApiNode final : public ApiTarget {
public:
    explicit ApiNode(Node& node) : node_(node) {}

    std::optional<Node::PublishRefusal> publish(std::string_view topic, ByteView payload,
                                                const gossip::PublishOptions& options,
                                                gossip::PublishTicket& ticket) override {
        return node_.publish(topic, payload, options, ticket);
    }
    NodeStatus status() const override { return node_.status(); }
    gossip::Snapshot snapshot() const override { return node_.snapshot(); }
    NodeFacts facts() const override { return node_.facts(); }
    const config::Config& config() const override { return node_.config(); }
    std::optional<NodeError> connect(const config::HostPort& at) override {
        return node_.connect(at);
    }
    std::optional<NodeError> disconnect(const crypto::NodeId& member) override {
        return node_.disconnect(member);
    }
    std::optional<NodeError> create_network(const std::string& name) override {
        return node_.create_network(name);
    }
    std::optional<NodeError> open_network(const std::string& name) override {
        return node_.open_network(name);
    }
    std::optional<NodeError> join_network(std::string_view token,
                                          const std::vector<config::HostPort>& seeds) override {
        return node_.join_network(token, seeds);
    }
    std::optional<NodeError> leave_network() override { return node_.leave_network(); }
    std::optional<NodeError> rotate_network(Node::Rotation step) override {
        return node_.rotate_network(step);
    }
    Result<std::string, NodeError> network_token() const override { return node_.network_token(); }
    const std::vector<config::Tag>& tags() const override { return node_.tags(); }
    std::optional<NodeError> set_tags(std::vector<config::Tag> tags) override {
        return node_.set_tags(std::move(tags));
    }
    std::optional<gossip::PublishTicket> probe(const crypto::NodeId& member) override {
        return node_.probe(member);
    }
    ReloadResult reload() override { return node_.reload(); }
    void stop() override { node_.stop(); }

private:
    Node& node_;
};

}  // namespace hearsay::host
