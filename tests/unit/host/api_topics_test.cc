#include "daemon/host/api_topics.h"

#include <algorithm>

#include "tests/catch.h"

namespace hearsay::host {
namespace {

Instant at(int second) { return Instant(std::chrono::seconds(second)); }

}  // namespace

TEST_CASE("recent topics come by name with their counts") {
    RecentTopics topics;
    topics.note("b", 10, at(1));
    topics.note("a", 10, at(2));
    topics.note("b", 10, at(3));
    const auto sorted = topics.sorted();
    REQUIRE(sorted.size() == 2);
    CHECK(sorted[0].name == "a");
    CHECK(sorted[1].name == "b");
    CHECK(sorted[1].messages == 2);
    CHECK(sorted[1].last_seen == at(3));
}

TEST_CASE("the topic not seen for longest makes room") {
    RecentTopics topics;
    for (int i = 0; i < 256; ++i) topics.note("t" + std::to_string(i), 10, at(i));
    topics.note("t0", 10, at(300));
    topics.note("new", 10, at(301));
    CHECK(topics.size() == RecentTopics::kCountMax);
    const auto sorted = topics.sorted();
    const auto has = [&](const std::string& name) {
        return std::any_of(sorted.begin(), sorted.end(),
                           [&](const auto& topic) { return topic.name == name; });
    };
    CHECK(has("t0"));
    CHECK(has("new"));
    CHECK_FALSE(has("t1"));
}

}  // namespace hearsay::host
