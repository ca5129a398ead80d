#include "daemon/gossip/dedup_cache.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <span>

#include "base/byte_io.h"
#include "base/insist.h"

namespace hearsay::gossip {
namespace {

constexpr std::size_t kBucketsAtStart = 8;
constexpr std::uint8_t kMany = std::numeric_limits<std::uint8_t>::max();

// Bit i: marks[i] is free. Without branches, whose misprediction would wait for the cache miss.
unsigned free_slots(std::span<const std::uint64_t> marks) {
    unsigned bits = 0;
    for (std::size_t i = 0; i < marks.size(); ++i) bits |= unsigned{marks[i] == 0} << i;
    return bits;
}

}  // namespace

DedupCache::DedupCache(Limits limits, const crypto::ShortHashKey& hash_key)
    : limits_(limits), hash_key_(hash_key), buckets_(kBucketsAtStart) {
    INSIST(limits.entries_max > 0);
    INSIST(limits.entries_max <= std::size_t{1} << 30);  // slots are 32 bits in the wheel
}

bool DedupCache::contains(const crypto::Uid& uid) const { return holds(key_of(uid)); }

bool DedupCache::insert(const crypto::Uid& uid, Instant expires_at, Instant now) {
    expire(now);
    const Key key = key_of(uid);
    if (holds(key)) return false;
    if (size_ == limits_.entries_max) evict();
    if (is_crowded(size_ + 1, buckets_.size())) grow();
    wheel_.add({uid, place(key)}, expires_at);
    ++size_;
    return true;
}

void DedupCache::expire(Instant now) {
    while (const auto slot = wheel_.take_due(now)) erase(*slot);
}

std::size_t DedupCache::memory() const {
    return buckets_.capacity() * sizeof(Bucket) + wheel_.memory();
}

void DedupCache::for_each(
    const std::function<void(const crypto::Uid& uid, Instant expires_at)>& visit) const {
    wheel_.for_each(
        [&](const ExpiryWheel::Entry& entry, Instant expires_at) { visit(entry.uid, expires_at); });
}

// At 4/5 about one entry in seven lies outside its home.
bool DedupCache::is_crowded(std::size_t entries, std::size_t buckets) {
    return entries > buckets * kSlots * 4 / 5;
}

// The mark adds what the hash does not say: entries that meet in a bucket share their highest
// bits of it. Being a sum with the keyed hash, no choice of uids makes marks alike but by chance.
DedupCache::Key DedupCache::key_of(const crypto::Uid& uid) const {
    const std::uint64_t hash = crypto::short_hash(hash_key_, uid.view());
    return {hash, std::max<std::uint64_t>(1, hash + ByteReader(uid.view()).u64())};
}

// Monotone in the hash (Lemire 2019), and free of division for any number of buckets.
std::size_t DedupCache::home_of(std::uint64_t hash) const {
    return static_cast<std::size_t>(((hash >> 32) * buckets_.size()) >> 32);
}

std::size_t DedupCache::after(std::size_t bucket) const {
    return bucket + 1 == buckets_.size() ? 0 : bucket + 1;
}

void DedupCache::prefetch(std::size_t bucket) const { __builtin_prefetch(&buckets_[bucket]); }

bool DedupCache::holds(const Key& key) const {
    std::size_t at = home_of(key.hash);
    // Once around at most: entries that stayed while others left can have passed every bucket.
    for (std::size_t left = buckets_.size(); left > 0; --left, at = after(at)) {
        const Bucket& bucket = buckets_[at];
        bool is_here = false;
        for (const std::uint64_t mark : bucket.marks) is_here |= mark == key.mark;
        if (is_here) return true;
        if (bucket.passed == 0) return false;
    }
    return false;
}

// Returns the slot: kSlots * bucket + index. Precondition: a slot is free.
std::uint32_t DedupCache::place(const Key& key) {
    std::uint8_t distance = 0;
    for (std::size_t at = home_of(key.hash);; at = after(at), ++distance) {
        Bucket& bucket = buckets_[at];
        const unsigned free = free_slots(bucket.marks);
        if (free != 0) {
            const auto index = static_cast<std::size_t>(std::countr_zero(free));
            bucket.marks[index] = key.mark;
            bucket.distances[index] = distance;
            return static_cast<std::uint32_t>(at * kSlots + index);
        }
        // 255 full buckets in a row at 4/5 full: no key of a working hash does that.
        INSIST(distance < kMany);
        if (bucket.passed < kMany) ++bucket.passed;
    }
}

// A bucket passed by so many that they were not counted stays passed: a look may go one bucket
// too far, never stop one too early.
void DedupCache::erase(std::size_t slot) {
    std::size_t at = slot / kSlots;
    buckets_[at].marks[slot % kSlots] = 0;
    for (std::size_t left = buckets_[at].distances[slot % kSlots]; left > 0; --left) {
        at = at == 0 ? buckets_.size() - 1 : at - 1;
        if (buckets_[at].passed < kMany) --buckets_[at].passed;
    }
    --size_;
}

void DedupCache::evict() {
    erase(wheel_.take_earliest());
    ++evicted_live_;
    if (size_ > 0) prefetch(wheel_.peek_earliest() / kSlots);  // the next to go
}

void DedupCache::grow() {
    const std::size_t enough = limits_.entries_max * 5 / (4 * kSlots) + 2;
    const std::size_t buckets = std::min(2 * buckets_.size(), enough);
    buckets_ = std::vector<Bucket>(buckets);
    // In two steps, so that the cache misses of a block's entries pass at the same time.
    wheel_.renumber([this](std::span<ExpiryWheel::Entry> entries) {
        std::array<Key, ExpiryWheel::kBlock> keys;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            keys[i] = key_of(entries[i].uid);
            prefetch(home_of(keys[i].hash));
        }
        for (std::size_t i = 0; i < entries.size(); ++i) entries[i].slot = place(keys[i]);
    });
}

void DedupCache::check_invariants() const {
    INSIST(size_ <= limits_.entries_max);
    INSIST(!is_crowded(size_, buckets_.size()));
    wheel_.check_invariants();
    INSIST(wheel_.size() == size_);

    std::size_t occupied = 0;
    for (const Bucket& bucket : buckets_)
        for (const std::uint64_t mark : bucket.marks) occupied += mark != 0;
    INSIST(occupied == size_);

    std::vector<bool> is_named(buckets_.size() * kSlots);
    std::vector<std::size_t> passed(buckets_.size());
    wheel_.for_each([&](const ExpiryWheel::Entry& entry, Instant) {
        INSIST(!is_named[entry.slot]);
        is_named[entry.slot] = true;
        const Key key = key_of(entry.uid);
        std::size_t at = entry.slot / kSlots;
        INSIST(buckets_[at].marks[entry.slot % kSlots] == key.mark);
        INSIST(holds(key));
        for (std::size_t left = buckets_[at].distances[entry.slot % kSlots]; left > 0; --left) {
            at = at == 0 ? buckets_.size() - 1 : at - 1;
            ++passed[at];
        }
        INSIST(at == home_of(key.hash));
    });
    for (std::size_t at = 0; at < buckets_.size(); ++at)
        INSIST(buckets_[at].passed == kMany || buckets_[at].passed == passed[at]);
}

}  // namespace hearsay::gossip
