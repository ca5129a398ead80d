#pragma once

#include <array>
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
//   3. The wheel names each occupied slot exactly once.
//   4. A bucket that an entry found full on the way from its home says so (`passed`), hence a
//      look ends at the first bucket that no entry has passed.
//
// When full, an entry of the second that expires soonest goes first, within that second the one
// remembered last, and evicted_live() counts it. So a member that floods short-lived batches
// evicts its own; one that floods long-lived ones is held back by its publisher's rate
// (TokenBucket) long before. Strangers cannot reach this table.
//
// Built for cache misses, which are what a look costs: buckets of one cache line, each with 7
// marks of 64 bits (keyed hash plus half of the uid) that stand for the uids, which lie in the
// wheel. A look touches one line of a table of 11 bytes an entry, and no uid. So contains() takes
// an unknown uid for a held one with odds of 2^-61 at 2^18 entries: at 10,000 batches a second,
// once in millions of years. An insider who makes a uid for that purpose does not know the hash
// key and has odds of 2^-64 for each pair. (docs/decisions/0004-dedup-table.md)
//
// Memory grows with use to about 33 bytes for each of entries_max entries (more while few share
// a second: see ExpiryWheel), and is kept afterwards. Growing the table stops the caller for
// about 50 ns an entry.
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

    // By expiry, to the second. For saving.
    void for_each(
        const std::function<void(const crypto::Uid& uid, Instant expires_at)>& visit) const;

    // O(n). For tests, fuzzers and the simulator.
    void check_invariants() const;

private:
    struct alignas(64) Bucket {
        std::array<std::uint64_t, 7> marks{};     // 0: free slot
        std::uint8_t passed = 0;                  // entries that found it full; 255: or more
        std::array<std::uint8_t, 7> distances{};  // of each entry: buckets from its home
    };
    static constexpr std::size_t kSlots = std::tuple_size_v<decltype(Bucket::marks)>;

    struct Key {
        std::uint64_t hash;  // says where its home is
        std::uint64_t mark;  // never 0
    };

    static bool is_crowded(std::size_t entries, std::size_t buckets);
    Key key_of(const crypto::Uid& uid) const;
    std::size_t home_of(std::uint64_t hash) const;
    std::size_t after(std::size_t bucket) const;
    void prefetch(std::size_t bucket) const;
    bool holds(const Key& key) const;
    std::uint32_t place(const Key& key);
    void erase(std::size_t slot);
    void evict();
    void grow();

    Limits limits_;
    crypto::ShortHashKey hash_key_;
    std::vector<Bucket> buckets_;
    std::size_t size_ = 0;
    std::uint64_t evicted_live_ = 0;
    ExpiryWheel wheel_;
};

}  // namespace hearsay::gossip
