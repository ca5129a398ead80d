#pragma once

#include <map>
#include <set>

#include "daemon/gossip/core.h"
#include "daemon/gossip/rate_limit.h"

namespace hearsay::gossip {

// Finding members on the same LAN: a small multicast packet that says "somebody of this network
// is here". It is a hint to dial, nothing more: it carries a MAC of the network secret and a
// time, so strangers can neither make one nor use an old one twice, and what it costs a victim
// whose address is spoofed is bounded by the overlay's pause for hints.
//
// Bounds: kRate beacons a second are looked at (the MAC costs about a microsecond), the newest
// time of kNodesMax nodes is remembered, and a beacon must come from an address on one of our
// own interfaces' ranges.
class Beacons {
public:
    static constexpr double kRate = 10;
    static constexpr std::size_t kNodesMax = 4096;

    Beacons(Core& core, Instant now);

    void set_interfaces(std::span<const Interface> interfaces, Instant now);
    const std::vector<Interface>& interfaces() const { return interfaces_; }
    bool is_on_link(const Endpoint& at) const;
    // Whatever the port.
    bool is_own(const Endpoint& at) const;

    struct Hint {
        crypto::NodeId node;
        Endpoint at;
    };
    std::optional<Hint> handle(const Endpoint& from, ByteView datagram, Now now);

    void handle_timeout(Now now);
    std::optional<Instant> next_deadline() const;

private:
    void send(WallTime wall);
    bool has_place_to_send() const;

    Core& core_;
    std::vector<Interface> interfaces_;
    TokenBucket rate_;
    std::map<crypto::NodeId, std::uint64_t> newest_;  // wall_ms of the last beacon believed
    Instant next_at_;
    unsigned sent_ = 0;
};

}  // namespace hearsay::gossip
