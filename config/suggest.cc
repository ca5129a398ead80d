#include "config/suggest.h"

#include <algorithm>
#include <vector>

namespace hearsay::config {
namespace {

// No key is longer, and the cost of a comparison is the product of the two sizes.
constexpr std::size_t kWordSizeMax = 64;

// The start of a word from which the rest can be guessed: "warn" of "warning".
constexpr std::size_t kStartSizeMin = 3;

char folded(char letter) {
    if (letter >= 'A' && letter <= 'Z') return static_cast<char>(letter - 'A' + 'a');
    return letter == '-' ? '_' : letter;
}

}  // namespace

std::size_t edit_distance(std::string_view one, std::string_view other) {
    const auto same = [&](std::size_t i, std::size_t j) {
        return folded(one[i - 1]) == folded(other[j - 1]);
    };
    const std::size_t width = other.size() + 1;
    std::vector<std::size_t> cost((one.size() + 1) * width);
    const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& {
        return cost[i * width + j];
    };
    for (std::size_t i = 0; i <= one.size(); ++i) at(i, 0) = i;
    for (std::size_t j = 0; j <= other.size(); ++j) at(0, j) = j;
    for (std::size_t i = 1; i <= one.size(); ++i)
        for (std::size_t j = 1; j <= other.size(); ++j) {
            at(i, j) = std::min(
                {at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same(i, j) ? 0 : 1)});
            if (i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j))
                at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
        }
    return at(one.size(), other.size());
}

std::optional<std::string_view> closest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
    if (word.empty() || word.size() > kWordSizeMax) return std::nullopt;
    std::optional<std::string_view> best;
    std::size_t best_distance = 0;
    for (const std::string_view candidate : candidates) {
        const bool is_start = word.size() >= kStartSizeMin && candidate.starts_with(word);
        const std::size_t distance = is_start ? 1 : edit_distance(word, candidate);
        const std::size_t longer = std::max(word.size(), candidate.size());
        const std::size_t near = std::max<std::size_t>(1, longer / 3);
        if (distance > near || (best && distance >= best_distance)) continue;
        best = candidate;
        best_distance = distance;
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
    const auto best = closest(word, candidates);
    return best ? " (did you mean \"" + std::string(*best) + "\"?)" : "";
}

}  // namespace hearsay::config
