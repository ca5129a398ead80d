#include "daemon/gossip/packet_ranges.h"

#include <algorithm>

#include "base/insist.h"

namespace hearsay::gossip {

bool PacketRanges::add(std::uint64_t number) {
    const std::size_t index = first_at_or_after(number);
    if (index < count_ && ranges_[index].first <= number) return false;
    // Neither sum overflows: the range below ends below `number`, the one above begins above it.
    const bool joins_below = index > 0 && ranges_[index - 1].last + 1 == number;
    const bool joins_above = index < count_ && number + 1 == ranges_[index].first;
    if (joins_below && joins_above) {
        ranges_[index - 1].last = ranges_[index].last;
        remove_at(index, 1);
    } else if (joins_below) {
        ranges_[index - 1].last = number;
    } else if (joins_above) {
        ranges_[index].first = number;
    } else {
        return insert_at(index, number);
    }
    return true;
}

bool PacketRanges::contains(std::uint64_t number) const {
    const std::size_t index = first_at_or_after(number);
    return index < count_ && ranges_[index].first <= number;
}

std::size_t PacketRanges::copy_newest(std::span<wire::NumberRange> out) const {
    const std::size_t copied = std::min(out.size(), count_);
    for (std::size_t i = 0; i < copied; ++i) out[i] = ranges_[count_ - 1 - i];
    return copied;
}

void PacketRanges::forget_below(std::uint64_t number) {
    remove_at(0, first_at_or_after(number));
    if (count_ > 0) ranges_[0].first = std::max(ranges_[0].first, number);
}

std::uint64_t PacketRanges::largest() const {
    INSIST(count_ > 0);
    return ranges_[count_ - 1].last;
}

// Index of the oldest range that ends at or after `number`. From the newest: that is where
// packets arrive.
std::size_t PacketRanges::first_at_or_after(std::uint64_t number) const {
    std::size_t index = count_;
    while (index > 0 && ranges_[index - 1].last >= number) --index;
    return index;
}

bool PacketRanges::insert_at(std::size_t index, std::uint64_t number) {
    if (count_ == kRangesMax) {
        if (index == 0) return false;
        remove_at(0, 1);
        --index;
    }
    std::copy_backward(ranges_.begin() + static_cast<std::ptrdiff_t>(index),
                       ranges_.begin() + static_cast<std::ptrdiff_t>(count_),
                       ranges_.begin() + static_cast<std::ptrdiff_t>(count_ + 1));
    ranges_[index] = {number, number};
    ++count_;
    return true;
}

void PacketRanges::remove_at(std::size_t index, std::size_t count) {
    std::copy(ranges_.begin() + static_cast<std::ptrdiff_t>(index + count),
              ranges_.begin() + static_cast<std::ptrdiff_t>(count_),
              ranges_.begin() + static_cast<std::ptrdiff_t>(index));
    count_ -= count;
}

void PacketRanges::check_invariants() const {
    INSIST(count_ <= kRangesMax);
    for (std::size_t i = 0; i < count_; ++i) {
        INSIST(ranges_[i].first <= ranges_[i].last);
        INSIST(i == 0 || ranges_[i].first > ranges_[i - 1].last + 1);
    }
}

}  // namespace hearsay::gossip
