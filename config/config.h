#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"
#include "base/time.h"

// The configuration as plain values: what the rest of the daemon sees. Defaults are the ones an
// empty file gives. The table of keys with their bounds and words is keys.cc; loading is load.h,
// checking is validate.h; what an operator reads is packaging/hearsay.toml and hearsay.toml(5).
namespace hearsay::config {

using namespace std::chrono_literals;

inline constexpr std::uint16_t kDefaultPort = 4327;

// A host named by an operator: an address or a DNS name, with a port.
struct HostPort {
    std::string host;
    std::uint16_t port = kDefaultPort;
    bool operator==(const HostPort&) const = default;
};

struct Tag {
    std::string key;
    std::string value;
    bool operator==(const Tag&) const = default;
};

// The addresses that begin like `first`, in as many bits as `prefix_size` says.
struct AddressRange {
    Endpoint first;                               // port 0, every other bit zero
    std::uint8_t prefix_size = 0;                 // 16 to 32 for IPv4, 112 to 128 for IPv6
    bool operator==(const AddressRange&) const = default;
};

// [node]
struct Node {
    std::string name;                             // empty: the host's name
    std::string state_dir = "/var/lib/hearsay";
    std::vector<Tag> tags;                        // at most 16, key 1-32, value 0-128 bytes
    bool operator==(const Node&) const = default;
};

// [network]
struct Network {
    std::string file;  // holds the token of the network; empty: STATE_DIR/network
    bool operator==(const Network&) const = default;
};

// [listen]
struct Listen {
    // Addresses to bind. "::" serves IPv6 and IPv4 both.
    std::vector<std::string> addresses{"::"};
    std::uint16_t port = kDefaultPort;            // 0: any free one (tests)
    std::uint32_t receive_buffer = 4 << 20;       // bytes asked for with SO_RCVBUF
    std::uint32_t send_buffer = 4 << 20;
    bool operator==(const Listen&) const = default;
};

// [discovery]
struct Discovery {
    std::vector<HostPort> seeds;
    bool beacon = true;
    Duration beacon_interval = 5s;                // 1 s to 1 h; the first are sent faster
    std::vector<std::string> interfaces;          // for beacons; empty: every multicast one but lo
    bool remember = true;                         // dial members known before the last stop
    std::vector<AddressRange> scan;               // tried address by address; none overlap
    bool operator==(const Discovery&) const = default;
};

// [flood]: what the protocol core reads, together with [limits].
struct Flood {
    Duration lifetime = 60s;                      // default of a message: 1 s to 1 h
    Duration clock_skew_max = 5min;               // 1 s to 1 h
    Duration batch_delay = 1ms;                   // 0 to 100 ms
    std::uint32_t redundancy = 2;                 // 1 to 4; 0: everybody tells everybody
    bool operator==(const Flood&) const = default;
};

// [limits]
struct Limits {
    std::uint32_t links = 64;                     // 1 to 64
    std::uint32_t members = 4096;                 // 16 to 65,536
    std::uint64_t store = 64 << 20;               // bytes of chunks kept for repair
    std::uint32_t dedup_entries = 1 << 18;        // uids remembered
    std::uint32_t streams = 8192;                 // (publisher, epoch) pairs remembered
    std::uint32_t verify_per_second = 20'000;     // signatures checked, all sources together
    std::uint32_t publisher_rate = 20'000;        // batches a second accepted of one publisher
    std::uint32_t workers = 0;  // verify threads; 0: one less than the cores, at least 1
    bool operator==(const Limits&) const = default;
};

// [link]: the timing of neighbours. Changing these on one host alone makes it a bad neighbour.
struct Link {
    Duration heartbeat_interval = 500ms;          // 50 ms to 10 s
    Duration probe_after = 1s;                    // silence before faster probing
    Duration dead_after = 1500ms;                 // silence before the link is dead
    bool operator==(const Link&) const = default;
};

// [wire]
struct Wire {
    std::vector<std::string> codecs{"flatbuffers"};  // by preference
    std::vector<std::string> plugins;                // shared objects that hold more of them
    std::uint32_t datagram_size = 1200;              // bytes: 1,200 to 1,452
    bool operator==(const Wire&) const = default;
};

// [api]
struct Api {
    std::string socket = "/run/hearsay/hearsay.sock";
    std::string group = "hearsay";  // who may use it, beside root and the daemon's user
    // Users or @groups who may publish, and who may connect, reload, leave or change the
    // network. Empty: all who may use the socket.
    std::vector<std::string> publishers;
    std::vector<std::string> administrators;
    std::uint32_t clients = 256;               // connections at once
    std::uint64_t subscriber_queue = 8 << 20;  // bytes queued for one slow reader
    bool operator==(const Api&) const = default;
};

enum class LogLevel { error, warning, info, debug };

// [log]
struct Log {
    LogLevel level = LogLevel::info;
    bool operator==(const Log&) const = default;
};

// What the protocol core is configured with.
struct Gossip {
    Link link;
    Flood flood;
    Limits limits;
    Wire wire;
    Discovery discovery;
};

struct Config {
    Node node;
    Network network;
    Listen listen;
    Discovery discovery;
    Link link;
    Flood flood;
    Limits limits;
    Wire wire;
    Api api;
    Log log;

    Gossip gossip() const { return {link, flood, limits, wire, discovery}; }
    bool operator==(const Config&) const = default;
};

}  // namespace hearsay::config
