#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/time.h"
#include "crypto/ids.h"
#include "crypto/short_hash.h"
#include "daemon/gossip/expiry_wheel.h"

namespace hearsay::gossip {

// Remembers which batches are settled here, so that a copy costs one look and not a signature
// check. The quick answer only: StreamWindow is the exact one, so a uid dropped too early costs
// work and never a second delivery.
//
// Only uids of verified batches may be inserted. Were a uid remembered before its signature was
// checked, anyone could make this node refuse a genuine batch by naming it first. Hence
// contains() and insert() are two calls: the check goes between.
//
// Invariants:
//   1. size() <= entries_max, whatever neighbours send.
//   2. An entry is never forgotten before its expires_at unless the table was full; it may stay
//      up to one second longer (ExpiryWheel::kTick).
//   3. The wheel holds exactly one reference to each entry.
//
// When full, an entry of the second that expires soonest goes first, within that second the one
// remembered last, and evicted_live() counts it. So a member that floods short-lived batches
// evicts its own; one that floods long-lived ones is held back by its publisher's rate
// (TokenBucket) long before. Strangers cannot reach this table.
//
// An open-addressing table with linear probing and backward-shift deletion, at most 3/4 full: 32
// bits of keyed hash per slot are probed apart from the 16-byte uids, so a look for an unknown
// uid touches one cache line and for a known one two. The home of a hash is monotone in it, so
// growing is one sequential pass. Memory grows with use, 24 bytes a slot, to about 37 bytes for
// each of entries_max entries, and is kept afterwards. (docs/decisions/0004-dedup-table.md)
class DedupCache {
public:
    struct Limits {
        std::size_t entries_max;
    };

    // `hash_key` must be secret and random per process: publishers choose their uids by trial.
    DedupCache(Limits limits, const crypto::ShortHashKey& hash_key);

    bool contains(const crypto::Uid& uid) const;

    // Forgets what is due, then remembers `uid` until `expires_at`. True if it was not known; a
    // repeat does not change its life. An `expires_at` in the past counts as the next tick,
    // one beyond ExpiryWheel::kHorizon as the horizon.
    bool insert(const crypto::Uid& uid, Instant expires_at, Instant now);

    // Costs time in what is due. An earlier `now` than before changes nothing.
    void expire(Instant now);
    std::optional<Instant> next_deadline() const { return wheel_.next_deadline(); }

    std::size_t size() const { return size_; }
    std::uint64_t evicted_live() const { return evicted_live_; }
    std::size_t memory() const;  // bytes, this object apart

    // In the order of the table, which depends on the key. For saving.
    void for_each(
        const std::function<void(const crypto::Uid& uid, Instant expires_at)>& visit) const;

    // O(n). For tests, fuzzers and the simulator.
    void check_invariants() const;

private:
    // Kept apart from the uids, so that probing passes eight slots in a cache line.
    struct Mark {
        std::uint32_t hash = 0;  // 0: empty slot
        std::uint32_t tick = 0;  // of the wheel, at which the entry goes
    };

    std::uint32_t hash_of(const crypto::Uid& uid) const;
    std::size_t home_of(std::uint32_t hash) const;
    std::size_t after(std::size_t slot) const;
    void prefetch(std::uint32_t hash) const;
    std::optional<std::size_t> find(std::uint32_t hash, const crypto::Uid& uid) const;
    std::size_t find_due(ExpiryWheel::Due due) const;
    void place(const Mark& mark, const crypto::Uid& uid);
    void erase(std::size_t slot);
    void evict();
    void grow();

    Limits limits_;
    crypto::ShortHashKey hash_key_;
    std::vector<Mark> marks_;
    std::vector<crypto::Uid> uids_;  // of the same slots
    std::size_t size_ = 0;
    std::uint64_t evicted_live_ = 0;
    ExpiryWheel wheel_;
};

}  // namespace hearsay::gossip
