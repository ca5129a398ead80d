#include "daemon/host/api_glob.h"

#include <algorithm>

namespace hearsay::host {
namespace {

// Of the character at `at`, its continuation bytes included.
std::size_t character_end(std::string_view text, std::size_t at) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
    return at;
}

}  // namespace

// Only the last '*' is ever gone back to: whatever an earlier one could take, it can take too.
bool glob_matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t star_end = 0;  // of the text that the star takes
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_end = t;
        } else if (p < pattern.size() && pattern[p] == '?') {
            ++p;
            t = character_end(text, t);
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            star_end = character_end(text, star_end);
            t = star_end;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool TopicPatterns::add(std::string_view pattern) {
    const bool is_glob = pattern.find_first_of("*?") != std::string_view::npos;
    Pattern entry{std::string(pattern), is_glob};
    if (std::find(patterns_.begin(), patterns_.end(), entry) != patterns_.end()) return true;
    if (patterns_.size() >= kCountMax) return false;
    patterns_.push_back(std::move(entry));
    return true;
}

void TopicPatterns::remove(std::string_view pattern) {
    std::erase_if(patterns_, [&](const Pattern& entry) { return entry.text == pattern; });
}

bool TopicPatterns::match(std::string_view topic) const {
    return std::any_of(patterns_.begin(), patterns_.end(), [&](const Pattern& pattern) {
        return pattern.is_glob ? glob_matches(pattern.text, topic) : pattern.text == topic;
    });
}

}  // namespace hearsay::host
