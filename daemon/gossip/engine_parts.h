#pragma once

#include "daemon/gossip/beacons.h"
#include "daemon/gossip/engine.h"
#include "daemon/gossip/overlay.h"
#include "daemon/gossip/probes.h"
#include "daemon/gossip/publish_queue.h"
#include "daemon/gossip/repair.h"
#include "daemon/gossip/saved_state.h"
#include "daemon/gossip/scan.h"
#include "daemon/gossip/sweep.h"

namespace hearsay::gossip {

// The parts of the engine in order of dependence, each knowing only those above it, and the
// routes between them: engine.cc the way of a datagram and of time, engine_links.cc what a link
// that comes or goes means to the parts, engine_commands.cc what the host asks for and is told.
struct Engine::Parts {
    // Batches signed in one call of the engine: each takes about 30 us, and others want their turn.
    static constexpr std::size_t kBatchesPerCall = 32;
    // Before it is seen again whether the neighbours have room.
    static constexpr Duration kPublishPause = std::chrono::milliseconds(10);

    Parts(EngineSetup setup, Now now);
    FloodParts flood_parts() { return {links, store, streams, records, membership, desk, tree,
                                     backpressure}; }

    void begin(Now now);
    void restore(ByteView saved, bool is_first_start, Now now);
    void handle_sealed(const Endpoint& from, ByteView datagram, Now now);
    void handle_plaintext(Link& link, Channel& channel, const wire::Sealed& packet,
                          ByteView plaintext, Now now);
    void handle_frame(Link& link, Channel& channel, const wire::Frame& frame, Now now);
    void handle_ack(Link& link, Channel& channel, const wire::Ack& ack, Instant now);
    void handle_heartbeat(Link& link, const wire::Heartbeat& heartbeat, Now now);
    void handle_close(Link& link, const wire::Close& close, Now now);
    void handle_unsealed(wire::PacketType type, const Endpoint& from, ByteView datagram, Now now);
    void handle_beacon(const Endpoint& from, ByteView datagram, Now now);
    void apply(const VerifyDesk::Claim& claim, bool is_valid, Now now);
    void handle_timeout(Now now);
    void run_commands(Now now);
    void run_publishes(Now now);
    void rekey(Now now);
    void watch_clock(Now now);
    // Carries from part to part what the last input caused.
    void settle(Now now);
    void handle_closed(Instant now);
    std::optional<Instant> find_deadline() const;
    void open_link(Established established, Now now);
    void refuse_link(Established established, Now now);
    void learn_addresses(const crypto::NodeId& id, Instant now);

    Core core;
    ChunkStore store;
    Streams streams;
    Records records;
    Membership membership;
    Links links;
    Probes probes;
    VerifyDesk desk;
    Tree tree;
    Backpressure backpressure;
    Flood flood;
    Repair repair;
    Handshakes handshakes;
    Overlay overlay;
    Beacons beacons;
    Sweep sweep;
    Scan scan;
    SourceBuckets sources;
    wire::FrameArena arena;

    // Commands: they act at the next timeout.
    PublishQueue publishes;
    std::optional<Instant> publish_again_at;  // the neighbours have no room
    PublishTicket last_ticket = 0;
    std::optional<std::vector<config::Tag>> tags;
    std::vector<crypto::NodeId> disconnects;
    bool secrets_changed = false;
    bool leave_asked = false;
    std::optional<Instant> close_at;  // leaving: when the goodbye has had time to spread
    bool has_left = false;
    bool is_due_now = false;          // a command waits: the deadline is now

    std::uint64_t last_epoch = 0;
    Instant last_call;
    bool is_deadline_known = false;   // nothing has changed since `deadline` was found
    std::optional<Instant> deadline;
    std::optional<Instant> expected;  // when handle_timeout() is due
    Instant clock_told_at;
};

}  // namespace hearsay::gossip
