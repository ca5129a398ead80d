#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/host/node_facts.h"

namespace hearsay::host {

// What the local API asks of the daemon. Node in the daemon, a script in the API's tests. Each
// means what Node's member of that name means.
class ApiTarget {
public:
    virtual ~ApiTarget() = default;

    virtual std::optional<Node::PublishRefusal> publish(std::string_view topic, ByteView payload,
                                                        const gossip::PublishOptions& options,
                                                        gossip::PublishTicket& ticket) = 0;
    virtual NodeStatus status() const = 0;
    virtual gossip::Snapshot snapshot() const = 0;
    virtual NodeFacts facts() const = 0;
    virtual const config::Config& config() const = 0;
    virtual std::optional<NodeError> connect(const config::HostPort& at) = 0;
    virtual std::optional<NodeError> disconnect(const crypto::NodeId& member) = 0;
    virtual std::optional<NodeError> create_network(const std::string& name) = 0;
    virtual std::optional<NodeError> open_network(const std::string& name) = 0;
    virtual std::optional<NodeError> join_network(std::string_view token,
                                                  const std::vector<config::HostPort>& seeds) = 0;
    virtual std::optional<NodeError> leave_network() = 0;
    virtual std::optional<NodeError> rotate_network(Node::Rotation step) = 0;
    virtual Result<std::string, NodeError> network_token() const = 0;
    virtual const std::vector<config::Tag>& tags() const = 0;
    virtual std::optional<NodeError> set_tags(std::vector<config::Tag> tags) = 0;
    virtual std::optional<gossip::PublishTicket> probe(const crypto::NodeId& member) = 0;
    virtual ReloadResult reload() = 0;
    virtual void stop() = 0;
};

}  // namespace hearsay::host
