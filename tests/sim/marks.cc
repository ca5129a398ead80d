#include "tests/sim/marks.h"

namespace hearsay::sim {
namespace {

bool is_worth_a_mark(std::string_view counter) {
    return counter.starts_with("refused_") || counter.ends_with("_evicted") ||
           counter == "streams_given_up" || counter == "queue_dropped" ||
           counter == "beacons_over_rate" || counter == "clock_refused_publish" ||
           counter == "duplicates" || counter == "chunks_repaired";
}

template <typename Visit>
void for_each_counter(Visit visit) {
    for (std::size_t i = 0; i < gossip::kCounterCount; ++i) {
        const auto counter = static_cast<gossip::Counter>(i);
        if (is_worth_a_mark(name_of(counter))) visit(counter);
    }
}

template <typename Visit>
void for_each_mishap(Visit visit) {
    for (std::size_t i = 0; i < kMishapCount; ++i) visit(static_cast<Mishap>(i));
}

}  // namespace

void Marks::note_all(const Network& network) {
    for_each_counter([&](gossip::Counter counter) {
        if (network.counter_total(counter) > 0) note(std::string(name_of(counter)));
    });
    for_each_mishap([&](Mishap mishap) {
        if (network.fabric().count(mishap) > 0) note(std::string(name_of(mishap)));
    });
}

std::set<std::string> Marks::expected_of_network(const std::set<std::string>& excused) {
    std::set<std::string> expected;
    const auto expect = [&](std::string_view name) {
        if (!excused.contains(std::string(name))) expected.emplace(name);
    };
    for_each_counter([&](gossip::Counter counter) { expect(name_of(counter)); });
    for_each_mishap([&](Mishap mishap) { expect(name_of(mishap)); });
    return expected;
}

std::vector<std::string> Marks::missing(const std::set<std::string>& expected) const {
    std::vector<std::string> result;
    for (const std::string& what : expected)
        if (!seen_.contains(what)) result.push_back(what);
    return result;
}

}  // namespace hearsay::sim
