#include <iostream>

#include "tests/catch.h"
#include "tests/sim/network.h"

// How soon a network is one, and one again.
namespace hearsay::sim {
namespace {

void require_formed_within(double loss, Duration limit, std::uint64_t seed) {
    INFO(replay_hint(seed) << ", " << loss * 100 << "% loss");
    Network network(
        {.nodes = 30, .seed = seed, .faults = {.loss = loss}, .start_spread = 10ms});
    CHECK(network.run_until([&] { return network.members_agree(); }, limit - 10ms));
}

std::vector<std::vector<std::size_t>> halves_of(std::size_t nodes) {
    std::vector<std::vector<std::size_t>> halves(2);
    for (std::size_t node = 0; node < nodes; ++node) halves[node * 2 / nodes].push_back(node);
    return halves;
}

void require_healed_within(Duration limit, std::size_t nodes, Duration apart, std::uint64_t seed) {
    INFO(replay_hint(seed) << ", " << nodes << " nodes");
    Network network({.nodes = nodes, .seed = seed, .invariants_every = 1009});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    network.run_for(3s);
    network.partition(halves_of(nodes));
    network.run_for(apart);
    CHECK(network.state_of(nodes - 1, 0) != gossip::MemberState::alive);
    network.heal();
    CHECK(network.run_until([&] { return network.members_agree(); }, limit));
}

}  // namespace

TEST_CASE("30 nodes started at once are one network within a second", "[sim][liveness]") {
    for (std::uint64_t i = 0; i < 10; ++i) require_formed_within(0, 1s, base_seed() + i);
}

TEST_CASE("30 nodes started at once with 5 to 20 percent loss are one within 3 seconds, 100 times",
          "[sim][liveness]") {
    for (std::uint64_t i = 0; i < 100; ++i)
        require_formed_within(0.05 + 0.15 * static_cast<double>(i) / 99, 3s, base_seed() + i);
}

TEST_CASE("4 and 4 nodes apart for a minute are one within 3 seconds", "[sim][liveness]") {
    for (std::uint64_t i = 0; i < 20; ++i) require_healed_within(3s, 8, 60s, base_seed() + i);
}

TEST_CASE("10 and 10 nodes apart for a minute are one within 3 seconds", "[sim][liveness]") {
    for (std::uint64_t i = 0; i < 20; ++i) require_healed_within(3s, 20, 60s, base_seed() + i);
}

TEST_CASE("halves that were apart for a day are one within 3 seconds", "[sim][liveness]") {
    require_healed_within(3s, 6, 24h + 5min, base_seed());
}

TEST_CASE("a node restarted at a new address is usable within a second", "[sim][liveness]") {
    for (std::uint64_t seed = base_seed(); seed < base_seed() + 20; ++seed) {
        INFO(replay_hint(seed));
        Network network({.nodes = 12, .seed = seed});
        REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
        network.run_for(3s);
        network.kill(5);
        network.change_address(5, address_of(700, 0, false));
        network.run_for(10s);
        network.restart(5);
        network.run_for(100ms);
        const Published from = network.publish(5, "from there");
        const Published to = network.publish(0, "to there");
        CHECK(network.run_until(
            [&] {
                return network.members_agree() && network.is_complete(from) &&
                       network.is_complete(to);
            },
            900ms));
    }
}

TEST_CASE("4 of 20 asleep for 12 seconds, five times, and nobody else is called failed",
          "[sim][liveness]") {
    for (std::uint64_t seed = base_seed(); seed < base_seed() + 5; ++seed) {
        INFO(replay_hint(seed));
        Network network({.nodes = 20, .seed = seed});
        REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
        network.run_for(3s);
        const Instant since = network.time();
        for (std::size_t round = 0; round < 5; ++round) {
            for (std::size_t node = 0; node < 4; ++node) network.pause(round * 4 + node);
            network.run_for(12s);
            for (std::size_t node = 0; node < 4; ++node) network.resume(round * 4 + node);
            CHECK(network.run_until([&] { return network.members_agree(); }, 3s));
            network.run_for(5s);
        }
        CHECK(network.false_failures(since) == 0);
    }
}

TEST_CASE("each of 30 nodes keeps 4 to 13 links, and half of them gone leaves one network",
          "[sim][liveness]") {
    for (std::uint64_t seed = base_seed(); seed < base_seed() + 10; ++seed) {
        INFO(replay_hint(seed));
        Network network({.nodes = 30, .seed = seed});
        REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
        network.run_for(30s);
        for (const std::size_t node : network.running()) {
            const std::size_t links = network.engine(node).link_count();
            CHECK((links >= 4 && links <= 13));
        }
        for (std::size_t node = 0; node < 30; node += 2) network.kill(node);
        CHECK(network.run_until([&] { return network.members_agree(); }, 7s));
        CHECK(network.is_connected());
    }
}

// Those who had only neighbours that died miss what the others say about the dead.
TEST_CASE("half of 100 nodes gone at once, those left agree within 6 s", "[sim][liveness]") {
    for (std::uint64_t seed = base_seed(); seed < base_seed() + 2; ++seed) {
        INFO(replay_hint(seed));
        Network network({.nodes = 100, .seed = seed, .invariants_every = 0});
        REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
        network.run_for(10s);
        for (std::size_t node = 0; node < 100; node += 2) network.kill(node);
        CHECK(network.run_until([&] { return network.members_agree(); }, 6s));
        CHECK(network.is_connected());
    }
}

}  // namespace hearsay::sim
