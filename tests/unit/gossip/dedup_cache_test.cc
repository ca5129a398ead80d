#include "daemon/gossip/dedup_cache.h"

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "tests/catch.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using crypto::Uid;

constexpr Instant kStart{1h};
constexpr crypto::ShortHashKey kKey{1, 2, 3};

Uid uid_of(std::uint64_t number) {
    Uid uid;
    for (std::size_t i = 0; i < 8; ++i) uid.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return uid;
}

TEST_CASE("a uid is new exactly once", "[dedup]") {
    DedupCache cache({.entries_max = 8}, kKey);
    CHECK_FALSE(cache.contains(uid_of(1)));
    CHECK(cache.insert(uid_of(1), kStart + 10s, kStart));
    CHECK(cache.contains(uid_of(1)));
    CHECK_FALSE(cache.insert(uid_of(1), kStart + 10s, kStart + 9'999ms));
    CHECK(cache.size() == 1);
}

TEST_CASE("the zero uid is one like any other", "[dedup]") {
    DedupCache cache({.entries_max = 8}, kKey);
    CHECK_FALSE(cache.contains(Uid{}));
    CHECK(cache.insert(Uid{}, kStart + 1s, kStart));
    CHECK(cache.contains(Uid{}));
}

TEST_CASE("an entry lives to its deadline and goes at the whole second after it", "[dedup]") {
    DedupCache cache({.entries_max = 8}, kKey);
    cache.insert(uid_of(1), kStart + 1'200ms, kStart);
    CHECK(cache.next_deadline() == kStart + 2s);
    cache.expire(kStart + 1'999ms);
    CHECK(cache.contains(uid_of(1)));
    cache.expire(kStart + 2s);
    CHECK_FALSE(cache.contains(uid_of(1)));
    CHECK(cache.next_deadline() == std::nullopt);
    CHECK(cache.evicted_live() == 0);
}

TEST_CASE("a deadline at a whole second is met at it", "[dedup]") {
    DedupCache cache({.entries_max = 8}, kKey);
    cache.insert(uid_of(1), kStart + 2s, kStart);
    cache.expire(kStart + 2s - 1ns);
    CHECK(cache.size() == 1);
    cache.expire(kStart + 2s);
    CHECK(cache.size() == 0);
}

TEST_CASE("a repeat does not extend a life", "[dedup]") {
    DedupCache cache({.entries_max = 8}, kKey);
    cache.insert(uid_of(1), kStart + 2s, kStart);
    CHECK_FALSE(cache.insert(uid_of(1), kStart + 60s, kStart + 1s));
    CHECK(cache.next_deadline() == kStart + 2s);
    CHECK(cache.insert(uid_of(1), kStart + 60s, kStart + 2s));
}

TEST_CASE("short and long lives mix", "[dedup]") {
    DedupCache cache({.entries_max = 8}, kKey);
    cache.insert(uid_of(1), kStart + 70min, kStart);
    cache.insert(uid_of(2), kStart + 1s, kStart);
    cache.insert(uid_of(3), kStart + 60s, kStart);
    CHECK(cache.next_deadline() == kStart + 1s);
    cache.expire(kStart + 1s);
    CHECK(cache.next_deadline() == kStart + 60s);
    cache.expire(kStart + 61s);
    CHECK(cache.next_deadline() == kStart + 70min);
    CHECK(cache.contains(uid_of(1)));
    CHECK(cache.size() == 1);
}

TEST_CASE("a full cache evicts what expires soonest, and says so", "[dedup]") {
    DedupCache cache({.entries_max = 3}, kKey);
    cache.insert(uid_of(1), kStart + 60s, kStart);
    cache.insert(uid_of(2), kStart + 5s, kStart);
    cache.insert(uid_of(3), kStart + 30s, kStart);
    CHECK(cache.evicted_live() == 0);
    CHECK(cache.insert(uid_of(4), kStart + 40s, kStart));
    CHECK_FALSE(cache.contains(uid_of(2)));
    CHECK(cache.contains(uid_of(1)));
    CHECK(cache.contains(uid_of(3)));
    CHECK(cache.contains(uid_of(4)));
    CHECK(cache.size() == 3);
    CHECK(cache.evicted_live() == 1);
}

TEST_CASE("a flood of short lives evicts its own", "[dedup]") {
    DedupCache cache({.entries_max = 16}, kKey);
    for (std::uint64_t i = 0; i < 8; ++i) cache.insert(uid_of(i), kStart + 60s, kStart);
    for (std::uint64_t i = 100; i < 1100; ++i) cache.insert(uid_of(i), kStart + 1s, kStart);
    for (std::uint64_t i = 0; i < 8; ++i) CHECK(cache.contains(uid_of(i)));
    CHECK(cache.evicted_live() == 992);
}

TEST_CASE("what is due makes room without an eviction", "[dedup]") {
    DedupCache cache({.entries_max = 2}, kKey);
    cache.insert(uid_of(1), kStart + 1s, kStart);
    cache.insert(uid_of(2), kStart + 9s, kStart);
    CHECK(cache.insert(uid_of(3), kStart + 9s, kStart + 1s));
    CHECK(cache.contains(uid_of(2)));
    CHECK(cache.evicted_live() == 0);
}

TEST_CASE("what has expired already is remembered until the next second", "[dedup]") {
    DedupCache cache({.entries_max = 8}, kKey);
    CHECK(cache.insert(uid_of(1), kStart - 5s, kStart));
    CHECK(cache.contains(uid_of(1)));
    CHECK(cache.next_deadline() == kStart + 1s);
}

TEST_CASE("what would live for ever goes at the horizon", "[dedup]") {
    DedupCache cache({.entries_max = 8}, kKey);
    cache.insert(uid_of(1), Instant::max(), kStart);
    CHECK(cache.next_deadline() == kStart + ExpiryWheel::kHorizon);
    cache.expire(kStart + ExpiryWheel::kHorizon);
    CHECK(cache.size() == 0);
}

TEST_CASE("time that runs backwards forgets nothing", "[dedup]") {
    DedupCache cache({.entries_max = 8}, kKey);
    cache.insert(uid_of(1), kStart + 10s, kStart + 5s);
    cache.expire(kStart);
    CHECK(cache.insert(uid_of(2), kStart + 1s, kStart));
    CHECK(cache.contains(uid_of(1)));
    CHECK(cache.contains(uid_of(2)));
    cache.check_invariants();
    cache.expire(kStart + 10s);
    CHECK(cache.size() == 0);
}

TEST_CASE("saving sees each entry once, with its deadline", "[dedup]") {
    DedupCache cache({.entries_max = 500}, kKey);
    std::map<Uid, Instant> expected;
    for (std::uint64_t i = 0; i < 200; ++i) {
        const Instant expires_at = kStart + std::chrono::seconds(1 + i % 90);
        cache.insert(uid_of(i), expires_at, kStart);
        expected.emplace(uid_of(i), expires_at);
    }
    std::map<Uid, Instant> seen;
    cache.for_each(
        [&](const Uid& uid, Instant expires_at) { CHECK(seen.emplace(uid, expires_at).second); });
    CHECK(seen == expected);
}

TEST_CASE("memory follows use and ends at its bound", "[dedup]") {
    constexpr std::size_t kEntriesMax = 10'000;
    DedupCache cache({.entries_max = kEntriesMax}, kKey);
    const std::size_t empty = cache.memory();
    CHECK(empty < 40'000);
    std::size_t full = 0;
    for (std::uint64_t i = 0; i < 5 * kEntriesMax; ++i) {
        cache.insert(uid_of(i), kStart + 60s, kStart);
        if (i == 500) CHECK(cache.memory() < empty + 64 * 1024);
        if (i + 1 == kEntriesMax) full = cache.memory();
    }
    CHECK(cache.size() == kEntriesMax);
    CHECK(cache.memory() == full);
    CHECK(full - empty < kEntriesMax * 35);
    cache.check_invariants();
}

TEST_CASE("everything survives each growth of the table", "[dedup]") {
    DedupCache cache({.entries_max = 5'000}, kKey);
    for (std::uint64_t i = 0; i < 5'000; ++i) {
        REQUIRE(cache.insert(uid_of(i), kStart + 60s, kStart));
        if (i % 500 == 0) cache.check_invariants();
    }
    for (std::uint64_t i = 0; i < 5'000; ++i) REQUIRE(cache.contains(uid_of(i)));
    CHECK(cache.evicted_live() == 0);
}

// Uids whose home is bucket `home` of a table that has not grown: 8 buckets of 7 slots.
class UidsAt {
public:
    Uid operator()(std::uint64_t home) {
        for (;; ++next_) {
            const Uid uid = uid_of(next_);
            if ((crypto::short_hash(kKey, uid.view()) >> 61) != home) continue;
            ++next_;
            return uid;
        }
    }

private:
    std::uint64_t next_ = 1'000;
};

// Goal: looks end. Method: fill stretches of the table for a second each, with one entry passing
// over each stretch and staying, until every bucket has been passed and none is full.
TEST_CASE("a look ends even when every bucket has been passed", "[dedup]") {
    DedupCache cache({.entries_max = 44}, kKey);
    UidsAt uids;
    std::vector<Uid> staying;
    Instant now = kStart;
    for (const auto& [first, last] : {std::pair{0U, 2U}, std::pair{3U, 5U}, std::pair{6U, 7U}}) {
        std::size_t filled = cache.size() == 0 ? 0 : 1;  // the entry that passed before is here
        for (std::uint64_t home = first; home <= last; ++home, filled = 0)
            for (; filled < 7; ++filled) cache.insert(uids(home), now + 1s, now);
        staying.push_back(uids(first));
        cache.insert(staying.back(), kStart + 60s, now);
        cache.check_invariants();
        now += 1s;
        cache.expire(now);
    }
    CHECK(cache.size() == 3);
    for (std::uint64_t home = 0; home < 8; ++home) CHECK_FALSE(cache.contains(uids(home)));
    for (const Uid& uid : staying) CHECK(cache.contains(uid));
    cache.check_invariants();
}

TEST_CASE("a crowded bucket finds room elsewhere and is found there", "[dedup]") {
    DedupCache cache({.entries_max = 44}, kKey);
    UidsAt uids;
    std::vector<Uid> crowd;
    for (int i = 0; i < 40; ++i) crowd.push_back(uids(7));  // wraps to the first buckets
    for (std::size_t i = 0; i < crowd.size(); ++i) {
        CHECK(cache.insert(crowd[i], kStart + std::chrono::seconds(1 + i % 9), kStart));
        cache.check_invariants();
    }
    for (const Uid& uid : crowd) CHECK(cache.contains(uid));
    for (int second = 1; second <= 9; ++second) {
        cache.expire(kStart + second * 1s);
        cache.check_invariants();
        for (std::size_t i = 0; i < crowd.size(); ++i)
            CHECK(cache.contains(crowd[i]) == (static_cast<int>(1 + i % 9) > second));
    }
}

// The obvious slow cache: everything in a map, in the order it came.
class SlowCache {
public:
    explicit SlowCache(std::size_t entries_max) : entries_max_(entries_max) {}

    void expire(Instant now) {
        now_ = std::max<Instant>(now_, std::chrono::floor<std::chrono::seconds>(now));
        std::erase_if(entries_, [&](const auto& entry) { return entry.second.goes_at <= now_; });
    }
    bool insert(const Uid& uid, Instant expires_at, Instant now) {
        expire(now);
        if (entries_.contains(uid)) return false;
        if (entries_.size() == entries_max_) {
            entries_.erase(std::min_element(entries_.begin(), entries_.end(), goes_first));
            ++evicted_;
        }
        const Instant goes_at =
            std::clamp<Instant>(std::chrono::ceil<std::chrono::seconds>(expires_at), now_ + 1s,
                                now_ + ExpiryWheel::kHorizon);
        entries_[uid] = {goes_at, ++order_};
        return true;
    }
    bool contains(const Uid& uid) const { return entries_.contains(uid); }
    std::size_t size() const { return entries_.size(); }
    std::uint64_t evicted() const { return evicted_; }
    std::optional<Instant> next_deadline() const {
        if (entries_.empty()) return std::nullopt;
        return std::min_element(entries_.begin(), entries_.end(), goes_first)->second.goes_at;
    }

private:
    struct Entry {
        Instant goes_at;
        std::uint64_t order = 0;
    };
    static bool goes_first(const std::pair<const Uid, Entry>& a,
                           const std::pair<const Uid, Entry>& b) {
        if (a.second.goes_at != b.second.goes_at) return a.second.goes_at < b.second.goes_at;
        return a.second.order > b.second.order;
    }

    std::size_t entries_max_;
    std::map<Uid, Entry> entries_;
    Instant now_ = Instant::min();
    std::uint64_t order_ = 0;
    std::uint64_t evicted_ = 0;
};

void drive_beside_twin(std::size_t entries_max, std::uint64_t uids, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    DedupCache cache({.entries_max = entries_max}, kKey);
    SlowCache twin(entries_max);
    Instant now = kStart;
    for (int step = 0; step < 4'000; ++step) {
        now += std::chrono::milliseconds(random() % 300);
        if (random() % 500 == 0) now += std::chrono::seconds(random() % 20'000);
        if (random() % 100 == 0) now -= std::chrono::milliseconds(random() % 3'000);
        const auto lifetime =
            std::chrono::milliseconds(random() % (random() % 8 == 0 ? 4'200'000 : 60'000));
        const Uid uid = uid_of(random() % uids);
        if (random() % 8 == 0) {
            cache.expire(now);
            twin.expire(now);
        } else {
            const bool is_new = twin.insert(uid, now + lifetime, now);
            REQUIRE(cache.insert(uid, now + lifetime, now) == is_new);
        }
        const Uid probe = uid_of(random() % uids);
        REQUIRE(cache.contains(probe) == twin.contains(probe));
        REQUIRE(cache.size() == twin.size());
        REQUIRE(cache.evicted_live() == twin.evicted());
        REQUIRE(cache.next_deadline() == twin.next_deadline());
        cache.check_invariants();
    }
}

TEST_CASE("the cache behaves like a map of deadlines", "[dedup][model]") {
    const std::uint64_t seed = Catch::rngSeed();
    INFO("replay with --rng-seed " << seed);
    SECTION("of one entry") { drive_beside_twin(1, 4, seed); }
    SECTION("of one table as full as it gets") { drive_beside_twin(44, 100, seed); }
    SECTION("that is often full") { drive_beside_twin(48, 200, seed); }
    SECTION("that grows past its first table") { drive_beside_twin(300, 1'000, seed); }
    SECTION("that is rarely full") { drive_beside_twin(1'000, 1'000, seed); }
}

}  // namespace
}  // namespace hearsay::gossip
