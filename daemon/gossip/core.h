#pragma once

#include "daemon/gossip/engine.h"
#include "crypto/short_hash.h"
#include "daemon/gossip/outbox.h"

namespace hearsay::gossip {

// What every part of the engine shares: who we are, with what we sign and encode, where outputs
// go. Parts hold a reference; the engine owns it and outlives them.
struct Core {
    // Who was turned away last, by what was wrong.
    struct Sighting {
        Endpoint at;
        Instant when;
        std::int64_t clock_offset_ms = 0;
        std::vector<wire::CodecId> codecs{};  // that it reads, where that is what was wrong
        // A host beacons from all its addresses at once: the one an operator knows it by stays.
        bool is_worse_than(const Sighting& other) const {
            return at.is_link_local() && !other.at.is_link_local() &&
                   when - other.when < std::chrono::seconds(1);
        }
    };
    struct Sightings {
        std::optional<Sighting> wrong_network;
        std::optional<Sighting> wrong_secret;
        std::optional<Sighting> wrong_clock;
        std::optional<Sighting> no_common_codec;
    };

    config::Gossip config;
    crypto::Network network;
    const crypto::Signer* signer;
    const crypto::Sealer* sealer;
    wire::CodecRegistry* codecs;
    Self self;
    crypto::NodeId self_id;
    std::uint64_t epoch;
    WallTime started_wall;
    crypto::Random random;
    crypto::ShortHashKey hash_key{};
    Counters counters;
    Outbox outbox;
    Sightings sightings;
    RecordPool* record_pool = nullptr;

    static void see(std::optional<Sighting>& last, const Sighting& sighting) {
        if (!last || !sighting.is_worse_than(*last)) last = sighting;
    }
    void count(Counter counter, std::uint64_t amount = 1) { counters.add(counter, amount); }
    // Whether `secret` (by place in network.secrets) still exists.
    const crypto::Secret& secret(std::size_t place) const { return network.secrets[place]; }
};

// Hashes the fixed-size ids that strangers choose, under the process's own key.
struct KeyedHash {
    crypto::ShortHashKey key;
    template <std::size_t N, typename Tag>
    std::size_t operator()(const FixedBytes<N, Tag>& id) const {
        return static_cast<std::size_t>(crypto::short_hash(key, id.view()));
    }
    std::size_t operator()(const Endpoint& at) const;
};

inline std::optional<Instant> earliest(std::optional<Instant> a, std::optional<Instant> b) {
    if (!a) return b;
    return b && *b < *a ? b : a;
}

}  // namespace hearsay::gossip
