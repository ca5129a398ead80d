#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"

namespace hearsay::host {

// The topics seen lately, for people and for completion. At most kCountMax: the one not seen for
// longest makes room, so a flood of topics costs no more than the list being useless.
class RecentTopics {
public:
    static constexpr std::size_t kCountMax = 256;

    struct Topic {
        std::string name;
        std::uint64_t messages = 0;
        std::uint64_t bytes = 0;  // of payload
        Instant last_seen;
    };

    void note(std::string_view topic, std::size_t bytes, Instant now);
    // By name.
    std::vector<Topic> sorted() const;
    std::size_t size() const { return topics_.size(); }

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    struct Seen {
        std::uint64_t messages = 0;
        std::uint64_t bytes = 0;
        Instant last_seen;
    };
    std::unordered_map<std::string, Seen, TextHash, std::equal_to<>> topics_;
};

}  // namespace hearsay::host
