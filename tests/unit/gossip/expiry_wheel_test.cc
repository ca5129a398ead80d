#include "daemon/gossip/expiry_wheel.h"

#include <algorithm>
#include <map>
#include <random>

#include "tests/catch.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};

TEST_CASE("the wheel gives back what is due, earliest second first", "[wheel]") {
    ExpiryWheel wheel;
    CHECK_FALSE(wheel.take_due(kStart));
    wheel.add(30, kStart + 3s);
    wheel.add(10, kStart + 1s);
    wheel.add(20, kStart + 2s);
    CHECK(wheel.take_due(kStart + 2s).value().hash == 10);
    CHECK(wheel.take_due(kStart + 2s).value().hash == 20);
    CHECK_FALSE(wheel.take_due(kStart + 2s));
    CHECK(wheel.size() == 1);
    CHECK(wheel.next_deadline() == kStart + 3s);
}

TEST_CASE("an entry keeps its instant while the wheel turns", "[wheel]") {
    ExpiryWheel wheel;
    CHECK_FALSE(wheel.take_due(kStart));
    const std::uint32_t tick = wheel.add(1, kStart + 8'000s);
    CHECK(wheel.instant_of(tick) == kStart + 8'000s);
    CHECK_FALSE(wheel.take_due(kStart + 7'999s));
    CHECK(wheel.instant_of(tick) == kStart + 8'000s);
    CHECK(wheel.take_due(kStart + 8'000s).value().tick == tick);
}

TEST_CASE("a second may hold more than a block", "[wheel]") {
    ExpiryWheel wheel;
    CHECK_FALSE(wheel.take_due(kStart));
    for (std::uint32_t i = 0; i < 100; ++i) wheel.add(i, kStart + 5s);
    wheel.check_invariants();
    for (std::uint32_t i = 100; i > 0; --i) CHECK(wheel.take_earliest().hash == i - 1);
    CHECK(wheel.size() == 0);
    wheel.check_invariants();
}

TEST_CASE("the wheel uses its blocks again", "[wheel]") {
    ExpiryWheel wheel;
    std::size_t memory = 0;
    for (int round = 0; round < 50; ++round) {
        const Instant now = kStart + round * 100s;
        while (wheel.take_due(now)) {
        }
        for (std::uint32_t i = 0; i < 1'000; ++i) wheel.add(i, now + (1 + i % 90) * 1s);
        if (round == 0) memory = wheel.memory();
    }
    CHECK(wheel.memory() == memory);
}

TEST_CASE("a long sleep makes everything due, in order", "[wheel]") {
    ExpiryWheel wheel;
    CHECK_FALSE(wheel.take_due(kStart));
    for (std::uint32_t i = 1; i <= 70; ++i) wheel.add(i, kStart + i * 60s);
    for (std::uint32_t i = 1; i <= 70; ++i)
        CHECK(wheel.take_due(kStart + 1'000'000s).value().hash == i);
    CHECK_FALSE(wheel.take_due(kStart + 1'000'000s));
    wheel.add(7, kStart + 1'000'001s);
    CHECK(wheel.next_deadline() == kStart + 1'000'001s);
    wheel.check_invariants();
}

TEST_CASE("the wheel behaves like a sorted list", "[wheel][model]") {
    const std::uint64_t seed = Catch::rngSeed();
    INFO("replay with --rng-seed " << seed);
    std::mt19937_64 random(seed);
    ExpiryWheel wheel;
    std::multimap<Instant, std::uint32_t> twin;
    Instant now = kStart;
    CHECK_FALSE(wheel.take_due(now));
    for (std::uint32_t step = 1; step < 5'000; ++step) {
        if (random() % 20 == 0) now += std::chrono::seconds(random() % 600);
        while (const auto due = wheel.take_due(now)) {
            REQUIRE_FALSE(twin.empty());
            const Instant earliest = twin.begin()->first;
            REQUIRE(earliest <= now);
            const auto [first, last] = twin.equal_range(earliest);
            const auto match = std::find_if(
                first, last, [&](const auto& entry) { return entry.second == due->hash; });
            REQUIRE(match != last);
            twin.erase(match);
        }
        REQUIRE((twin.empty() || twin.begin()->first > now));
        const Instant at = now + std::chrono::seconds(1 + random() % 8'190);
        wheel.add(step, at);
        twin.emplace(at, step);
        REQUIRE(wheel.size() == twin.size());
        REQUIRE(wheel.next_deadline() == twin.begin()->first);
        if (step % 16 == 0) wheel.check_invariants();
    }
}

}  // namespace
}  // namespace hearsay::gossip
