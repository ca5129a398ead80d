#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hearsay::config {

// How many letters must be added, dropped, changed or swapped with their neighbour to turn one
// word into the other (optimal string alignment). Case counts for nothing, '-' is '_'.
std::size_t edit_distance(std::string_view one, std::string_view other);

// The candidate that `word` is most likely a misspelling of, if any is near enough: one edit for
// every three letters of the longer, at least one; or its first letters, at least three. The
// first wins a tie.
std::optional<std::string_view> closest(std::string_view word,
                                        std::span<const std::string_view> candidates);

// " (did you mean \"...\"?)", or nothing when no candidate is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace hearsay::config
