#include "daemon/gossip/dedup_cache.h"

#include <algorithm>
#include <utility>

#include "base/insist.h"

namespace hearsay::gossip {
namespace {

constexpr std::size_t kSlotsAtStart = 64;

bool is_crowded(std::size_t entries, std::size_t slots) { return entries > slots / 4 * 3; }

// At least one more than fit, so that every probe ends at an empty slot.
std::size_t slots_for(std::size_t entries) {
    return std::max(kSlotsAtStart, (entries / 3 + 1) * 4);
}

}  // namespace

DedupCache::DedupCache(Limits limits, const crypto::ShortHashKey& hash_key)
    : limits_(limits), hash_key_(hash_key), marks_(kSlotsAtStart), uids_(kSlotsAtStart) {
    INSIST(limits.entries_max > 0);
    INSIST(limits.entries_max <= std::size_t{1} << 30);  // home_of() spreads 32 bits over slots
}

bool DedupCache::contains(const crypto::Uid& uid) const {
    const std::uint32_t hash = hash_of(uid);
    prefetch(hash);
    return find(hash, uid).has_value();
}

bool DedupCache::insert(const crypto::Uid& uid, Instant expires_at, Instant now) {
    expire(now);
    const bool is_full = size_ == limits_.entries_max;
    if (is_full) prefetch(wheel_.peek_earliest().hash);
    const std::uint32_t hash = hash_of(uid);
    prefetch(hash);
    if (find(hash, uid)) return false;
    if (is_full) evict();
    if (is_crowded(size_ + 1, marks_.size())) grow();
    place({hash, wheel_.add(hash, expires_at)}, uid);
    ++size_;
    return true;
}

void DedupCache::expire(Instant now) {
    while (const auto due = wheel_.take_due(now)) erase(find_due(*due));
}

std::size_t DedupCache::memory() const {
    return marks_.capacity() * sizeof(Mark) + uids_.capacity() * sizeof(crypto::Uid) +
           wheel_.memory();
}

void DedupCache::for_each(
    const std::function<void(const crypto::Uid& uid, Instant expires_at)>& visit) const {
    for (std::size_t slot = 0; slot < marks_.size(); ++slot)
        if (marks_[slot].hash != 0) visit(uids_[slot], wheel_.instant_of(marks_[slot].tick));
}

std::uint32_t DedupCache::hash_of(const crypto::Uid& uid) const {
    const auto hash = static_cast<std::uint32_t>(crypto::short_hash(hash_key_, uid.view()));
    return hash == 0 ? 1 : hash;
}

// Monotone in the hash (Lemire 2019), and free of division for any number of slots.
std::size_t DedupCache::home_of(std::uint32_t hash) const {
    return static_cast<std::size_t>((std::uint64_t{hash} * marks_.size()) >> 32);
}

std::size_t DedupCache::after(std::size_t slot) const {
    return slot + 1 == marks_.size() ? 0 : slot + 1;
}

// Lets the two cache misses of a look-up pass at the same time.
void DedupCache::prefetch(std::uint32_t hash) const {
    const std::size_t home = home_of(hash);
    __builtin_prefetch(&uids_[home]);
    __builtin_prefetch(&marks_[home]);
}

std::optional<std::size_t> DedupCache::find(std::uint32_t hash, const crypto::Uid& uid) const {
    for (std::size_t slot = home_of(hash); marks_[slot].hash != 0; slot = after(slot))
        if (marks_[slot].hash == hash && uids_[slot] == uid) return slot;
    return std::nullopt;
}

// Two entries alike in both are the same to the wheel: it will name each once.
std::size_t DedupCache::find_due(ExpiryWheel::Due due) const {
    std::size_t slot = home_of(due.hash);
    while (marks_[slot].hash != due.hash || marks_[slot].tick != due.tick) {
        INSIST(marks_[slot].hash != 0);
        slot = after(slot);
    }
    return slot;
}

void DedupCache::place(const Mark& mark, const crypto::Uid& uid) {
    std::size_t slot = home_of(mark.hash);
    while (marks_[slot].hash != 0) slot = after(slot);
    marks_[slot] = mark;
    uids_[slot] = uid;
}

// Closes the gap (Knuth 6.4, algorithm R), so that there are no tombstones to sweep up.
void DedupCache::erase(std::size_t slot) {
    const auto distance = [slots = marks_.size()](std::size_t from, std::size_t to) {
        return to >= from ? to - from : to + slots - from;
    };
    std::size_t gap = slot;
    for (std::size_t next = after(gap); marks_[next].hash != 0; next = after(next)) {
        if (distance(home_of(marks_[next].hash), next) < distance(gap, next)) continue;
        marks_[gap] = marks_[next];
        uids_[gap] = uids_[next];
        gap = next;
    }
    marks_[gap] = {};
    --size_;
}

void DedupCache::evict() {
    erase(find_due(wheel_.take_earliest()));
    ++evicted_live_;
}

void DedupCache::grow() {
    const std::size_t slots = std::min(2 * marks_.size(), slots_for(limits_.entries_max));
    const auto old_marks = std::exchange(marks_, std::vector<Mark>(slots));
    const auto old_uids = std::exchange(uids_, std::vector<crypto::Uid>(slots));
    for (std::size_t slot = 0; slot < old_marks.size(); ++slot)
        if (old_marks[slot].hash != 0) place(old_marks[slot], old_uids[slot]);
}

void DedupCache::check_invariants() const {
    INSIST(size_ <= limits_.entries_max);
    INSIST(!is_crowded(size_, marks_.size()));
    INSIST(marks_.size() <= slots_for(limits_.entries_max));
    INSIST(uids_.size() == marks_.size());
    INSIST(wheel_.size() == size_);
    wheel_.check_invariants();
    std::size_t entries = 0;
    for (std::size_t slot = 0; slot < marks_.size(); ++slot) {
        if (marks_[slot].hash == 0) continue;
        ++entries;
        INSIST(marks_[slot].hash == hash_of(uids_[slot]));
        INSIST(find(marks_[slot].hash, uids_[slot]) == slot);
    }
    INSIST(entries == size_);
}

}  // namespace hearsay::gossip
