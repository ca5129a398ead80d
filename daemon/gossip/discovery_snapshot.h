#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/endpoint.h"
#include "base/time.h"
#include "crypto/ids.h"

// What this node has seen of others while looking for them: what `hearsay doctor` judges by.
namespace hearsay::gossip {

// Beacons on one interface, since it came.
struct EarSnapshot {
    std::uint32_t index = 0;
    std::uint64_t sent = 0;
    std::uint64_t heard = 0;             // of others, and believed
    std::optional<Duration> last_heard;  // ago
};

// A node whose beacons come.
struct HeardSnapshot {
    crypto::NodeId id;
    Endpoint at;
    Duration age{};  // of its last beacon
    Duration span{};  // since its first, with no long silence between
    bool is_linked = false;
    bool is_alive = false;  // a member that is alive, linked or not
};

struct NeighbourSnapshot {
    Endpoint at;
    std::uint32_t interface = 0;  // whose range it is in; 0: none
    Duration age{};
};

// Who was last turned away for a reason.
struct TurnedAway {
    Endpoint at;
    Duration age{};
    std::int64_t clock_offset_ms = 0;  // theirs minus ours, of a beacon
    std::vector<std::uint8_t> codecs{};  // that they read: wire::CodecId
};

struct DiscoverySnapshot {
    std::vector<EarSnapshot> ears;
    std::vector<HeardSnapshot> heard;  // in the last two minutes; at most kHeardShown
    std::vector<NeighbourSnapshot> neighbours;
    std::optional<TurnedAway> wrong_network;
    std::optional<TurnedAway> wrong_secret;
    std::optional<TurnedAway> wrong_clock;
    std::optional<TurnedAway> no_common_codec;

    static constexpr std::size_t kHeardShown = 64;
};

}  // namespace hearsay::gossip
