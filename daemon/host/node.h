#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "crypto/network.h"
#include "daemon/gossip/engine.h"
#include "daemon/host/udp_socket.h"

namespace hearsay::host {

class Log;
class Loop;
struct NodeFacts;

// Read when hearsayd is given no other; it may be missing.
inline constexpr std::string_view kDefaultConfigFile = "/etc/hearsay/hearsay.toml";

// Why a command was refused; explain() puts it into a sentence with what to do.
enum class NodeError {
    no_network,          // this node is in no network yet
    already_in_network,  // in another one: leave it first
    bad_token,
    bad_name,
    cannot_write_state,  // disk full, no permission: named in the log
    not_linked,
    too_many_secrets,
    no_second_secret,  // nothing to promote
    network_is_open,   // its secret follows from its name
    bad_address,
    no_scope,     // of a link-local address
    own_address,  // nobody needs a link to itself
    leaving,
    tags_too_large,  // beyond what one presence carries
};
std::string explain(NodeError error);

// What a reload did.
struct ReloadResult {
    bool is_ok = false;
    std::vector<std::string> problems;       // of the file, as config::to_text gives them
    std::vector<std::string> changed;        // keys now in force
    std::vector<std::string> needs_restart;  // keys changed in the file that wait for a restart
};

struct NodeStatus {
    crypto::NodeId id;
    std::string name;
    std::string version;
    std::vector<Endpoint> bound;
    std::optional<std::string> network;  // its name; nullopt: none yet
    bool network_is_open = false;
    std::uint32_t network_secrets = 0;
    Instant started;
    WallTime started_wall;
    std::uint64_t receive_buffer = 0;   // as the kernel granted it
    std::uint64_t receive_dropped = 0;  // by the kernel: SO_RXQ_OVFL
    Duration loop_lag_max{};            // in the last minute
    UdpSocketCounts sockets;            // of all of them
    bool sends_together = false;        // by the kernel: UdpSocket
    bool receives_together = false;
    std::vector<std::string> health;    // findings in plain words; empty: all is well
};

// The engine in the real world: one UDP socket per listen address, timers, verify workers, state
// files, discovery. Everything on the loop's thread. The local API (control.h) is its only
// other user.
//
// The callbacks run while the node acts on the engine's outputs: they may queue, and may call
// publish() only from a later loop turn.
class Node {
public:
    // Binds the sockets and loads identity, network and state; throws StartupError.
    Node(Loop& loop, const config::Config& config, std::string config_file);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    std::function<void(const gossip::Delivery&)> on_delivery;
    std::function<void(const gossip::Event&)> on_event;
    // Room may have come after PublishError::busy.
    std::function<void()> on_room;

    // The accepted event with the ticket follows.
    struct PublishRefusal {
        std::optional<NodeError> node;
        std::optional<gossip::PublishError> engine;
    };
    std::optional<PublishRefusal> publish(std::string_view topic, ByteView payload,
                                          const gossip::PublishOptions& options,
                                          gossip::PublishTicket& ticket);

    NodeStatus status() const;
    // In a few words, for the service manager: members and links.
    std::string summary() const;
    // Without a network: only self, no links.
    gossip::Snapshot snapshot() const;
    // What `hearsay doctor` judges by; daemon/host/node_facts.h.
    NodeFacts facts() const;
    const config::Config& config() const;
    Log& log();

    // nullopt: done.
    std::optional<NodeError> connect(const config::HostPort& at);
    std::optional<NodeError> disconnect(const crypto::NodeId& member);
    std::optional<NodeError> create_network(const std::string& name);
    std::optional<NodeError> open_network(const std::string& name);
    // `seeds` are dialled and remembered in the state folder.
    std::optional<NodeError> join_network(std::string_view token,
                                          const std::vector<config::HostPort>& seeds);
    std::optional<NodeError> leave_network();
    // Adds a fresh secret as the second, promotes the second, drops all but the first.
    enum class Rotation { add, promote, finish };
    std::optional<NodeError> rotate_network(Rotation step);
    // The token, which carries the secrets: for administrators only.
    Result<std::string, NodeError> network_token() const;

    // Of this host. What set_tags() gives lasts until the daemon ends, or reloads a configuration
    // whose own tags have changed. Precondition: they keep the rules of [node] tags.
    const std::vector<config::Tag>& tags() const;
    std::optional<NodeError> set_tags(std::vector<config::Tag> tags);
    // A probed event with the ticket follows. nullopt: no link with it, or too many at once.
    std::optional<gossip::PublishTicket> probe(const crypto::NodeId& member);

    ReloadResult reload();
    // Says goodbye, saves state, then stops the loop. Takes at most two seconds.
    void stop();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace hearsay::host
