#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hearsay::host {

// `*` matches any run of bytes, also none; `?` one character (a whole one, in UTF-8); all else
// itself. Takes at most pattern size x text size steps, whatever the pattern.
bool glob_matches(std::string_view pattern, std::string_view text);

// The topics one connection listens to.
class TopicPatterns {
public:
    static constexpr std::size_t kCountMax = 256;

    // False when full. Adding one that is there changes nothing.
    bool add(std::string_view pattern);
    void remove(std::string_view pattern);
    void clear() { patterns_.clear(); }
    bool empty() const { return patterns_.empty(); }
    bool match(std::string_view topic) const;

private:
    struct Pattern {
        std::string text;
        bool is_glob;
        bool operator==(const Pattern&) const = default;
    };
    std::vector<Pattern> patterns_;
};

}  // namespace hearsay::host
