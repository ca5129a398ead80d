#include "tests/catch.h"
#include "tests/sim/network.h"

// Members with a valid secret and key that lie. Whatever they do, the honest agree about each
// other, nobody of them is called failed, and what they say arrives.
namespace hearsay::sim {
namespace {

constexpr std::size_t kNodes = 12;

std::unique_ptr<Network> network_with(Lie lie, std::size_t liars = 2) {
    Options options{.nodes = kNodes, .seed = base_seed(), .invariants_every = 512};
    for (std::size_t i = 0; i < liars; ++i) options.liars[kNodes - 1 - i] = lie;
    auto network = std::make_unique<Network>(std::move(options));
    REQUIRE(network->run_until([&] { return network->members_agree(); }, 10s));
    return network;
}

std::size_t failures_of_honest(const Network& network) {
    std::size_t count = 0;
    for (const Noticed& noticed : network.noticed()) {
        if (noticed.event.kind != gossip::EventKind::member_failed) continue;
        for (std::size_t node = 0; node < network.size(); ++node)
            count += network.is_honest(node) && network.is_honest(noticed.node) &&
                             network.node(node).id == noticed.event.member
                         ? 1U
                         : 0U;
    }
    return count;
}

}  // namespace

TEST_CASE("two liars of twelve hold the honest up in nothing", "[sim][liars]") {
    const auto lie = static_cast<Lie>(GENERATE(range(0, static_cast<int>(kLieCount))));
    INFO(replay_hint(base_seed()) << ", " << name_of(lie));
    const auto network = network_with(lie);
    for (std::size_t i = 0; i < 30; ++i) {
        network->publish(i % (kNodes - 2), std::to_string(i));
        network->run_for(1s);
    }
    CHECK(network->run_until(
        [&] { return network->all_complete() && network->members_agree(); }, 10s));
    CHECK(failures_of_honest(*network) == 0);
}

TEST_CASE("100,000 announced addresses fill no table", "[sim][liars]") {
    INFO(replay_hint(base_seed()));
    const auto network = network_with(Lie::announcer, 1);
    Liar& liar = *network->liar(kNodes - 1);
    // Presence by presence, eight addresses each.
    REQUIRE(network->run_until([&] { return liar.addresses_announced() >= 100'000; }, 15min));
    for (const std::size_t node : network->running()) {
        if (!network->is_honest(node)) continue;
        const auto view = network->snapshot(node);
        CHECK(view.members.size() <= kNodes);
        CHECK(view.candidates.size() < 200);
        CHECK(view.links.size() <= 13);
    }
    CHECK(network->members_agree());
    CHECK(failures_of_honest(*network) == 0);
}

}  // namespace hearsay::sim
