#include "tests/catch.h"
#include "tests/sim/network.h"

// Messages over bad wires: everyone gets everything, once (the network's own rule).
namespace hearsay::sim {
namespace {

constexpr std::size_t kMessages = 60;

// Settles a network, then publishes from every node in turn under the faults, and asks for all of
// it everywhere within `limit` of the last one.
void require_all_delivered(const Faults& faults, Duration limit, std::size_t nodes = 12) {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = nodes, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    network.faults() = faults;
    for (std::size_t i = 0; i < kMessages; ++i) {
        network.publish(i % nodes, "message " + std::to_string(i));
        network.run_for(20ms);
    }
    REQUIRE(network.run_until([&] { return network.all_complete(); }, limit));
    network.run_for(5s);  // and nothing comes twice later
    CHECK(network.ledger().delivery_count() == kMessages * nodes);
}

}  // namespace

TEST_CASE("a quiet network delivers at once and everywhere", "[sim]") {
    require_all_delivered({}, 100ms);
}

TEST_CASE("10 percent loss loses no message", "[sim]") {
    require_all_delivered({.loss = 0.10}, 10s);
}

TEST_CASE("30 percent loss loses no message", "[sim]") {
    require_all_delivered({.loss = 0.30}, 20s);
}

TEST_CASE("loss in bursts loses no message", "[sim]") {
    require_all_delivered({.burst_loss = 0.10}, 15s);
}

TEST_CASE("duplicated datagrams are delivered once", "[sim]") {
    require_all_delivered({.duplicate = 0.5}, 5s);
}

TEST_CASE("every datagram arriving twice is no harm", "[sim]") {
    require_all_delivered({.duplicate = 1.0}, 5s);
}

TEST_CASE("reordered datagrams are delivered once", "[sim]") {
    require_all_delivered({.reorder = 0.5, .reorder_delay = 50ms}, 5s);
}

TEST_CASE("a slow network delivers", "[sim]") {
    require_all_delivered({.delay_min = 40ms, .delay_mean = 80ms}, 5s);
}

TEST_CASE("corrupted datagrams are as good as lost", "[sim]") {
    require_all_delivered({.corrupt = 0.10}, 10s);
}

TEST_CASE("all faults at once lose no message", "[sim]") {
    require_all_delivered({.loss = 0.10,
                           .burst_loss = 0.05,
                           .duplicate = 0.10,
                           .reorder = 0.10,
                           .corrupt = 0.02,
                           .delay_mean = 2ms},
                          20s);
}

TEST_CASE("two nodes deliver to each other", "[sim]") { require_all_delivered({}, 100ms, 2); }

TEST_CASE("corrupted datagrams are counted and none is delivered changed", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 4, .seed = base_seed(), .faults = {.corrupt = 0.2}});
    network.run_for(3s);
    for (std::size_t i = 0; i < 100; ++i) {
        network.publish(0, std::to_string(i));
        network.run_for(10ms);
    }
    REQUIRE(network.run_until([&] { return network.all_complete(); }, 20s));
    CHECK(network.counter_sum(gossip::Counter::refused_forged) > 0);
}

TEST_CASE("many nodes publish at the same moment", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 16, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    for (std::size_t round = 0; round < 10; ++round)
        for (std::size_t node = 0; node < network.size(); ++node)
            network.publish(node, "round " + std::to_string(round));
    REQUIRE(network.run_until([&] { return network.all_complete(); }, 5s));
}

TEST_CASE("a message of 1 MiB arrives whole", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 5, .seed = base_seed(), .faults = {.loss = 0.01}});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    Bytes payload(wire::kPayloadSizeMax);
    network.random().fill(payload);
    const Published message = network.publish(1, "large", payload);
    REQUIRE(network.run_until([&] { return network.is_complete(message); }, 20s));
    CHECK(network.deliveries_max_per_node(message) == 1);
}

TEST_CASE("messages of every size around a chunk arrive whole", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 4, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    for (std::size_t size = 0; size < 40'000; size = size < 2'000 ? size + 97 : size * 3 / 2) {
        network.publish(size % 4, "sized", Bytes(size, 7));
        network.run_for(20ms);
    }
    REQUIRE(network.run_until([&] { return network.all_complete(); }, 10s));
}

TEST_CASE("a paused node gets what it slept through", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 5, .seed = base_seed(), .receive_queue = 20});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    network.pause(3);
    for (std::size_t i = 0; i < 200; ++i) {
        network.publish(0, std::to_string(i));
        network.run_for(5ms);
    }
    network.run_for(4s);  // long enough to be given up by the others
    network.resume(3);
    REQUIRE(
        network.run_until([&] { return network.all_complete() && network.members_agree(); }, 15s));
}

TEST_CASE("a message outlived by its lifetime is not delivered to a late joiner", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 3, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    const Published brief = network.publish(0, "test", bytes_of("brief"), {.lifetime = 2s});
    const Published lasting = network.publish(0, "test", bytes_of("lasting"), {.lifetime = 60s});
    network.run_for(10s);
    const std::size_t late = network.add_node({0});
    REQUIRE(network.run_until([&] { return network.is_complete(lasting); }, 10s));
    network.run_for(5s);
    CHECK(network.ledger().deliveries(brief, late) == 0);
}

}  // namespace hearsay::sim
