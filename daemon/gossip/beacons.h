#pragma once

#include <map>
#include <set>

#include "daemon/gossip/core.h"
#include "daemon/gossip/discovery_snapshot.h"
#include "daemon/gossip/rate_limit.h"
#include "wire/packet.h"

namespace hearsay::gossip {

// Finding members on the same LAN: a small multicast packet that says "somebody of this network
// is here". It is a hint to dial, nothing more: it carries a MAC of the network secret and a
// time, so strangers can neither make one nor use an old one twice, and what it costs a victim
// whose address is spoofed is bounded by the overlay's pause for hints.
//
// Bounds: kRate beacons a second are looked at (the MAC costs about a microsecond; 60 hosts send 24
// a second, and 240 in the first 0.3 s when all start at once), the newest time of kNodesMax nodes
// is remembered, and a beacon must come from an address on one of our own interfaces' ranges.
//
// The first beacons go over IPv4 and IPv6, then the two take turns: two hosts that could hear each
// other by one of them only still do, and everybody is sent half.
class Beacons {
public:
    static constexpr double kRate = 200;
    static constexpr std::size_t kNodesMax = 4096;

    Beacons(Core& core, Instant now);

    void set_interfaces(std::span<const Interface> interfaces, Instant now);
    const std::vector<Interface>& interfaces() const { return interfaces_; }
    bool is_on_link(const Endpoint& at) const { return interface_of(at) != nullptr; }
    // Whose range it is in, one that carries beacons first; null: none.
    const Interface* interface_of(const Endpoint& at) const;
    // Whatever the port.
    bool is_own(const Endpoint& at) const;

    struct Hint {
        crypto::NodeId node;
        Endpoint at;
    };
    std::optional<Hint> handle(const Endpoint& from, ByteView datagram, Now now);

    void handle_timeout(Now now);
    std::optional<Instant> next_deadline() const;

    std::vector<EarSnapshot> ears(Instant now) const;
    // Of the last two minutes.
    std::vector<HeardSnapshot> heard(Instant now) const;

private:
    // Without a beacon for so long a node counts as new again.
    static constexpr Duration kSilence = std::chrono::minutes(2);
    // All on a LAN together send what so many would at the configured interval: whoever hears more
    // waits longer, up to kPauseMax.
    static constexpr int kNodesAtInterval = 8;
    static constexpr Duration kPauseMax = std::chrono::seconds(30);

    struct Ear {
        std::uint64_t sent = 0;
        std::uint64_t heard = 0;
        std::optional<Instant> last_heard;
    };
    struct Heard {
        std::uint64_t wall_ms = 0;  // of the last beacon believed
        Endpoint at;
        Instant first;
        Instant last;
    };

    bool is_ours(const wire::Beacon& beacon, const Endpoint& from, Instant now);
    void note(const wire::Beacon& beacon, const Endpoint& at, std::uint32_t interface, Instant now);
    void send(WallTime wall);
    bool is_turn_of(const Interface& interface) const;
    bool has_place_to_send() const;
    Duration pause(Instant now) const;

    Core& core_;
    std::vector<Interface> interfaces_;
    TokenBucket rate_;
    std::map<crypto::NodeId, Heard> newest_;
    std::map<std::uint32_t, Ear> ears_;  // by interface
    Instant next_at_;
    unsigned sent_ = 0;
};

}  // namespace hearsay::gossip
