#include "config/duration_text.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

namespace hearsay::config {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::array<Unit, 7> kDurationUnits{{{"d", 86'400 * kSecond},
                                              {"h", 3'600 * kSecond},
                                              {"min", 60 * kSecond},
                                              {"s", kSecond},
                                              {"ms", 1'000'000},
                                              {"us", 1'000},
                                              {"ns", 1}}};
constexpr std::array<Unit, 7> kSizeUnits{{{"GiB", 1 << 30},
                                          {"MiB", 1 << 20},
                                          {"KiB", 1 << 10},
                                          {"GB", 1'000'000'000},
                                          {"MB", 1'000'000},
                                          {"kB", 1'000},
                                          {"B", 1}}};

constexpr std::uint64_t kDurationMax = std::numeric_limits<Duration::rep>::max();
constexpr std::size_t kFractionDigitsMax = 3;

// The digits in front of `text`, which is moved past them.
std::string_view take_digits(std::string_view& text) {
    const std::size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view digits = text.substr(0, size);
    text.remove_prefix(size);
    return digits;
}

// False when `value * factor + more` would pass `most`; `value` is then unchanged.
bool multiply_add(std::uint64_t& value, std::uint64_t factor, std::uint64_t more,
                  std::uint64_t most) {
    if (more > most || value > (most - more) / factor) return false;
    value = value * factor + more;
    return true;
}

// Digits after the point, counted in the unit's smallest part: "5" of 1,000 is 500. Three digits
// of the largest unit, a day in nanoseconds, are 999 * 8.64e13, well below 2^63.
Result<std::uint64_t, UnitError> fraction_of(std::string_view digits, std::uint64_t factor) {
    std::uint64_t numerator = 0;
    std::uint64_t denominator = 1;
    for (const char digit : digits) {
        numerator = numerator * 10 + static_cast<std::uint64_t>(digit - '0');
        denominator *= 10;
    }
    if (numerator * factor % denominator != 0) return UnitError::too_fine;
    return numerator * factor / denominator;
}

Result<std::uint64_t, UnitError> parse(std::string_view text, std::span<const Unit> units,
                                       std::uint64_t most) {
    const std::string_view whole = take_digits(text);
    if (whole.empty()) return UnitError::not_a_number;
    std::string_view fraction;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        fraction = take_digits(text);
        if (fraction.empty()) return UnitError::not_a_number;
        if (fraction.size() > kFractionDigitsMax) return UnitError::too_fine;
    }
    if (text.empty()) return UnitError::no_unit;
    for (const Unit& unit : units) {
        if (text != unit.name) continue;
        std::uint64_t value = 0;
        for (const char digit : whole)
            if (!multiply_add(value, 10, static_cast<std::uint64_t>(digit - '0'), most))
                return UnitError::too_large;
        const auto parts = fraction_of(fraction, unit.factor);
        if (!parts) return parts.error();
        if (!multiply_add(value, unit.factor, *parts, most)) return UnitError::too_large;
        return value;
    }
    return UnitError::unknown_unit;
}

struct Spelling {
    std::string_view usual;  // in small letters
    std::string_view ours;
};

constexpr Spelling kDurationSpellings[] = {
    {"m", "min"},   {"mins", "min"}, {"minute", "min"}, {"minutes", "min"}, {"sec", "s"},
    {"secs", "s"},  {"second", "s"}, {"seconds", "s"},  {"msec", "ms"},     {"millis", "ms"},
    {"hr", "h"},    {"hour", "h"},   {"hours", "h"},    {"day", "d"},       {"days", "d"},
    {"usec", "us"}, {"ms", "ms"},    {"s", "s"},        {"min", "min"},     {"h", "h"},
    {"d", "d"},     {"us", "us"},    {"ns", "ns"},
};
constexpr Spelling kSizeSpellings[] = {
    {"k", "KiB"}, {"kb", "kB"}, {"kib", "KiB"}, {"m", "MiB"}, {"mb", "MB"},  {"mib", "MiB"},
    {"g", "GiB"}, {"gb", "GB"}, {"gib", "GiB"}, {"b", "B"},   {"byte", "B"}, {"bytes", "B"},
};

std::string nearest(std::string_view text, std::span<const Spelling> spellings) {
    std::size_t size = std::min(text.find_first_not_of("0123456789."), text.size());
    const std::string_view number = text.substr(0, size);
    while (size < text.size() && text[size] == ' ') ++size;
    std::string unit(text.substr(size));
    for (char& letter : unit)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    const auto found = std::ranges::find(spellings, unit, &Spelling::usual);
    if (number.empty() || found == spellings.end()) return {};
    return std::string(number) + std::string(found->ours);
}

}  // namespace

std::string nearest_duration(std::string_view text) { return nearest(text, kDurationSpellings); }
std::string nearest_size(std::string_view text) { return nearest(text, kSizeSpellings); }

Result<Duration, UnitError> parse_duration(std::string_view text) {
    const auto value = parse(text, kDurationUnits, kDurationMax);
    if (!value) return value.error();
    return Duration(static_cast<Duration::rep>(*value));
}

std::string format_duration(Duration duration) {
    const auto value = static_cast<std::uint64_t>(duration.count());
    if (value == 0) return "0s";
    for (const Unit& unit : kDurationUnits)
        if (value % unit.factor == 0)
            return std::to_string(value / unit.factor) + std::string(unit.name);
    return {};  // not reached: everything is a whole number of nanoseconds
}

Result<std::uint64_t, UnitError> parse_size(std::string_view text) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
    const bool is_plain = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
    return parse(is_plain ? std::string(text) + "B" : text, kSizeUnits, kMost);
}

std::string format_size(std::uint64_t bytes) {
    for (const Unit& unit : std::span(kSizeUnits).first(3))
        if (bytes != 0 && bytes % unit.factor == 0)
            return std::to_string(bytes / unit.factor) + std::string(unit.name);
    return std::to_string(bytes) + "B";
}

std::string_view to_text(UnitError error) {
    switch (error) {
        case UnitError::not_a_number:
            return "is not a number with a unit";
        case UnitError::no_unit:
            return "has no unit";
        case UnitError::unknown_unit:
            return "has a unit that is not known";
        case UnitError::too_fine:
            return "is finer than can be told apart";
        case UnitError::too_large:
            return "is too large to be stored";
    }
    return {};
}

}  // namespace hearsay::config
