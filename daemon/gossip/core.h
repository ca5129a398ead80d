#pragma once

#include "daemon/gossip/engine.h"
#include "crypto/short_hash.h"
#include "daemon/gossip/outbox.h"

namespace hearsay::gossip {

// What every part of the engine shares: who we are, with what we sign and encode, where outputs
// go. Parts hold a reference; the engine owns it and outlives them.
struct Core {
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
