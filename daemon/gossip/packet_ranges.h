#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "wire/frame.h"
#include "wire/limits.h"

namespace hearsay::gossip {

// The packet numbers received in one session, as ranges for acks.
//
// Bounded at kRangesMax ranges and allocates nothing: a peer that leaves gaps makes the oldest
// ranges drop out, so what it loses is acks for packets it sent long ago. Twice what one Ack
// carries, so that gaps which close later merge and do not vanish. Not a replay window: that is
// the session's, and exact.
//
// Invariant: ranges ascend and are apart (a number that joins two of them merges them).
class PacketRanges {
public:
    static constexpr std::size_t kRangesMax = 2 * wire::kAckRangesMax;

    // True if it was not in a range and now is; false too for a number older than all ranges when
    // there is no room.
    bool add(std::uint64_t number);
    bool contains(std::uint64_t number) const;
    // Newest first; returns how many were written, at most out.size().
    std::size_t copy_newest(std::span<wire::NumberRange> out) const;
    // All numbers below `number`.
    void forget_below(std::uint64_t number);

    bool empty() const { return count_ == 0; }
    std::size_t range_count() const { return count_; }
    // Precondition: not empty().
    std::uint64_t largest() const;

    void check_invariants() const;

private:
    std::size_t first_at_or_after(std::uint64_t number) const;
    bool insert_at(std::size_t index, std::uint64_t number);
    void remove_at(std::size_t index, std::size_t count);

    std::array<wire::NumberRange, kRangesMax> ranges_{};
    std::size_t count_ = 0;
};

}  // namespace hearsay::gossip
