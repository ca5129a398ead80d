#include "daemon/gossip/range_set.h"

#include <algorithm>

namespace hearsay::gossip {

bool RangeSet::contains(std::uint64_t number) const {
    const auto after = ranges_.upper_bound(number);
    return after != ranges_.begin() && number <= std::prev(after)->second;
}

void RangeSet::add(std::uint64_t number) {
    if (contains(number)) return;
    auto after = ranges_.upper_bound(number);
    const bool joins_after = after != ranges_.end() && after->first == number + 1;
    if (after != ranges_.begin() && std::prev(after)->second + 1 == number) {
        const auto before = std::prev(after);
        before->second = joins_after ? after->second : number;
        if (joins_after) ranges_.erase(after);
        return;
    }
    const std::uint64_t last = joins_after ? after->second : number;
    if (joins_after) ranges_.erase(after);
    ranges_.emplace(number, last);
}

void RangeSet::remove(std::uint64_t number) {
    auto after = ranges_.upper_bound(number);
    if (after == ranges_.begin()) return;
    const auto range = std::prev(after);
    const auto [first, last] = *range;
    if (number > last) return;
    if (number == first)
        ranges_.erase(range);
    else
        range->second = number - 1;
    if (number != last) ranges_.emplace(number + 1, last);
}

std::size_t RangeSet::copy_highest(std::span<wire::NumberRange> out) const {
    const std::size_t count = std::min(out.size(), ranges_.size());
    auto range = std::prev(ranges_.end(), static_cast<std::ptrdiff_t>(count));
    for (std::size_t i = 0; i < count; ++i, ++range) out[i] = {range->first, range->second};
    return count;
}

}  // namespace hearsay::gossip
