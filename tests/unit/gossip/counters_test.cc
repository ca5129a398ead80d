#include "daemon/gossip/counters.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/gossip/engine.h"
#include "daemon/gossip/outputs.h"
#include "daemon/gossip/snapshot.h"
#include "tests/catch.h"

namespace hearsay::gossip {
namespace {

// How the compiler spells an enumerator: "... [with auto kValue = ...::Counter::duplicates; ...]".
template <auto kValue>
std::string spelling() {
    const std::string text = __PRETTY_FUNCTION__;
    const std::size_t start = text.find("kValue = ");
    const std::size_t end = text.find_first_of(";]", start);
    const std::size_t name = text.rfind("::", end);
    return text.substr(name + 2, end - name - 2);
}

template <typename Enum, std::size_t... kIndices>
void check_names(std::index_sequence<kIndices...>) {
    const std::vector<std::string_view> names{name_of(static_cast<Enum>(kIndices))...};
    const std::vector<std::string> spelt{spelling<static_cast<Enum>(kIndices)>()...};
    for (std::size_t i = 0; i < names.size(); ++i) {
        CHECK_FALSE(names[i].empty());
        CHECK(names[i] == spelt[i]);
    }
    CHECK(std::set<std::string_view>(names.begin(), names.end()).size() == names.size());
}

TEST_CASE("the compiler spells an enumerator", "[names]") {
    CHECK(spelling<Counter::duplicates>() == "duplicates");
    CHECK(spelling<MemberState::left>() == "left");
}

TEST_CASE("every counter is named as its enumerator, and once", "[counters]") {
    check_names<Counter>(std::make_index_sequence<kCounterCount>{});
}

TEST_CASE("every event is named as its enumerator", "[names]") {
    constexpr auto kCount = static_cast<std::size_t>(EventKind::slow_link) + 1;
    check_names<EventKind>(std::make_index_sequence<kCount>{});
}

TEST_CASE("every member state is named as its enumerator", "[names]") {
    constexpr auto kCount = static_cast<std::size_t>(MemberState::left) + 1;
    check_names<MemberState>(std::make_index_sequence<kCount>{});
}

TEST_CASE("every publish error is named as its enumerator", "[names]") {
    constexpr auto kCount = static_cast<std::size_t>(PublishError::leaving) + 1;
    check_names<PublishError>(std::make_index_sequence<kCount>{});
}

TEST_CASE("counters begin at zero and count apart", "[counters]") {
    Counters counters;
    for (std::size_t i = 0; i < kCounterCount; ++i) CHECK(counters[static_cast<Counter>(i)] == 0);
    counters.add(Counter::duplicates);
    counters.add(Counter::bytes_sent, 1'200);
    counters.add(Counter::bytes_sent, 800);
    CHECK(counters[Counter::duplicates] == 1);
    CHECK(counters[Counter::bytes_sent] == 2'000);
    CHECK(counters[Counter::bytes_received] == 0);
}

}  // namespace
}  // namespace hearsay::gossip
