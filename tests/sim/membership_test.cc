#include "tests/catch.h"
#include "tests/sim/network.h"

// Who is there, and how soon everyone knows.
namespace hearsay::sim {
namespace {

bool lists_as(const Network& network, std::size_t about, gossip::MemberState state) {
    for (const std::size_t node : network.running())
        if (node != about && network.state_of(about, node) != state) return false;
    return true;
}

}  // namespace

TEST_CASE("with one seed for all, everyone knows everyone", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 24, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
}

TEST_CASE("a chain of seeds makes everyone know everyone", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 16, .seed = base_seed(), .topology = Topology::chain});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 15s));
}

TEST_CASE("beacons alone make a LAN know itself", "[sim]") {
    const bool is_ipv6 = GENERATE(false, true);
    INFO(replay_hint(base_seed()) << (is_ipv6 ? ", IPv6" : ", IPv4"));
    Network network(
        {.nodes = 8, .seed = base_seed(), .topology = Topology::beacons, .is_ipv6 = is_ipv6});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 15s));
}

TEST_CASE("beacons inside and one seed across join LANs", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 9, .seed = base_seed(), .topology = Topology::beacons, .lans = 3});
    network.add_node({0}, 1);
    network.add_node({0}, 2);
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 20s));
}

TEST_CASE("two LANs without a seed between them stay apart", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 6, .seed = base_seed(), .topology = Topology::beacons, .lans = 2});
    network.run_for(20s);
    CHECK(network.engine(0).alive_count() == 3);
    CHECK(network.engine(1).alive_count() == 3);
}

TEST_CASE("with nobody to hear of, a node stays alone and well", "[sim]") {
    Network network({.nodes = 1, .seed = base_seed(), .topology = Topology::none});
    const Published message = network.publish(0, "to myself");
    network.run_for(30s);
    CHECK(network.nodes_reached(message) == 1);
    CHECK(network.members_agree());
}

TEST_CASE("the network forms in spite of 20 percent loss", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 12, .seed = base_seed(), .faults = {.loss = 0.2}});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 30s));
}

TEST_CASE("a failure is noticed by all within 2.5 seconds", "[sim]") {
    const std::size_t nodes = GENERATE(3U, 5U, 9U, 16U);
    INFO(replay_hint(base_seed()) << ", " << nodes << " nodes");
    Network network({.nodes = nodes, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 15s));
    network.run_for(2s);
    const Instant killed = network.time();
    network.kill(1);
    network.run_for(2500ms);
    for (const std::size_t node : network.running()) {
        INFO("seen by " << node);
        CHECK(network.time_noticed(node, gossip::EventKind::member_failed, 1, killed));
    }
    CHECK(lists_as(network, 1, gossip::MemberState::failed));
}

TEST_CASE("nobody is called failed while all are well", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 10, .seed = base_seed(), .faults = {.loss = 0.05}});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 15s));
    network.run_for(60s);
    for (const Noticed& noticed : network.noticed())
        CHECK(noticed.event.kind != gossip::EventKind::member_failed);
}

TEST_CASE("a node that leaves is listed as left, not failed", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 6, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    const Instant since = network.time();
    network.kill(2, Stop::clean);
    REQUIRE(network.run_until([&] { return lists_as(network, 2, gossip::MemberState::left); }, 2s));
    network.run_for(10s);
    CHECK(lists_as(network, 2, gossip::MemberState::left));
    for (const std::size_t node : network.running())
        CHECK_FALSE(network.time_noticed(node, gossip::EventKind::member_failed, 2, since));
}

TEST_CASE("a killed node that returns is alive to all and catches up", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 7, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    network.kill(4);
    REQUIRE(
        network.run_until([&] { return lists_as(network, 4, gossip::MemberState::failed); }, 6s));
    const Published missed = network.publish(0, "missed");
    network.run_for(1s);
    network.restart(4);
    REQUIRE(network.run_until(
        [&] { return network.is_complete(missed) && network.members_agree(); }, 10s));
}

TEST_CASE("a late joiner gets what has not expired", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 4, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    for (std::size_t i = 0; i < 50; ++i) network.publish(i % 4, std::to_string(i));
    network.run_for(10s);
    network.add_node({2});
    REQUIRE(network.run_until([&] { return network.all_complete(); }, 10s));
}

TEST_CASE("several failures at once are noticed by the rest", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 12, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    network.run_for(2s);  // until everyone has its links
    for (std::size_t node = 0; node < 5; ++node) network.kill(node);
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 8s));
    const Published message = network.publish(7, "still here");
    REQUIRE(network.run_until([&] { return network.is_complete(message); }, 5s));
}

TEST_CASE("a node whose clock is far off refuses to publish", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 4, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    network.set_clock_offset(1, std::int64_t{30} * 60 * 1000);
    network.run_for(3s);
    const auto refused = network.try_publish(1, "test", bytes_of("from the future"), {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == gossip::PublishError::clock_skewed);
    const Published other = network.publish(2, "in the present");
    CHECK(network.run_until([&] { return network.nodes_reached(other) >= 3; }, 5s));

    network.set_clock_offset(1, 0);
    network.run_for(5s);
    const Published again = network.publish(1, "back in time");
    CHECK(network.run_until([&] { return network.is_complete(again); }, 5s));
}

TEST_CASE("a node that changes its address is found there", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 5, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    network.change_address(3, address_of(40, 0, false));
    const Published message = network.publish(0, "moved?");
    REQUIRE(network.run_until(
        [&] { return network.is_complete(message) && network.members_agree(); }, 20s));
}

TEST_CASE("the same seed gives the same run, another seed another one", "[sim]") {
    const auto run = [](std::uint64_t seed) {
        Network network({.nodes = 7, .seed = seed, .faults = {.loss = 0.1, .reorder = 0.1}});
        network.run_for(2s);
        for (std::size_t i = 0; i < 20; ++i) network.publish(i % 7, std::to_string(i));
        network.kill(1);
        network.run_for(5s);
        network.restart(1);
        network.run_for(5s);
        return network.event_hash();
    };
    const std::uint64_t seed = base_seed();
    INFO(replay_hint(seed));
    CHECK(run(seed) == run(seed));
    CHECK(run(seed) != run(seed + 1));
}

TEST_CASE("the engines agree under real cryptography too", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 6, .seed = base_seed(), .real_crypto = true});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    for (std::size_t i = 0; i < 50; ++i) network.publish(i % 6, std::to_string(i));
    REQUIRE(network.run_until([&] { return network.all_complete(); }, 2s));
}

TEST_CASE("sessions are renewed without losing a message", "[sim]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 4, .seed = base_seed()});
    for (std::size_t i = 0; i < 400; ++i) {  // 400 s: three renewals of every session
        network.run_for(1s);
        network.publish(i % 4, std::to_string(i));
    }
    network.run_for(2s);
    CHECK(network.all_complete());
    CHECK(network.members_agree());
    for (const Noticed& noticed : network.noticed())
        CHECK(noticed.event.kind != gossip::EventKind::member_failed);
}

}  // namespace hearsay::sim
