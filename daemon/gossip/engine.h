#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "config/config.h"
#include "crypto/network.h"
#include "crypto/session.h"
#include "crypto/signing.h"
#include "daemon/gossip/discovery_snapshot.h"
#include "daemon/gossip/outputs.h"
#include "daemon/gossip/snapshot.h"
#include "wire/codec.h"

namespace hearsay::gossip {

// An address this host can be reached at, with its range: beacons are sent on, and believed
// from, these, and presence tells them to everybody. The host gives every unicast address its
// sockets serve: those it is bound to, or all of its interfaces' but loopback when bound to "::".
struct Interface {
    std::uint32_t index = 0;
    std::string name;
    Endpoint address;                  // port 0
    std::uint8_t prefix_size = 0;      // bits; of 32 for IPv4
    bool is_multicast = false;         // up, not loopback unless chosen by name: beacons go here
};

enum class LearntFrom : std::uint8_t {
    seed, operator_, beacon, remembered, presence, close, scan
};

class RecordPool;  // daemon/gossip/records.h

// How this node presents itself.
struct Self {
    std::string name;
    std::vector<config::Tag> tags;
    std::string software;              // "hearsay 0.1.0"
    std::uint16_t port = 0;            // the UDP port it is bound to
};

struct EngineSetup {
    config::Gossip config;
    crypto::Network network;
    const crypto::Signer* signer = nullptr;    // the three outlive the engine
    const crypto::Sealer* sealer = nullptr;
    wire::CodecRegistry* codecs = nullptr;
    Self self;
    std::uint64_t epoch = 0;           // above any used before with this key
    Bytes saved;                       // what save() returned before a clean stop; or empty
    bool is_first_start = false;       // nothing was ever delivered with this state
    crypto::Secret seed;               // of all randomness
    RecordPool* record_pool = nullptr; // shared by engines of one process; outlives the engine
};

enum class PublishError : std::uint8_t {
    payload_too_large,   // over wire::kPayloadSizeMax
    bad_topic,           // empty, over 255 bytes, not UTF-8 or with control characters
    bad_lifetime,        // outside 1 s to 1 h
    busy,                // no room; try again after the next deadline
    clock_skewed,        // our clock is further from the neighbours' than they accept
    leaving,
};
std::string_view name_of(PublishError error);

struct PublishOptions {
    std::optional<Duration> lifetime;  // default: [flood] lifetime
};

// The whole protocol as a function of its inputs: datagrams, commands, verdicts and time in;
// datagrams, signature checks, deliveries and events out. No sockets, clock, threads or entropy,
// so any run replays from its inputs. One thread, no locks, bounded memory.
//
// How to drive it: call handle_*; act on all of the Outputs before the next call; call
// handle_timeout() when next_deadline() has come. Sending is deferred to handle_timeout(), with
// the deadline set to now: a host feeds everything it has received in one turn and then calls
// it, and what goes to one neighbour shares datagrams. When Outputs are cut at their bound the
// deadline stays at now.
class Engine {
public:
    Engine(EngineSetup setup, Now now);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    [[nodiscard]] Outputs handle_datagram(const Endpoint& from, ByteView datagram, Now now);
    [[nodiscard]] Outputs handle_timeout(Now now);
    [[nodiscard]] Outputs handle_verified(VerifyTicket ticket, bool is_valid, Now now);
    // A place where a member may be. Dialled soon, again and again with growing pauses; seeds
    // for ever.
    [[nodiscard]] Outputs add_candidate(const Endpoint& at, LearntFrom source, Now now);
    // Replaces what is known of this host's interfaces.
    [[nodiscard]] Outputs handle_interfaces(std::span<const Interface> interfaces, Now now);

    // The queued ones act at the next timeout, which is due at once. The payload is copied.
    // An accepted event with the ticket follows, within the same or a later call's Outputs.
    Result<PublishTicket, PublishError> publish(std::string_view topic, ByteView payload,
                                                const PublishOptions& options, Now now);
    void configure(const config::Gossip& config);
    void set_tags(std::vector<config::Tag> tags);
    // New secrets of the same network; sessions under removed ones close.
    void set_network(const crypto::Network& network);
    // False when no such member is linked. It is not dialled again for a minute.
    bool disconnect(const crypto::NodeId& member);
    // Asks a neighbour for an answer now. One probed event with the ticket follows, at the latest
    // after Probes::kPatience. nullopt: no such member is linked, or too many probes are under way.
    std::optional<PublishTicket> probe(const crypto::NodeId& member, Now now);
    // Says goodbye; publishes nothing afterwards. Finished when has_left().
    void leave();
    bool has_left() const;

    std::optional<Instant> next_deadline() const;
    Snapshot snapshot(Now now) const;
    DiscoverySnapshot discovery(Now now) const;
    // Cheap parts of the snapshot.
    std::size_t link_count() const;
    std::size_t alive_count() const;   // members alive, self included
    const Counters& counters() const;

    // What a clean stop must keep so that nothing is delivered twice after the restart, and the
    // members to dial then. Opaque, versioned, checked when read back; damaged bytes are ignored.
    Bytes save(Now now) const;
    // The part of it that may be kept while running: members only.
    Bytes save_members(Now now) const;

    // For tests, fuzzers and the simulator: aborts when a table contradicts itself.
    void check_invariants() const;

private:
    struct Parts;
    Outputs finish(Now now);
    std::unique_ptr<Parts> parts_;
};

}  // namespace hearsay::gossip
