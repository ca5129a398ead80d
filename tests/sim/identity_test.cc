#include "tests/catch.h"
#include "tests/sim/marks.h"
#include "tests/sim/network.h"

// Keys, epochs and tables of streams that are not as they should be.
namespace hearsay::sim {
namespace {

bool are_alive_at(const Network& network, const std::vector<std::size_t>& nodes, std::size_t at) {
    return std::all_of(nodes.begin(), nodes.end(), [&](std::size_t node) {
        return network.state_of(node, at) == gossip::MemberState::alive;
    });
}

}  // namespace

// Goal: two hosts that run with one key at once are told of, and do nobody else any harm.
TEST_CASE("a cloned key is told of and the network stays well", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 8, .seed = base_seed(), .faults = {.loss = 0.02}});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    network.run_for(15s);
    const Instant cloned = network.time();
    const std::size_t clone = network.add_clone(5, {2});
    network.run_for(30s);
    std::vector<Published> messages;
    const std::vector<std::size_t> others{0, 1, 2, 3, 4, 6, 7};
    for (const std::size_t node : others) {
        messages.push_back(network.publish(node, "from " + std::to_string(node)));
        network.run_for(500ms);
    }
    CHECK((network.time_noticed(5, gossip::EventKind::duplicate_identity, 5, cloned) ||
           network.time_noticed(clone, gossip::EventKind::duplicate_identity, 5, cloned)));
    network.run_for(30s);
    for (const Published message : messages) {
        CHECK(network.is_complete(message));
        CHECK(network.deliveries_max_per_node(message) == 1);
    }
    for (const std::size_t at : others) {
        INFO("node " << at);
        std::vector<std::size_t> rest = others;
        std::erase(rest, at);
        CHECK(are_alive_at(network, rest, at));
        CHECK(network.state_of(5, at) == gossip::MemberState::alive);
        for (const std::size_t about : rest)
            CHECK_FALSE(network.time_noticed(at, gossip::EventKind::member_failed, about, cloned));
    }
    // When the copy is gone, all is as if it had never been.
    network.kill(clone, Stop::clean);
    network.run_for(10s);
    CHECK_FALSE(network.is_running(clone));
    const auto is_well = [&] {
        for (const std::size_t at : others)
            if (network.engine(at).alive_count() != 8 ||
                network.state_of(5, at) != gossip::MemberState::alive)
                return false;
        return network.engine(5).alive_count() == 8;
    };
    CHECK(network.run_until(is_well, 2min));
}

// Goal: a node whose stored epoch was lost and whose clock starts in 1970 has an epoch below its
// last one, so nobody believes it until it has heard of its own past and risen above it.
TEST_CASE("an epoch rolled back with a clock of 1970 is risen above", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 6, .seed = base_seed(), .faults = {.loss = 0.02}});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    const auto epoch_at = [&](std::size_t node) {
        for (const auto& member : network.snapshot(node).members)
            if (member.id == network.node(2).id) return member.epoch;
        return std::uint64_t{0};
    };
    const std::uint64_t before = epoch_at(0);
    const Published first = network.publish(2, "before");
    network.run_for(2s);
    network.kill(2, Stop::crash_state_lost);
    network.run_for(5s);
    REQUIRE(network.state_of(2, 0) == gossip::MemberState::failed);

    network.forget_epoch(2);
    network.reset_clock(2);
    network.restart(2);
    REQUIRE(network.node(2).epoch < before);
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    for (const std::size_t node : {0U, 1U, 3U, 4U, 5U}) CHECK(epoch_at(node) > before);

    network.set_clock_offset(2, 0);
    network.run_for(5s);
    const Published after = network.publish(2, "after");
    CHECK(network.run_until([&] { return network.is_complete(after); }, 5s));
    CHECK(network.is_complete(first));
    CHECK(network.members_agree());
}

// Goal: more publishers than there is room for streams evict the one that was silent longest, which
// is counted; what has expired by then does not come again.
TEST_CASE("more publishers than streams evict each other and repeat nothing", "[sim]") {
    INFO(replay_hint(base_seed()));
    config::Gossip config;
    config.limits.streams = 4;
    config.flood.clock_skew_max = 1s;
    Network network({.nodes = 8, .seed = base_seed(), .faults = {.loss = 0.05}, .config = config});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    const gossip::PublishOptions options{.lifetime = Duration(5s)};
    std::vector<Published> messages;
    for (std::size_t round = 0; round < 3; ++round)
        for (std::size_t node = 0; node < 8; ++node) {
            const std::string text = std::to_string(messages.size());
            messages.push_back(network.publish(node, "test", bytes_of(text), options));
            network.run_for(3s);
        }
    network.run_for(10s);
    for (const Published message : messages) {
        CHECK(network.is_complete(message));
        CHECK(network.deliveries_max_per_node(message) == 1);
    }
    Marks marks;
    marks.note_all(network);
    CHECK(marks.has("streams_evicted"));
}

}  // namespace hearsay::sim
