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
    : limits_(limits), hash_key_(hash_key), hashes_(kSlotsAtStart), entries_(kSlotsAtStart) {
    INSIST(limits.entries_max > 0);
    INSIST(limits.entries_max <= std::size_t{1} << 30);  // home_of() spreads 32 bits over slots
}

bool DedupCache::contains(const crypto::Uid& uid) const {
    return find(hash_of(uid), uid).has_value();
}

bool DedupCache::insert(const crypto::Uid& uid, Instant expires_at, Instant now) {
    expire(now);
    const std::uint32_t hash = hash_of(uid);
    if (find(hash, uid)) return false;
    if (size_ == limits_.entries_max) {
        erase_due(wheel_.take_earliest());
        ++evicted_live_;
    }
    if (is_crowded(size_ + 1, hashes_.size())) grow();
    place(hash, {uid, wheel_.add(hash, expires_at)});
    ++size_;
    return true;
}

void DedupCache::expire(Instant now) {
    while (const auto due = wheel_.take_due(now)) erase_due(*due);
}

std::size_t DedupCache::memory() const {
    return hashes_.capacity() * sizeof(hashes_[0]) + entries_.capacity() * sizeof(Entry) +
           wheel_.memory();
}

void DedupCache::for_each(
    const std::function<void(const crypto::Uid& uid, Instant expires_at)>& visit) const {
    for (std::size_t slot = 0; slot < hashes_.size(); ++slot)
        if (hashes_[slot] != 0) visit(entries_[slot].uid, wheel_.instant_of(entries_[slot].tick));
}

std::uint32_t DedupCache::hash_of(const crypto::Uid& uid) const {
    const auto hash = static_cast<std::uint32_t>(crypto::short_hash(hash_key_, uid.view()));
    return hash == 0 ? 1 : hash;
}

// Monotone in the hash (Lemire 2019), and free of division for any number of slots.
std::size_t DedupCache::home_of(std::uint32_t hash) const {
    return static_cast<std::size_t>((std::uint64_t{hash} * hashes_.size()) >> 32);
}

std::size_t DedupCache::after(std::size_t slot) const {
    return slot + 1 == hashes_.size() ? 0 : slot + 1;
}

std::optional<std::size_t> DedupCache::find(std::uint32_t hash, const crypto::Uid& uid) const {
    for (std::size_t slot = home_of(hash); hashes_[slot] != 0; slot = after(slot))
        if (hashes_[slot] == hash && entries_[slot].uid == uid) return slot;
    return std::nullopt;
}

// Two entries alike in both are the same to the wheel: it will name each once.
std::size_t DedupCache::find_due(std::uint32_t hash, std::uint32_t tick) const {
    std::size_t slot = home_of(hash);
    while (hashes_[slot] != hash || entries_[slot].tick != tick) {
        INSIST(hashes_[slot] != 0);
        slot = after(slot);
    }
    return slot;
}

void DedupCache::place(std::uint32_t hash, const Entry& entry) {
    std::size_t slot = home_of(hash);
    while (hashes_[slot] != 0) slot = after(slot);
    hashes_[slot] = hash;
    entries_[slot] = entry;
}

// Closes the gap (Knuth 6.4, algorithm R), so that there are no tombstones to sweep up.
void DedupCache::erase(std::size_t slot) {
    const auto distance = [slots = hashes_.size()](std::size_t from, std::size_t to) {
        return to >= from ? to - from : to + slots - from;
    };
    std::size_t gap = slot;
    for (std::size_t next = after(gap); hashes_[next] != 0; next = after(next)) {
        if (distance(home_of(hashes_[next]), next) < distance(gap, next)) continue;
        hashes_[gap] = hashes_[next];
        entries_[gap] = entries_[next];
        gap = next;
    }
    hashes_[gap] = 0;
    --size_;
}

void DedupCache::erase_due(ExpiryWheel::Due due) { erase(find_due(due.hash, due.tick)); }

void DedupCache::grow() {
    const std::size_t slots = std::min(2 * hashes_.size(), slots_for(limits_.entries_max));
    const auto old_hashes = std::exchange(hashes_, std::vector<std::uint32_t>(slots));
    const auto old_entries = std::exchange(entries_, std::vector<Entry>(slots));
    for (std::size_t slot = 0; slot < old_hashes.size(); ++slot)
        if (old_hashes[slot] != 0) place(old_hashes[slot], old_entries[slot]);
}

void DedupCache::check_invariants() const {
    INSIST(size_ <= limits_.entries_max);
    INSIST(!is_crowded(size_, hashes_.size()));
    INSIST(hashes_.size() <= slots_for(limits_.entries_max));
    INSIST(wheel_.size() == size_);
    wheel_.check_invariants();
    std::size_t entries = 0;
    for (std::size_t slot = 0; slot < hashes_.size(); ++slot) {
        if (hashes_[slot] == 0) continue;
        ++entries;
        INSIST(hashes_[slot] == hash_of(entries_[slot].uid));
        INSIST(find(hashes_[slot], entries_[slot].uid) == slot);
    }
    INSIST(entries == size_);
}

}  // namespace hearsay::gossip
