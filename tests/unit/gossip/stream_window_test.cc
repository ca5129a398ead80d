#include "daemon/gossip/stream_window.h"

#include <algorithm>
#include <limits>
#include <random>
#include <set>

#include "tests/catch.h"

namespace hearsay::gossip {
namespace {

using wire::NumberRange;
constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();

std::vector<NumberRange> missing_in(const StreamWindow& window) {
    std::vector<NumberRange> ranges;
    for (auto run = window.next_missing(window.floor()); run; run = window.next_missing(run->last))
        ranges.push_back(*run);
    return ranges;
}

TEST_CASE("a new stream has nothing settled but zero, which is no number", "[stream]") {
    StreamWindow window;
    CHECK(window.is_settled(0));
    CHECK_FALSE(window.settle(0));
    CHECK_FALSE(window.is_settled(1));
    CHECK_FALSE(window.is_settled(kLast));
    CHECK(window.floor() == 0);
    CHECK(window.top() == 0);
    CHECK_FALSE(window.next_missing(0));
    CHECK_FALSE(window.next_settled(0));
}

TEST_CASE("a stream in order needs no memory", "[stream]") {
    StreamWindow window;
    for (std::uint64_t seq = 1; seq <= 100'000; ++seq) CHECK(window.settle(seq));
    CHECK(window.floor() == 100'000);
    CHECK(window.top() == 100'000);
    CHECK(window.memory() == 0);
}

TEST_CASE("a number is settled once", "[stream]") {
    StreamWindow window;
    CHECK(window.settle(1));
    CHECK_FALSE(window.settle(1));
    CHECK(window.settle(3));
    CHECK_FALSE(window.settle(3));
    CHECK(window.is_settled(3));
    CHECK_FALSE(window.is_settled(2));
}

TEST_CASE("filling the gap raises the floor over all that waited", "[stream]") {
    StreamWindow window;
    for (std::uint64_t seq = 2; seq <= 500; ++seq) window.settle(seq);
    CHECK(window.floor() == 0);
    CHECK(window.missing_count() == 1);
    CHECK(window.settle(1));
    CHECK(window.floor() == 500);
    CHECK(window.missing_count() == 0);
    CHECK(window.memory() <= 64);
}

TEST_CASE("the missing runs are those between the settled", "[stream]") {
    StreamWindow window;
    for (const std::uint64_t seq : {1U, 3U, 4U, 7U, 70U, 71U, 200U}) window.settle(seq);
    CHECK(missing_in(window) == std::vector<NumberRange>{{2, 2}, {5, 6}, {8, 69}, {72, 199}});
    CHECK(window.next_missing(10) == NumberRange{11, 69});
    CHECK(window.settled_ranges(99) ==
          std::vector<NumberRange>{{3, 4}, {7, 7}, {70, 71}, {200, 200}});
    CHECK(window.settled_ranges(2) == std::vector<NumberRange>{{3, 4}, {7, 7}});
    CHECK(window.missing_count() == 1 + 2 + 62 + 128);
}

TEST_CASE("a number seen and not settled is missing", "[stream]") {
    StreamWindow window;
    window.settle(1);
    window.see(5);
    CHECK(window.top() == 5);
    CHECK_FALSE(window.is_settled(5));
    CHECK(missing_in(window) == std::vector<NumberRange>{{2, 5}});
    window.see(3);
    CHECK(window.top() == 5);
    CHECK(window.memory() == 0);
}

TEST_CASE("a claim of a far number gives up nothing", "[stream]") {
    StreamWindow window(1'000);
    window.settle(1);
    window.see(kLast);
    CHECK(window.floor() == 1);
    CHECK(window.top() == 1'001);
    CHECK(window.given_up() == 0);
    CHECK(window.memory() == 0);
    CHECK(window.settle(2));
    CHECK(window.floor() == 2);
    window.check_invariants();
}

TEST_CASE("at the width nothing is given up, one beyond it one number is", "[stream]") {
    StreamWindow window(128);
    CHECK(window.settle(128));
    CHECK(window.floor() == 0);
    CHECK(window.given_up() == 0);
    CHECK(window.settle(129));
    CHECK(window.floor() == 1);
    CHECK(window.given_up() == 1);
    CHECK(window.is_settled(1));
    CHECK_FALSE(window.is_settled(2));
    window.check_invariants();
}

TEST_CASE("what was settled below a jump does not count as given up", "[stream]") {
    StreamWindow window(100);
    window.settle(2);
    window.settle(50);
    window.settle(150);
    CHECK(window.floor() == 50);
    CHECK(window.given_up() == 48);
    window.check_invariants();
}

TEST_CASE("a jump to the last number neither overflows nor fills memory", "[stream]") {
    StreamWindow window;
    window.settle(1);
    window.settle(3);
    CHECK(window.settle(kLast));
    CHECK(window.is_settled(kLast));
    CHECK_FALSE(window.is_settled(kLast - 1));
    CHECK(window.floor() == kLast - 65'536);
    CHECK(window.given_up() == kLast - 65'536 - 2);
    CHECK(window.memory() <= 65'536 / 8);
    CHECK(missing_in(window) == std::vector<NumberRange>{{kLast - 65'535, kLast - 1}});
    window.check_invariants();
}

TEST_CASE("a stream can end at the last number", "[stream]") {
    StreamWindow window(64);
    CHECK(window.settle_to(kLast - 3) == kLast - 3);
    window.see(kLast);
    CHECK(window.top() == kLast);
    CHECK(window.settle(kLast));
    CHECK(window.settle(kLast - 2));
    CHECK(missing_in(window) == std::vector<NumberRange>{{kLast - 1, kLast - 1}});
    CHECK(window.settle(kLast - 1));
    CHECK(window.floor() == kLast);
    CHECK(window.is_settled(kLast));
    CHECK_FALSE(window.settle(kLast));
    CHECK(window.settle_to(kLast) == 0);
    CHECK_FALSE(window.next_missing(0));
    window.check_invariants();
}

TEST_CASE("repeated far jumps count without overflow", "[stream]") {
    StreamWindow window(64);
    window.settle(kLast / 2);
    window.settle(kLast - 70);
    window.settle(kLast);
    CHECK(window.given_up() > kLast - 200);
    CHECK(window.given_up() < kLast);
    window.check_invariants();
}

TEST_CASE("raising the floor says how many were missing", "[stream]") {
    StreamWindow window;
    window.settle(2);
    window.settle(3);
    window.settle(6);
    window.settle(8);
    CHECK(window.settle_to(5) == 3);
    CHECK(window.floor() == 6);
    CHECK(window.settle_to(4) == 0);
    CHECK(window.settle_to(100) == 93);
    CHECK(window.floor() == 100);
    CHECK(window.top() == 100);
    CHECK(window.given_up() == 0);
    window.check_invariants();
}

TEST_CASE("a saved window is restored from its floor and runs", "[stream]") {
    StreamWindow saved;
    saved.settle_to(1'000);
    for (std::uint64_t seq = 1'002; seq < 9'000; seq += 1 + seq % 7) saved.settle(seq);
    StreamWindow restored;
    restored.settle_to(saved.floor());
    for (const NumberRange& range : saved.settled_ranges(100'000)) restored.settle(range);
    CHECK(restored.floor() == saved.floor());
    CHECK(restored.top() == saved.top());
    CHECK(restored.given_up() == 0);
    CHECK(missing_in(restored) == missing_in(saved));
}

TEST_CASE("a range from a damaged file costs bounded work", "[stream]") {
    StreamWindow window(128);
    window.settle(NumberRange{10, 5});
    CHECK(window.top() == 0);
    window.settle(NumberRange{11, kLast});
    CHECK(window.floor() == kLast);
    CHECK(window.given_up() == 10);
    window.check_invariants();
}

TEST_CASE("memory grows to the width and is freed when the gap closes", "[stream]") {
    StreamWindow window;
    window.settle(100);
    CHECK(window.memory() <= 64);
    window.settle(65'536);
    CHECK(window.memory() == 8'192);
    for (std::uint64_t seq = 2; seq < 65'536; ++seq) window.settle(seq);
    CHECK(window.memory() == 8'192);
    window.settle(1);
    CHECK(window.floor() == 65'536);
    CHECK(window.memory() == 0);
    window.check_invariants();
}

// The obvious slow window.
struct SlowWindow {
    std::uint64_t width;
    std::uint64_t floor = 0;
    std::uint64_t top = 0;
    std::uint64_t given_up = 0;
    std::set<std::uint64_t> above{};

    bool is_settled(std::uint64_t seq) const { return seq <= floor || above.contains(seq); }
    std::uint64_t raise(std::uint64_t to) {
        if (to <= floor) return 0;
        std::uint64_t missed = to - floor;
        while (!above.empty() && *above.begin() <= to) {
            above.erase(above.begin());
            --missed;
        }
        floor = to;
        top = std::max(top, to);
        while (floor != kLast && above.erase(floor + 1) > 0) ++floor;
        return missed;
    }
    bool settle(std::uint64_t seq) {
        if (is_settled(seq)) return false;
        if (seq - floor > width) given_up += raise(seq - width);
        above.insert(seq);
        top = std::max(top, seq);
        if (seq == floor + 1) raise(seq);
        return true;
    }
    void see(std::uint64_t seq) {
        top = std::max(top, seq > floor && seq - floor > width ? floor + width : seq);
    }
};

void check_alike(const StreamWindow& window, const SlowWindow& twin) {
    REQUIRE(window.floor() == twin.floor);
    REQUIRE(window.top() == twin.top);
    REQUIRE(window.given_up() == twin.given_up);
    REQUIRE(window.missing_count() == twin.top - twin.floor - twin.above.size());
    std::uint64_t at = twin.floor;
    bool in_missing_run = false;
    auto run = window.next_missing(window.floor());
    while (at < twin.top) {
        ++at;
        REQUIRE(window.is_settled(at) == twin.is_settled(at));
        if (run && at > run->last) run = window.next_missing(run->last);
        in_missing_run = run && run->first <= at;
        REQUIRE(in_missing_run == !twin.is_settled(at));
    }
    if (at != kLast) REQUIRE_FALSE(window.is_settled(at + 1));
    window.check_invariants();
}

void drive_beside_twin(std::uint64_t width, std::uint64_t start, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    StreamWindow window(width);
    SlowWindow twin{.width = width};
    REQUIRE(window.settle_to(start) == twin.raise(start));
    for (int step = 0; step < 1'500; ++step) {
        const std::uint64_t reach = random() % 16 == 0 ? 2 * width + 2 : width / 4 + 3;
        const std::uint64_t ahead = random() % reach;
        const std::uint64_t seq = ahead > kLast - twin.floor ? kLast : twin.floor + ahead;
        switch (random() % 8) {
            case 0:
                REQUIRE(window.settle_to(seq - seq % 2) == twin.raise(seq - seq % 2));
                break;
            case 1:
                window.see(seq);
                twin.see(seq);
                break;
            default:
                REQUIRE(window.settle(seq) == twin.settle(seq));
        }
        check_alike(window, twin);
    }
}

TEST_CASE("the window behaves like a set of numbers", "[stream][model]") {
    const std::uint64_t seed = Catch::rngSeed();
    INFO("replay with --rng-seed " << seed);
    for (const std::uint64_t width : {1U, 63U, 64U, 65U, 200U, 1'000U}) {
        INFO("width " << width);
        drive_beside_twin(width, 0, seed);
        drive_beside_twin(width, kLast - 1'500, seed);
    }
}

}  // namespace
}  // namespace hearsay::gossip
