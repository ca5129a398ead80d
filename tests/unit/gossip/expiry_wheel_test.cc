#include "daemon/gossip/expiry_wheel.h"

#include <algorithm>
#include <map>
#include <random>

#include "tests/catch.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};

crypto::Uid uid_of(std::uint32_t number) {
    crypto::Uid uid;
    for (std::size_t i = 0; i < 4; ++i) uid.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return uid;
}

// A wheel that stands at `now`, as after the first take_due().
ExpiryWheel wheel_at(Instant now) {
    ExpiryWheel wheel;
    wheel.take_due(now);
    return wheel;
}

void add(ExpiryWheel& wheel, std::uint32_t slot, Instant at) {
    wheel.add({uid_of(slot), slot}, at);
}

TEST_CASE("the wheel gives back what is due, earliest second first", "[wheel]") {
    ExpiryWheel wheel = wheel_at(kStart);
    add(wheel, 30, kStart + 3s);
    add(wheel, 10, kStart + 1s);
    add(wheel, 20, kStart + 2s);
    CHECK(wheel.take_due(kStart + 2s) == 10U);
    CHECK(wheel.take_due(kStart + 2s) == 20U);
    CHECK_FALSE(wheel.take_due(kStart + 2s));
    CHECK(wheel.size() == 1);
    CHECK(wheel.next_deadline() == kStart + 3s);
}

TEST_CASE("an entry keeps its instant while the wheel turns", "[wheel]") {
    ExpiryWheel wheel = wheel_at(kStart);
    add(wheel, 1, kStart + 8'000s);
    CHECK(wheel.next_deadline() == kStart + 8'000s);
    CHECK_FALSE(wheel.take_due(kStart + 7'999s));
    CHECK(wheel.next_deadline() == kStart + 8'000s);
    CHECK(wheel.take_due(kStart + 8'000s) == 1U);
    CHECK_FALSE(wheel.next_deadline());
}

TEST_CASE("a second may hold more than a block", "[wheel]") {
    ExpiryWheel wheel = wheel_at(kStart);
    for (std::uint32_t i = 0; i < 100; ++i) add(wheel, i, kStart + 5s);
    wheel.check_invariants();
    for (std::uint32_t i = 100; i > 0; --i) {
        CHECK(wheel.peek_earliest() == i - 1);
        CHECK(wheel.take_earliest() == i - 1);
    }
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
        for (std::uint32_t i = 0; i < 1'000; ++i) add(wheel, i, now + (1 + i % 90) * 1s);
        if (round == 0) memory = wheel.memory();
    }
    CHECK(wheel.memory() == memory);
}

TEST_CASE("a long sleep makes everything due, in order", "[wheel]") {
    ExpiryWheel wheel = wheel_at(kStart);
    for (std::uint32_t i = 1; i <= 70; ++i) add(wheel, i, kStart + i * 60s);
    for (std::uint32_t i = 1; i <= 70; ++i) CHECK(wheel.take_due(kStart + 1'000'000s) == i);
    CHECK_FALSE(wheel.take_due(kStart + 1'000'000s));
    add(wheel, 7, kStart + 1'000'001s);
    CHECK(wheel.next_deadline() == kStart + 1'000'001s);
    wheel.check_invariants();
}

TEST_CASE("a turn of the wheel does not mix up its ends", "[wheel]") {
    ExpiryWheel wheel = wheel_at(kStart);
    add(wheel, 1, kStart + 1s);
    add(wheel, 2, kStart + ExpiryWheel::kHorizon);
    CHECK(wheel.take_due(kStart + 1s) == 1U);
    CHECK_FALSE(wheel.take_due(kStart + 1s));
    add(wheel, 3, kStart + 1s + ExpiryWheel::kHorizon);
    CHECK(wheel.next_deadline() == kStart + ExpiryWheel::kHorizon);
    CHECK(wheel.take_earliest() == 2U);
    CHECK(wheel.next_deadline() == kStart + 1s + ExpiryWheel::kHorizon);
}

TEST_CASE("when the table moves its entries, their slots and nothing else changes", "[wheel]") {
    ExpiryWheel wheel = wheel_at(kStart);
    for (std::uint32_t i = 0; i < 40; ++i) add(wheel, i, kStart + (1 + i % 4) * 1s);
    wheel.renumber([](std::span<ExpiryWheel::Entry> entries) {
        CHECK(entries.size() <= ExpiryWheel::kBlock);
        for (ExpiryWheel::Entry& entry : entries) entry.slot += 1'000;
    });
    std::uint32_t visited = 0;
    Instant last = kStart;
    wheel.for_each([&](const ExpiryWheel::Entry& entry, Instant at) {
        const std::uint32_t number = entry.slot - 1'000;
        CHECK(entry.uid == uid_of(number));
        CHECK(at == kStart + (1 + number % 4) * 1s);
        CHECK(last <= at);
        last = at;
        ++visited;
    });
    CHECK(visited == 40);
    CHECK(wheel.take_earliest() >= 1'000);
}

TEST_CASE("the wheel behaves like a sorted list", "[wheel][model]") {
    const std::uint64_t seed = Catch::rngSeed();
    INFO("replay with --rng-seed " << seed);
    std::mt19937_64 random(seed);
    ExpiryWheel wheel = wheel_at(kStart);
    std::multimap<Instant, std::uint32_t> twin;
    Instant now = kStart;
    for (std::uint32_t step = 1; step < 5'000; ++step) {
        if (random() % 20 == 0) now += std::chrono::seconds(random() % 600);
        while (const auto due = wheel.take_due(now)) {
            REQUIRE_FALSE(twin.empty());
            const Instant earliest = twin.begin()->first;
            REQUIRE(earliest <= now);
            const auto [first, last] = twin.equal_range(earliest);
            const auto match =
                std::find_if(first, last, [&](const auto& entry) { return entry.second == *due; });
            REQUIRE(match != last);
            twin.erase(match);
        }
        REQUIRE((twin.empty() || twin.begin()->first > now));
        const Instant at = now + std::chrono::seconds(1 + random() % 8'190);
        add(wheel, step, at);
        twin.emplace(at, step);
        REQUIRE(wheel.size() == twin.size());
        REQUIRE(wheel.next_deadline() == twin.begin()->first);
        if (step % 16 == 0) wheel.check_invariants();
    }
}

}  // namespace
}  // namespace hearsay::gossip
