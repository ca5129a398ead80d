#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "wire/frame.h"

namespace hearsay::gossip {

// Which sequence numbers of one (publisher, epoch) stream are settled: delivered, refused,
// expired, evicted or given up, so that nothing at that number will ever be delivered again. The
// exact answer behind DedupCache's quick one.
//
// Everything at and below floor() is settled; above it a bitmap says. Numbers count from 1; 0 is
// no number and reads as settled. All arithmetic is safe to the last number, 2^64 - 1.
//
// Invariants:
//   1. floor() <= top() and top() - floor() <= width_max.
//   2. is_settled() never turns back to false.
//   3. floor() + 1 is not settled, unless floor() is the last number.
//
// Two ways to hear of a number, and an attack on each:
//   - settle() follows a verified signature. A publisher that signs a number far ahead gives up
//     what lies more than width_max below it: only its own stream suffers, and given_up() counts.
//   - see() follows a neighbour's claim (Have). It moves top() only as far as the width and gives
//     up nothing, or a neighbour could end another's stream by claiming it is at 2^64 - 1.
//
// Memory: none for a stream in order, else one bit for each number from the floor to the highest
// settled (a power of two), at most width_max bits: 8 KiB. When the gaps have
// closed, all but 64 bytes are freed.
class StreamWindow {
public:
    // Precondition: width_max > 0.
    explicit StreamWindow(std::uint64_t width_max = 65536);

    bool is_settled(std::uint64_t seq) const;
    // True if it was not settled.
    bool settle(std::uint64_t seq);
    // Each number of it, as when a saved window is loaded.
    void settle(const wire::NumberRange& range);
    // Everything up to `seq`; returns how many of them were not settled. given_up() does not
    // count these: the caller knows why.
    std::uint64_t settle_to(std::uint64_t seq);
    // A claim that the stream goes as far as `seq`.
    void see(std::uint64_t seq);

    std::uint64_t floor() const { return floor_; }
    std::uint64_t top() const { return top_; }  // highest settled or seen; 0 when none
    // Numbers jumped over by settle(), saturating.
    std::uint64_t given_up() const { return given_up_; }
    std::uint64_t missing_count() const { return top_ - floor_ - settled_above_; }

    // The first run of missing (settled) numbers above `after` and the floor, up to top(). To
    // visit all in ascending order:
    //     for (auto run = next_missing(floor()); run; run = next_missing(run->last)) ...
    std::optional<wire::NumberRange> next_missing(std::uint64_t after) const;
    std::optional<wire::NumberRange> next_settled(std::uint64_t after) const;
    // The lowest `count_max` settled runs above the floor, for saving.
    std::vector<wire::NumberRange> settled_ranges(std::size_t count_max) const;

    std::size_t memory() const;  // bytes, this object apart

    // O(width). For tests, fuzzers and the simulator.
    void check_invariants() const;

private:
    // The part of one word that holds the numbers after `after`, up to at most `last`.
    struct Piece {
        std::size_t word = 0;      // index in bits_
        std::uint64_t mask = 0;
        std::uint64_t base = 0;    // the number of the word's lowest bit
        std::uint64_t count = 0;   // numbers
    };

    std::uint64_t ring_bits() const { return bits_.size() * 64; }
    std::uint64_t ring_end() const;
    Piece piece_after(std::uint64_t after, std::uint64_t last) const;
    std::uint64_t take_bits_through(std::uint64_t seq);
    std::uint64_t raise_floor(std::uint64_t seq);
    void give_up_through(std::uint64_t seq);
    void absorb();
    void cover(std::uint64_t seq);
    std::uint64_t first_after(std::uint64_t after, bool is_settled) const;
    std::optional<wire::NumberRange> next_run(std::uint64_t after, bool is_settled) const;

    std::uint64_t width_max_;
    std::uint64_t floor_ = 0;
    std::uint64_t top_ = 0;
    std::uint64_t given_up_ = 0;
    std::uint64_t settled_above_ = 0;  // bits set
    std::vector<std::uint64_t> bits_;  // a ring: number n is bit n mod ring_bits()
};

}  // namespace hearsay::gossip
