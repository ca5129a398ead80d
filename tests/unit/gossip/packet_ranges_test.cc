#include "daemon/gossip/packet_ranges.h"

#include <limits>
#include <random>
#include <set>
#include <vector>

#include "tests/catch.h"

namespace hearsay::gossip {
namespace {

using wire::NumberRange;
constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();

std::vector<NumberRange> newest(const PacketRanges& packets, std::size_t most = 1'000) {
    std::vector<NumberRange> ranges(most);
    ranges.resize(packets.copy_newest(ranges));
    return ranges;
}

TEST_CASE("packets in order are one range", "[packets]") {
    PacketRanges packets;
    CHECK(packets.empty());
    CHECK(newest(packets).empty());
    for (std::uint64_t number = 0; number < 1'000; ++number) CHECK(packets.add(number));
    CHECK(newest(packets) == std::vector<NumberRange>{{0, 999}});
    CHECK(packets.largest() == 999);
    CHECK_FALSE(packets.empty());
}

TEST_CASE("a repeated packet changes nothing", "[packets]") {
    PacketRanges packets;
    CHECK(packets.add(5));
    CHECK_FALSE(packets.add(5));
    CHECK(newest(packets) == std::vector<NumberRange>{{5, 5}});
}

TEST_CASE("ranges are told newest first, as many as fit", "[packets]") {
    PacketRanges packets;
    for (const std::uint64_t number : {1U, 2U, 3U, 7U, 8U, 20U}) packets.add(number);
    CHECK(newest(packets) == std::vector<NumberRange>{{20, 20}, {7, 8}, {1, 3}});
    CHECK(newest(packets, 2) == std::vector<NumberRange>{{20, 20}, {7, 8}});
    CHECK(newest(packets, 0).empty());
}

TEST_CASE("a late packet joins its neighbours", "[packets]") {
    PacketRanges packets;
    for (const std::uint64_t number : {1U, 2U, 5U, 6U}) packets.add(number);
    CHECK(packets.add(4));
    CHECK(newest(packets) == std::vector<NumberRange>{{4, 6}, {1, 2}});
    CHECK(packets.add(3));
    CHECK(newest(packets) == std::vector<NumberRange>{{1, 6}});
    CHECK_FALSE(packets.contains(0));
    CHECK(packets.contains(3));
}

TEST_CASE("beyond the bound the oldest range goes", "[packets]") {
    PacketRanges packets;
    for (std::uint64_t i = 0; i < PacketRanges::kRangesMax; ++i) packets.add(10 + 2 * i);
    CHECK(packets.range_count() == PacketRanges::kRangesMax);
    CHECK(packets.contains(10));
    CHECK(packets.add(1'000));
    CHECK(packets.range_count() == PacketRanges::kRangesMax);
    CHECK_FALSE(packets.contains(10));
    CHECK(packets.contains(12));
    CHECK(packets.contains(1'000));
    packets.check_invariants();

    SECTION("a packet older than all is not taken in") {
        CHECK_FALSE(packets.add(3));
        CHECK(packets.range_count() == PacketRanges::kRangesMax);
        CHECK(packets.contains(12));
    }
    SECTION("one that joins a range needs no room") {
        CHECK(packets.add(13));
        CHECK(packets.range_count() == PacketRanges::kRangesMax - 1);
        CHECK(packets.contains(12));
    }
    SECTION("one between two of them takes the place of the oldest") {
        CHECK(packets.add(500));
        CHECK_FALSE(packets.contains(12));
        CHECK(packets.contains(14));
    }
}

TEST_CASE("forgetting cuts the range it falls into", "[packets]") {
    PacketRanges packets;
    for (const std::uint64_t number : {1U, 2U, 3U, 7U, 8U, 9U, 20U}) packets.add(number);
    packets.forget_below(8);
    CHECK(newest(packets) == std::vector<NumberRange>{{20, 20}, {8, 9}});
    packets.forget_below(8);
    CHECK(packets.range_count() == 2);
    packets.forget_below(10);
    CHECK(newest(packets) == std::vector<NumberRange>{{20, 20}});
    packets.forget_below(21);
    CHECK(packets.empty());
}

TEST_CASE("the last number of all is a number", "[packets]") {
    PacketRanges packets;
    CHECK(packets.add(kLast));
    CHECK(packets.add(kLast - 2));
    CHECK(packets.add(0));
    CHECK(packets.add(kLast - 1));
    CHECK_FALSE(packets.add(kLast));
    CHECK(newest(packets) == std::vector<NumberRange>{{kLast - 2, kLast}, {0, 0}});
    packets.check_invariants();
}

TEST_CASE("ranges behave like a set of numbers", "[packets][model]") {
    const std::uint64_t seed = Catch::rngSeed();
    INFO("replay with --rng-seed " << seed);
    std::mt19937_64 random(seed);
    PacketRanges packets;
    std::set<std::uint64_t> twin;
    std::uint64_t next = 100;
    for (int step = 0; step < 20'000; ++step) {
        next += random() % 3;
        const std::uint64_t number = next - random() % 100;
        if (random() % 400 == 0) {
            packets.forget_below(number);
            twin.erase(twin.begin(), twin.lower_bound(number));
        } else {
            REQUIRE(packets.add(number) == twin.insert(number).second);
        }
        // At most 100 numbers are in play, so at most 50 ranges: the bound is not met.
        if (next > 200) {
            packets.forget_below(next - 100);
            twin.erase(twin.begin(), twin.lower_bound(next - 100));
        }
        packets.check_invariants();
        std::size_t numbers = 0;
        for (const NumberRange& range : newest(packets)) numbers += range.last - range.first + 1;
        REQUIRE(numbers == twin.size());
        for (const std::uint64_t held : twin) REQUIRE(packets.contains(held));
        if (!twin.empty()) REQUIRE(packets.largest() == *twin.rbegin());
    }
}

TEST_CASE("at the bound, what is kept is the newest", "[packets][model]") {
    const std::uint64_t seed = Catch::rngSeed();
    INFO("replay with --rng-seed " << seed);
    std::mt19937_64 random(seed);
    PacketRanges packets;
    std::set<std::uint64_t> twin;
    for (int step = 0; step < 5'000; ++step) {
        const std::uint64_t number = random() % 4'000;
        packets.add(number);
        packets.check_invariants();
        twin.insert(number);
        for (const NumberRange& range : newest(packets)) {
            REQUIRE(twin.contains(range.first));
            REQUIRE(twin.contains(range.last));
        }
        REQUIRE(packets.largest() == *twin.rbegin());
        // Everything at or above the oldest range kept is kept.
        const std::uint64_t oldest = newest(packets).back().first;
        if (packets.range_count() == PacketRanges::kRangesMax)
            twin.erase(twin.begin(), twin.lower_bound(oldest));
        for (auto held = twin.lower_bound(oldest); held != twin.end(); ++held)
            REQUIRE(packets.contains(*held));
    }
}

}  // namespace
}  // namespace hearsay::gossip
