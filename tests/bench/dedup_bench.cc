// DedupCache against std::unordered_set with the same keyed hash, at 2^18 entries. The set gets
// help it would not have in a daemon: it never expires anything, except where evicting is what
// is measured. (docs/decisions/0004-dedup-table.md)
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <deque>
#include <random>
#include <unordered_set>
#include <vector>

#include "daemon/gossip/dedup_cache.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using crypto::Uid;

constexpr std::size_t kEntries = std::size_t{1} << 18;
constexpr crypto::ShortHashKey kKey{1, 2, 3};
constexpr Instant kStart{1h};

struct KeyedHash {
    std::size_t operator()(const Uid& uid) const {
        return static_cast<std::size_t>(crypto::short_hash(kKey, uid.view()));
    }
};
using Set = std::unordered_set<Uid, KeyedHash>;

std::vector<Uid> random_uids(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<Uid> uids(count);
    for (Uid& uid : uids)
        for (std::uint8_t& byte : uid.bytes) byte = static_cast<std::uint8_t>(random());
    return uids;
}

const std::vector<Uid>& held() {
    static const std::vector<Uid> uids = random_uids(kEntries, 1);
    return uids;
}
const std::vector<Uid>& unknown() {
    static const std::vector<Uid> uids = random_uids(4 * kEntries, 2);
    return uids;
}
// In another order than they were inserted in.
const std::vector<Uid>& held_shuffled() {
    static const std::vector<Uid> uids = [] {
        std::vector<Uid> shuffled = held();
        std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937_64(3));
        return shuffled;
    }();
    return uids;
}

Instant expiry_of(std::size_t i) { return kStart + 60s + std::chrono::milliseconds(i / 5); }

DedupCache full_cache() {
    DedupCache cache({.entries_max = kEntries}, kKey);
    for (std::size_t i = 0; i < kEntries; ++i) cache.insert(held()[i], expiry_of(i), kStart);
    return cache;
}
Set full_set() { return {held().begin(), held().end(), 0, KeyedHash{}}; }

void short_hash(benchmark::State& state) {
    std::size_t i = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(crypto::short_hash(kKey, held()[i].view()));
        i = (i + 1) % kEntries;
    }
}

template <typename Table>
void look_up(benchmark::State& state, const Table& table, const std::vector<Uid>& uids) {
    std::size_t i = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(table.contains(uids[i]));
        if (++i == uids.size()) i = 0;
    }
}

void cache_look_up_held(benchmark::State& state) { look_up(state, full_cache(), held_shuffled()); }
void cache_look_up_unknown(benchmark::State& state) { look_up(state, full_cache(), unknown()); }
void set_look_up_held(benchmark::State& state) { look_up(state, full_set(), held_shuffled()); }
void set_look_up_unknown(benchmark::State& state) { look_up(state, full_set(), unknown()); }

// From empty to full, growth included.
void cache_fill(benchmark::State& state) {
    std::size_t memory = 0;
    for (auto _ : state) {
        const DedupCache cache = full_cache();
        memory = cache.memory();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEntries));
    state.counters["bytes_per_entry"] = static_cast<double>(memory) / kEntries;
}
void set_fill(benchmark::State& state) {
    for (auto _ : state) {
        Set set(0, KeyedHash{});
        for (const Uid& uid : held()) set.insert(uid);
        benchmark::DoNotOptimize(set.size());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEntries));
}

// Full, each insertion evicting what expires soonest.
void cache_insert_full(benchmark::State& state) {
    DedupCache cache = full_cache();
    std::size_t i = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(
            cache.insert(unknown()[i % unknown().size()], expiry_of(kEntries + i), kStart));
        ++i;
    }
}
void set_insert_full(benchmark::State& state) {
    Set set = full_set();
    std::deque<Uid> by_age(held().begin(), held().end());
    std::size_t i = 0;
    for (auto _ : state) {
        set.erase(by_age.front());
        by_age.pop_front();
        const Uid& uid = unknown()[i % unknown().size()];
        benchmark::DoNotOptimize(set.insert(uid).second);
        by_age.push_back(uid);
        ++i;
    }
}

// Processor time of the longest single insertion: that in which the table grows.
void cache_growth_pause(benchmark::State& state) {
    for (auto _ : state) {
        DedupCache cache({.entries_max = kEntries}, kKey);
        std::clock_t longest = 0;
        for (std::size_t i = 0; i < kEntries; ++i) {
            const std::clock_t before = std::clock();
            cache.insert(held()[i], expiry_of(i), kStart);
            longest = std::max(longest, std::clock() - before);
        }
        state.SetIterationTime(static_cast<double>(longest) / CLOCKS_PER_SEC);
    }
}

// Made before anything is timed.
void prepare() {
    unknown();
    held_shuffled();
}

BENCHMARK(short_hash);
BENCHMARK(cache_look_up_held);
BENCHMARK(set_look_up_held);
BENCHMARK(cache_look_up_unknown);
BENCHMARK(set_look_up_unknown);
BENCHMARK(cache_fill)->Unit(benchmark::kMillisecond);
BENCHMARK(set_fill)->Unit(benchmark::kMillisecond);
BENCHMARK(cache_insert_full);
BENCHMARK(set_insert_full);
BENCHMARK(cache_growth_pause)->Unit(benchmark::kMillisecond)->UseManualTime()->Iterations(5);

}  // namespace

int run(int argc, char** argv) {
    prepare();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

}  // namespace hearsay::gossip

int main(int argc, char** argv) { return hearsay::gossip::run(argc, argv); }
