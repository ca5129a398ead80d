#include "tests/sim/chaos.h"

#include <algorithm>

#include "crypto/hash.h"

namespace hearsay::sim {
namespace {

constexpr std::int64_t kClockOffsetMaxMs = 60'000;

Faults random_faults(crypto::Random& random) {
    Faults faults;
    if (random.below(2) == 0) faults.loss = random.unit() * 0.3;
    if (random.below(3) == 0) faults.burst_loss = random.unit() * 0.2;
    if (random.below(2) == 0) faults.duplicate = random.unit() * 0.2;
    if (random.below(2) == 0) faults.reorder = random.unit() * 0.3;
    if (random.below(4) == 0) faults.corrupt = random.unit() * 0.05;
    faults.delay_mean = random.between(200us, 5ms);
    return faults;
}

}  // namespace

Chaos::Plan Chaos::plan_of(std::uint64_t seed) {
    const auto hash = crypto::blake2b(
        {bytes_of("chaos"), {reinterpret_cast<const std::uint8_t*>(&seed), sizeof seed}});
    crypto::Random random{crypto::Secret(hash.view())};
    Plan plan;
    plan.options.seed = seed;
    plan.options.nodes = 2 + random.below(9);
    plan.options.topology = static_cast<Topology>(random.below(3));
    plan.options.is_ipv6 = random.below(4) == 0;
    plan.options.real_crypto = random.below(8) == 0;
    plan.options.faults = random_faults(random);
    // Nothing may expire before it had its time to arrive.
    plan.options.config.flood.lifetime = 10min;
    plan.length = random.between(2s, 12s);
    plan.steps = 10 + random.below(40);
    return plan;
}

Chaos::Chaos(std::uint64_t seed) : Chaos(plan_of(seed)) {}

Chaos::Chaos(Plan plan) : plan_(std::move(plan)), network_(plan_.options) {}

void Chaos::rage() {
    for (std::size_t step = 0; step < plan_.steps; ++step) {
        network_.run_for(network_.random().between(
            0ns, 2 * plan_.length / static_cast<Duration::rep>(plan_.steps)));
        strike();
    }
}

void Chaos::strike() {
    switch (network_.random().below(10)) {
        case 0:
        case 1:
            return strike_node(any_node());
        case 2:
            return strike_wires();
        case 3:
            if (network_.size() < 12)
                network_.add_node(plan_.options.topology == Topology::beacons
                                      ? std::vector<std::size_t>{}
                                      : std::vector<std::size_t>{any_node()});
            return;
        default:
            return publish_some();
    }
}

void Chaos::strike_node(std::size_t node) {
    crypto::Random& random = network_.random();
    const auto ms = static_cast<std::int64_t>(random.below(2 * kClockOffsetMaxMs));
    switch (random.below(8)) {
        case 0:
            return network_.kill(node, Stop::clean);
        case 1:
            return network_.kill(node, Stop::crash_members_kept);
        case 2:
            return network_.kill(node, Stop::crash_state_lost);
        case 3:
            return network_.pause(node);
        case 4:
            return network_.resume(node);
        case 5:
            return network_.set_clock_offset(node, ms - kClockOffsetMaxMs);
        default:
            return network_.restart(node);
    }
}

void Chaos::strike_wires() {
    crypto::Random& random = network_.random();
    switch (random.below(4)) {
        case 0:
            for (std::size_t node = 0; node < network_.size(); ++node)
                network_.fabric().set_group(node, static_cast<std::uint32_t>(random.below(2)));
            return;
        case 1:
            return network_.fabric().block(any_node(), any_node());
        case 2:
            network_.faults() = random_faults(random);
            return;
        default:
            return network_.heal();
    }
}

void Chaos::publish_some() {
    crypto::Random& random = network_.random();
    const std::size_t node = any_node();
    if (!network_.is_running(node)) return;
    const std::uint64_t count = random.below(4) == 0 ? 20 : 1 + random.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
        std::string payload = std::to_string(published_++) + " ";
        payload.resize(payload.size() + random.below(random.below(8) == 0 ? 20'000 : 600), 'x');
        // A leaving or badly clocked node refuses, and it may be busy: all fine here.
        (void)network_.try_publish(node, random.below(2) == 0 ? "a" : "b", bytes_of(payload), {});
    }
}

void Chaos::calm() {
    network_.heal();
    network_.faults() = Faults{};
    for (std::size_t node = 0; node < network_.size(); ++node) {
        network_.set_clock_offset(node, 0);
        network_.resume(node);
    }
    // Clean stops under way end first: their nodes come back like the others.
    network_.run_for(3s);
    for (std::size_t node = 0; node < network_.size(); ++node) network_.restart(node);
    held_.clear();
    for (Published message = 0; message < network_.ledger().size(); ++message)
        for (const std::size_t node : network_.running())
            if (network_.ledger().is_delivered_by_process(message, node)) {
                held_.push_back(message);
                break;
            }
}

bool Chaos::has_converged() const {
    return std::all_of(held_.begin(), held_.end(),
                       [&](Published message) { return network_.is_complete(message); }) &&
           network_.members_agree();
}

std::string Chaos::describe() const {
    std::string text = std::to_string(network_.size()) + " nodes, " + std::to_string(held_.size()) +
                       " messages held";
    for (const Published message : held_)
        for (const std::size_t node : network_.running())
            if (network_.ledger().deliveries(message, node) == 0)
                text += "\nmessage " + std::to_string(message) + " is missing at " +
                        network_.node(node).name();
    for (const std::size_t node : network_.running()) {
        text += "\n" + network_.node(node).name() + " sees";
        for (const auto& member : network_.snapshot(node).members)
            text += " " + member.name + "=" + std::string(name_of(member.state));
    }
    return text;
}

}  // namespace hearsay::sim
