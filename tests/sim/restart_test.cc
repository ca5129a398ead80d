#include "tests/catch.h"
#include "tests/sim/network.h"

// Partitions and restarts. That nothing comes twice where it must not is the ledger's rule, which
// every run checks.
namespace hearsay::sim {
namespace {

std::vector<Published> publish_many(Network& network, std::size_t node, std::size_t count) {
    std::vector<Published> messages;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string text = std::to_string(network.ledger().size());
        messages.push_back(network.publish(node, text));
        network.run_for(5ms);
    }
    return messages;
}

bool are_complete(const Network& network, const std::vector<Published>& messages) {
    for (const Published message : messages)
        if (!network.is_complete(message)) return false;
    return true;
}

}  // namespace

TEST_CASE("a healed partition catches up, once each", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 8, .seed = base_seed(), .faults = {.loss = 0.05}});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));

    network.partition({{0, 1, 2}, {3, 4, 5, 6, 7}});
    const auto left = publish_many(network, 1, 20);
    const auto right = publish_many(network, 6, 20);
    network.run_for(10s);
    CHECK(network.nodes_reached(left[0]) == 3);
    CHECK(network.nodes_reached(right[0]) == 5);
    CHECK(network.state_of(6, 0) == gossip::MemberState::failed);

    network.heal();
    REQUIRE(network.run_until(
        [&] { return are_complete(network, left) && are_complete(network, right); }, 20s));
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 20s));
    CHECK(network.deliveries_max_per_node(left[0]) == 1);
    CHECK(network.deliveries_max_per_node(right[0]) == 1);
}

TEST_CASE("a partition into single nodes heals", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 5, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    network.partition({{0}, {1}, {2}, {3}, {4}});
    network.run_for(8s);
    for (std::size_t node = 0; node < 5; ++node) network.publish(node, "alone");
    network.run_for(2s);
    network.heal();
    REQUIRE(
        network.run_until([&] { return network.all_complete() && network.members_agree(); }, 30s));
}

TEST_CASE("a wire that carries one way only is routed around", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 5, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    network.fabric().block(1, 2);
    network.run_for(5s);
    const auto messages = publish_many(network, 1, 10);
    REQUIRE(network.run_until([&] { return are_complete(network, messages); }, 10s));
    CHECK(network.running_count() == 5);
    CHECK(network.state_of(1, 2) != gossip::MemberState::failed);
}

TEST_CASE("a clean restart repeats nothing and catches up", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 5, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    const auto before = publish_many(network, 0, 30);
    network.run_for(1s);
    network.stop_and_wait(2);
    REQUIRE_FALSE(network.is_running(2));
    const auto meanwhile = publish_many(network, 0, 30);
    network.run_for(1s);
    network.restart(2);

    REQUIRE(network.run_until([&] { return are_complete(network, meanwhile); }, 10s));
    network.run_for(10s);
    for (const Published message : before) CHECK(network.deliveries_max_per_node(message) == 1);
    CHECK(network.members_agree());
}

TEST_CASE("a publisher that restarts cleanly is heard again", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 4, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    for (std::size_t round = 0; round < 3; ++round) {
        publish_many(network, 1, 10);
        network.run_for(1s);
        network.stop_and_wait(1);
        network.restart(1);
        REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    }
    publish_many(network, 1, 10);
    REQUIRE(network.run_until([&] { return network.all_complete(); }, 10s));
    for (Published message = 0; message < network.ledger().size(); ++message)
        CHECK(network.deliveries_max_per_node(message) == 1);
}

TEST_CASE("after a crash a message comes at most once more, and says so", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 5, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    const auto before = publish_many(network, 0, 30);
    network.run_for(1s);
    network.kill(2, Stop::crash_members_kept);
    network.run_for(3s);
    const auto meanwhile = publish_many(network, 0, 30);
    network.restart(2);
    REQUIRE(network.run_until([&] { return are_complete(network, meanwhile); }, 15s));
    network.run_for(10s);
    for (const Published message : before) CHECK(network.deliveries_max_per_node(message) <= 2);
    for (const Published message : meanwhile) CHECK(network.deliveries_max_per_node(message) == 1);
}

TEST_CASE("a node that crashed and lost its state comes back", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 5, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    network.kill(0, Stop::crash_state_lost);  // nobody's address is known to it
    network.run_for(4s);
    const auto meanwhile = publish_many(network, 3, 10);
    network.restart(0);
    REQUIRE(network.run_until(
        [&] { return network.members_agree() && are_complete(network, meanwhile); }, 30s));
}

TEST_CASE("the whole network stops cleanly and finds itself again", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 6, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    publish_many(network, 4, 10);
    network.run_for(1s);
    for (std::size_t node = 0; node < 6; ++node) network.kill(node, Stop::clean);
    network.run_for(5s);
    REQUIRE(network.running_count() == 0);
    for (std::size_t node = 0; node < 6; ++node) network.restart(node);
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 15s));
    const auto after = publish_many(network, 5, 10);
    REQUIRE(network.run_until([&] { return are_complete(network, after); }, 5s));
}

TEST_CASE("the whole network crashes and finds itself again", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 6, .seed = base_seed(), .topology = Topology::chain});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 15s));
    for (std::size_t node = 0; node < 6; ++node) network.kill(node, Stop::crash_members_kept);
    network.run_for(1s);
    for (std::size_t node = 0; node < 6; ++node) network.restart(node);
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 20s));
    const auto after = publish_many(network, 5, 10);
    REQUIRE(network.run_until([&] { return are_complete(network, after); }, 5s));
}

}  // namespace hearsay::sim
