#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

// Durations and sizes as people write them: one number, one unit, nothing between. Used by the
// configuration and by the command line.
namespace hearsay::config {

enum class UnitError {
    not_a_number,  // does not begin with a digit, or is no number at all
    no_unit,       // a number alone
    unknown_unit,  // a number and something else
    too_fine,      // a fraction of a nanosecond or of a byte
    too_large,     // beyond what the value can hold
};

// "250ms", "1.5s", "2min". Units: ns us ms s min h d. At most 3 digits after the point.
Result<Duration, UnitError> parse_duration(std::string_view text);
// The shortest exact form: the largest unit of which it is a whole number. "0s" for zero.
// Precondition: not negative.
std::string format_duration(Duration duration);

// "64MiB", "100kB", "4096" (bytes). Units: B kB MB GB (powers of 1000), KiB MiB GiB (of 1024).
Result<std::uint64_t, UnitError> parse_size(std::string_view text);
// The largest power of 1024 of which it is a whole number, else plain bytes: "64MiB", "1500B".
std::string format_size(std::uint64_t bytes);

// What someone who wrote `text` may have meant: "5min" for "5m", "64MiB" for "64 mib". Empty when
// nothing is likely.
std::string nearest_duration(std::string_view text);
std::string nearest_size(std::string_view text);

// What is wrong, in the words of a message: "has no unit".
std::string_view to_text(UnitError error);

}  // namespace hearsay::config
