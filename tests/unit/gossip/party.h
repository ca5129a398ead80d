#pragma once

#include <functional>

#include "daemon/gossip/handshakes.h"
#include "tests/unit/gossip/ground.h"

namespace hearsay::gossip::ground {

// One side of handshakes at place(number), without anything behind it.
struct Party {
    explicit Party(unsigned number, const crypto::Network& network = make_network(),
                   const config::Gossip& config = {})
        : at(place(number)),
          ground(number, config, network),
          desk(ground.core),
          handshakes(ground.core, desk) {}

    // As the engine routes what belongs to no session.
    void receive(const Endpoint& from, ByteView datagram, Instant now);
    // Verdicts on all checks asked for in `put`.
    void verify(const Put& put);
    void collect();
    std::uint64_t counted(Counter counter) const { return ground.counted(counter); }
    // All refusals, whatever the cause.
    std::uint64_t refusals() const;

    Endpoint at;
    Ground ground;
    VerifyDesk desk;
    Handshakes handshakes;
    std::vector<Established> established;
    std::vector<FailedDial> failed;
};

// Two parties and the wire between them.
struct Wire {
    Wire(Party& a_side, Party& b_side) : a(a_side), b(b_side) {}

    // Carries what waits until nothing is left. Verdicts come at once.
    void run(Instant now);
    // `step` after `step`, with timeouts, until both are established or `limit` has passed.
    bool run_until_established(Duration limit, Duration step = std::chrono::milliseconds(10));

    Party& a;
    Party& b;
    // True loses it. Asked for each datagram.
    std::function<bool(const Endpoint& to, const Bytes& datagram)> loses;
    std::vector<Bytes> carried;
};

inline wire::PacketType type_of(ByteView datagram) {
    return static_cast<wire::PacketType>(datagram[1]);
}

}  // namespace hearsay::gossip::ground
