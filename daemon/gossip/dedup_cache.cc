#include "daemon/gossip/dedup_cache.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/byte_io.h"
#include "base/insist.h"

namespace hearsay::gossip {
namespace {

constexpr std::size_t kBucketsAtStart = 8;
constexpr std::uint8_t kMany = std::numeric_limits<std::uint8_t>::max();

std::uint64_t half_of(const crypto::Uid& uid) { return ByteReader(uid.view()).u64(); }

}  // namespace

DedupCache::DedupCache(Limits limits, const crypto::ShortHashKey& hash_key)
    : limits_(limits),
      hash_key_(hash_key),
      buckets_(kBucketsAtStart),
      uids_(kBucketsAtStart * kSlots) {
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
    wheel_.add(static_cast<std::uint32_t>(place(key, uid)), expires_at);
    ++size_;
    return true;
}

void DedupCache::expire(Instant now) {
    while (const auto slot = wheel_.take_due(now)) erase(*slot);
}

std::size_t DedupCache::memory() const {
    return buckets_.capacity() * sizeof(Bucket) + uids_.capacity() * sizeof(crypto::Uid) +
           wheel_.memory();
}

void DedupCache::for_each(
    const std::function<void(const crypto::Uid& uid, Instant expires_at)>& visit) const {
    wheel_.for_each(
        [&](std::uint32_t slot, Instant expires_at) { visit(uids_[slot], expires_at); });
}

// At 4/5 about one entry in seven lies outside its home.
bool DedupCache::is_crowded(std::size_t entries, std::size_t buckets) {
    return entries > buckets * kSlots * 4 / 5;
}

// The sum is keyed, whatever uids a publisher tries, and independent of the hash alone, which
// already says where to look. With the uid it gives the hash back, which growing needs.
DedupCache::Key DedupCache::key_of(const crypto::Uid& uid) const {
    const std::uint64_t half = half_of(uid);
    const std::uint64_t mark =
        std::max<std::uint64_t>(1, crypto::short_hash(hash_key_, uid.view()) + half);
    return {mark, mark - half};
}

// Monotone in the hash (Lemire 2019), and free of division for any number of buckets.
std::size_t DedupCache::home_of(std::uint64_t hash) const {
    return static_cast<std::size_t>(((hash >> 32) * buckets_.size()) >> 32);
}

std::size_t DedupCache::after(std::size_t bucket) const {
    return bucket + 1 == buckets_.size() ? 0 : bucket + 1;
}

bool DedupCache::holds(const Key& key) const {
    for (std::size_t at = home_of(key.hash);; at = after(at)) {
        const Bucket& bucket = buckets_[at];
        bool is_here = false;
        for (const std::uint64_t mark : bucket.marks) is_here |= mark == key.mark;
        if (is_here) return true;
        if (bucket.passed == 0) return false;
    }
}

// Returns the slot. Precondition: a slot is free.
std::size_t DedupCache::place(const Key& key, const crypto::Uid& uid) {
    std::uint8_t distance = 0;
    for (std::size_t at = home_of(key.hash);; at = after(at), ++distance) {
        Bucket& bucket = buckets_[at];
        const auto free = std::find(bucket.marks.begin(), bucket.marks.end(), 0U);
        if (free != bucket.marks.end()) {
            const auto index = static_cast<std::size_t>(free - bucket.marks.begin());
            *free = key.mark;
            bucket.distances[index] = distance;
            uids_[at * kSlots + index] = uid;
            return at * kSlots + index;
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
}

void DedupCache::grow() {
    const std::size_t enough = limits_.entries_max * 5 / (4 * kSlots) + 2;
    const std::size_t buckets = std::min(2 * buckets_.size(), enough);
    const auto old_buckets = std::exchange(buckets_, std::vector<Bucket>(buckets));
    const auto old_uids = std::exchange(uids_, std::vector<crypto::Uid>(buckets * kSlots));
    std::vector<std::uint32_t> moved_to(old_uids.size());
    for (std::size_t slot = 0; slot < old_uids.size(); ++slot) {
        const std::uint64_t mark = old_buckets[slot / kSlots].marks[slot % kSlots];
        if (mark == 0) continue;
        const Key key{mark, mark - half_of(old_uids[slot])};
        moved_to[slot] = static_cast<std::uint32_t>(place(key, old_uids[slot]));
    }
    wheel_.renumber(moved_to);
}

void DedupCache::check_invariants() const {
    INSIST(size_ <= limits_.entries_max);
    INSIST(!is_crowded(size_, buckets_.size()));
    INSIST(uids_.size() == buckets_.size() * kSlots);
    std::vector<std::size_t> passed(buckets_.size());
    std::size_t entries = 0;
    for (std::size_t slot = 0; slot < uids_.size(); ++slot) {
        std::size_t at = slot / kSlots;
        if (buckets_[at].marks[slot % kSlots] == 0) continue;
        ++entries;
        const Key key = key_of(uids_[slot]);
        INSIST(buckets_[at].marks[slot % kSlots] == key.mark);
        INSIST(holds(key));
        for (std::size_t left = buckets_[at].distances[slot % kSlots]; left > 0; --left)
            ++passed[at = at == 0 ? buckets_.size() - 1 : at - 1];
        INSIST(at == home_of(key.hash));
    }
    INSIST(entries == size_);
    for (std::size_t at = 0; at < buckets_.size(); ++at)
        INSIST(buckets_[at].passed == kMany || buckets_[at].passed == passed[at]);

    wheel_.check_invariants();
    INSIST(wheel_.size() == size_);
    std::vector<bool> is_named(uids_.size());
    wheel_.for_each([&](std::uint32_t slot, Instant) {
        INSIST(!is_named[slot] && buckets_[slot / kSlots].marks[slot % kSlots] != 0);
        is_named[slot] = true;
    });
}

}  // namespace hearsay::gossip
