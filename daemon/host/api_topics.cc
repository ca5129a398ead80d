#include "daemon/host/api_topics.h"

#include <algorithm>

namespace hearsay::host {

void RecentTopics::note(std::string_view topic, std::size_t bytes, Instant now) {
    const auto found = topics_.find(topic);
    if (found != topics_.end()) {
        ++found->second.messages;
        found->second.bytes += bytes;
        found->second.last_seen = now;
        return;
    }
    if (topics_.size() >= kCountMax) {
        topics_.erase(std::min_element(
            topics_.begin(), topics_.end(),
            [](const auto& a, const auto& b) { return a.second.last_seen < b.second.last_seen; }));
    }
    topics_.emplace(topic, Seen{1, bytes, now});
}

std::vector<RecentTopics::Topic> RecentTopics::sorted() const {
    std::vector<Topic> sorted;
    for (const auto& [name, seen] : topics_)
        sorted.push_back({name, seen.messages, seen.bytes, seen.last_seen});
    std::sort(sorted.begin(), sorted.end(),
              [](const Topic& a, const Topic& b) { return a.name < b.name; });
    return sorted;
}

}  // namespace hearsay::host
