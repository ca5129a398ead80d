#include <iostream>

#include "tests/catch.h"
#include "tests/sim/chaos.h"

namespace hearsay::sim {
namespace {

// Generous against the slowest backoff, far below what an operator would call broken.
constexpr Duration kConvergeLimit = 60s;

// Seeds are dealt out to two cases, so that two cores can share them.
void run_chaos(std::uint64_t share) {
    const std::uint64_t first = base_seed();
    const std::uint64_t count = number_from_environment("HEARSAY_SIM_SEEDS", 200);
    std::cout << "chaos with every other seed from " << first + share << " to " << first + count - 1
              << "\n";
    for (std::uint64_t seed = first + share; seed < first + count; seed += 2) {
        INFO(replay_hint(seed));
        Chaos chaos(seed);
        chaos.rage();
        chaos.calm();
        const bool has_converged =
            chaos.network().run_until([&] { return chaos.has_converged(); }, kConvergeLimit);
        INFO(chaos.describe());
        REQUIRE(has_converged);
    }
}

}  // namespace

// Goal: whatever happens, the ledger's rules hold, and once it stops everyone agrees on who is
// there and has every message that some process still held.
// Method: random plans; a phase in which anything may happen, then a quiet one.
TEST_CASE("after chaos everyone has everything once, even seeds", "[sim][chaos][even]") {
    run_chaos(0);
}

TEST_CASE("after chaos everyone has everything once, odd seeds", "[sim][chaos][odd]") {
    run_chaos(1);
}

}  // namespace hearsay::sim
