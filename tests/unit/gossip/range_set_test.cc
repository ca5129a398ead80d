#include "daemon/gossip/range_set.h"

#include <limits>
#include <random>
#include <set>
#include <vector>

#include "tests/catch.h"

namespace hearsay::gossip {
namespace {

using wire::NumberRange;

std::vector<NumberRange> all(const RangeSet& set) {
    std::vector<NumberRange> ranges(set.range_count());
    CHECK(set.copy_highest(ranges) == ranges.size());
    return ranges;
}

// The slow and obvious way to ranges.
std::vector<NumberRange> ranges_of(const std::set<std::uint64_t>& numbers) {
    std::vector<NumberRange> ranges;
    for (const std::uint64_t number : numbers) {
        if (!ranges.empty() && ranges.back().last + 1 == number)
            ranges.back().last = number;
        else
            ranges.push_back({number, number});
    }
    return ranges;
}

TEST_CASE("numbers join into ranges from either side", "[ranges]") {
    RangeSet set;
    CHECK(set.is_empty());
    set.add(5);
    set.add(7);
    CHECK(all(set) == std::vector<NumberRange>{{5, 5}, {7, 7}});
    set.add(6);
    set.add(6);
    CHECK(all(set) == std::vector<NumberRange>{{5, 7}});
    set.add(4);
    set.add(8);
    CHECK(all(set) == std::vector<NumberRange>{{4, 8}});
    CHECK(set.lowest() == 4);
    CHECK(set.highest() == 8);
}

TEST_CASE("a number taken out of the middle leaves two ranges", "[ranges]") {
    RangeSet set;
    for (std::uint64_t i = 1; i <= 5; ++i) set.add(i);
    set.remove(3);
    CHECK(all(set) == std::vector<NumberRange>{{1, 2}, {4, 5}});
    set.remove(1);
    set.remove(5);
    set.remove(9);
    set.remove(0);
    CHECK(all(set) == std::vector<NumberRange>{{2, 2}, {4, 4}});
    CHECK_FALSE(set.contains(3));
    set.remove(2);
    set.remove(4);
    CHECK(set.is_empty());
}

TEST_CASE("the highest ranges are told, ascending, when not all fit", "[ranges]") {
    RangeSet set;
    for (const std::uint64_t number : {1U, 3U, 4U, 6U, 9U}) set.add(number);
    std::vector<NumberRange> two(2);
    CHECK(set.copy_highest(two) == 2);
    CHECK(two == std::vector<NumberRange>{{6, 6}, {9, 9}});
    CHECK(set.copy_highest({}) == 0);
}

TEST_CASE("the first and last numbers there are can be in a set", "[ranges]") {
    constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
    RangeSet set;
    set.add(kLast);
    set.add(0);
    set.add(kLast - 1);
    set.add(1);
    CHECK(all(set) == std::vector<NumberRange>{{0, 1}, {kLast - 1, kLast}});
    set.remove(kLast);
    set.remove(0);
    CHECK(all(set) == std::vector<NumberRange>{{1, 1}, {kLast - 1, kLast - 1}});
}

TEST_CASE("a range set is its twin of single numbers", "[ranges]") {
    const auto seed = Catch::rngSeed();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    RangeSet set;
    std::set<std::uint64_t> twin;
    for (int step = 0; step < 20'000; ++step) {
        const std::uint64_t number = random() % 64;
        if (random() % 2 == 0) {
            set.add(number);
            twin.insert(number);
        } else {
            set.remove(number);
            twin.erase(number);
        }
        if (all(set) != ranges_of(twin)) FAIL("ranges differ at step " << step);
        const std::uint64_t asked = random() % 66;
        if (set.contains(asked) != twin.contains(asked)) FAIL("step " << step);
    }
}

}  // namespace
}  // namespace hearsay::gossip
