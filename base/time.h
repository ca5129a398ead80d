#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace hearsay {

using Duration = std::chrono::nanoseconds;

// The monotonic time line. It has no now(): time enters the protocol as an argument, so that
// a simulator can own it.
struct MonotonicClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<MonotonicClock>;
    static constexpr bool is_steady = true;
};
using Instant = MonotonicClock::time_point;

// Milliseconds since 1970-01-01T00:00:00Z as this host's wall clock shows them. May step.
struct WallTime {
    std::uint64_t ms = 0;
    auto operator<=>(const WallTime&) const = default;
};

struct Now {
    Instant monotonic;
    WallTime wall;
};

}  // namespace hearsay
