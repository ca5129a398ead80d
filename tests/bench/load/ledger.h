#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/load/stamp.h"

namespace hearsay::load {

// Counts of durations in steps of less than 1% of each: 64 steps to a power of two.
class Latencies {
public:
    void add(std::uint64_t ns);
    void add(const Latencies& others);
    std::uint64_t count() const { return count_; }
    double max_ms() const { return static_cast<double>(max_) / 1e6; }
    // The upper end of the step that the share falls in.
    double percentile_ms(double share) const;

private:
    static constexpr unsigned kStepBits = 6;
    static std::size_t step_of(std::uint64_t ns);
    static std::uint64_t end_of(std::size_t step);

    std::vector<std::uint64_t> steps_;
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

// What one subscriber got of one publisher.
struct Tally {
    std::uint64_t received = 0;  // different ones
    std::uint64_t repeated = 0;
    std::uint64_t out_of_order = 0;  // came after a later one
    bool is_warm = false;            // a warm-up message came
    Latencies latencies;
    std::uint64_t last_ns = 0;  // when the last one came

    void note(const Stamp& stamp, std::uint64_t now_ns);

private:
    std::vector<bool> seen_;
    std::int64_t highest_ = -1;
};

}  // namespace hearsay::load
