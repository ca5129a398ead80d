#pragma once

#include <map>
#include <span>

#include "wire/frame.h"

namespace hearsay::gossip {

// A set of numbers kept as ranges that neither overlap nor touch. Its size in memory is the
// number of ranges; whoever fills it bounds that by bounding what may enter.
class RangeSet {
public:
    void add(std::uint64_t number);
    void remove(std::uint64_t number);
    bool contains(std::uint64_t number) const;
    bool is_empty() const { return ranges_.empty(); }
    std::size_t range_count() const { return ranges_.size(); }
    std::uint64_t lowest() const { return ranges_.begin()->first; }    // precondition: not empty
    std::uint64_t highest() const { return ranges_.rbegin()->second; }  // precondition: not empty
    // The highest ranges, ascending; returns how many.
    std::size_t copy_highest(std::span<wire::NumberRange> out) const;

private:
    std::map<std::uint64_t, std::uint64_t> ranges_;  // first -> last
};

}  // namespace hearsay::gossip
