#include "tests/catch.h"
#include "tests/sim/network.h"

// Bugs planted behind the engine's seams: each must be caught by the rules that watch every other
// run, or those rules watch nothing.
namespace hearsay::sim {

// Not by designated initialisers: g++ 12 sees phantoms in the temporary.
static Options options_of(std::size_t nodes) {
    Options options;
    options.nodes = nodes;
    options.seed = base_seed();
    return options;
}

TEST_CASE("a node that believes a bad signature is caught", "[sim][canary]") {
    INFO(replay_hint(base_seed()));
    Options options = options_of(4);
    options.liars = {{3, Lie::forger}};
    Network network(std::move(options));
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    REQUIRE_NOTHROW(network.run_for(60s));  // while all check what they get
    CHECK(network.counter_sum(gossip::Counter::refused_bad_signature) > 0);
    network.judge = [](std::size_t node, const gossip::VerifyJob&) {
        return node == 1 ? std::optional<bool>(true) : std::nullopt;
    };
    CHECK_THROWS_WITH(network.run_for(180s), Catch::Contains("never published"));
}

TEST_CASE("a node that forgets what it has delivered is caught", "[sim][canary]") {
    INFO(replay_hint(base_seed()));
    const auto restart = [](bool forgets) {
        Network network(options_of(4));
        REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
        for (std::size_t i = 0; i < 10; ++i) network.publish(i % 4, std::to_string(i));
        network.run_for(1s);
        network.stop_and_wait(2);
        if (forgets) network.forget_state(2);
        network.restart(2);
        network.run_for(20s);
    };
    CHECK_NOTHROW(restart(false));
    CHECK_THROWS_WITH(restart(true), Catch::Contains("after clean restarts"));
}

TEST_CASE("a node that relays nothing is caught", "[sim][canary]") {
    INFO(replay_hint(base_seed()));
    const auto is_heard_across = [](std::map<std::size_t, Lie> liars) {
        Options options = options_of(3);
        options.liars = std::move(liars);
        Network network(std::move(options));
        network.run_for(5s);
        network.fabric().block(0, 1);
        network.fabric().block(1, 0);
        network.run_for(5s);
        const Published message = network.publish(0, "through node 2 only");
        return network.run_until([&] { return network.is_complete(message); }, 20s);
    };
    CHECK(is_heard_across({}));
    CHECK_FALSE(is_heard_across({{2, Lie::silent_relay}}));
}

}  // namespace hearsay::sim
