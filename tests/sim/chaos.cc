#include "tests/sim/chaos.h"

#include <algorithm>
#include <cmath>

#include "tests/sim/stranger.h"

namespace hearsay::sim {
namespace {

constexpr std::int64_t kClockOffsetMaxMs = 60'000;
constexpr std::int64_t kClockStepMaxMs = 1'200'000;
constexpr std::int64_t kDriftMaxPpm = 20'000;
constexpr std::size_t kNodesMax = 14;

}  // namespace

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
    switch (network_.random().below(12)) {
        case 0:
        case 1:
        case 2:
            return strike_node(any_node());
        case 3:
        case 4:
            return strike_wires();
        case 5:
            return add_node();
        case 6:
            return annoy(any_node());
        default:
            return publish_some();
    }
}

void Chaos::add_node() {
    if (network_.size() >= kNodesMax) return;
    note("join");
    // Whoever knows nobody but a liar stays with it.
    std::size_t seed = any_node();
    while (!network_.is_honest(seed)) seed = any_node();
    network_.add_node(plan_.options.topology == Topology::beacons ? std::vector<std::size_t>{}
                                                                  : std::vector<std::size_t>{seed});
}

void Chaos::strike_node(std::size_t node) {
    switch (network_.random().below(5)) {
        case 0:
            return crash(node);
        case 1:
            return pause(node);
        case 2:
            return disturb_clock(node);
        case 3:
            if (!has(FaultClass::addresses)) return;
            note("address change");
            return network_.change_address(
                node, address_of(1000 + ++moves_, network_.node(node).lan, plan_.options.is_ipv6));
        default:
            if (!network_.is_running(node)) note("restart");
            return network_.restart(node);
    }
}

void Chaos::crash(std::size_t node) {
    if (!has(FaultClass::crashes) || !network_.is_running(node)) return;
    switch (network_.random().below(4)) {
        case 0:
            note("clean stop");
            return network_.kill(node, Stop::clean);
        case 1:
            note("crash, members kept");
            return network_.kill(node, Stop::crash_members_kept);
        case 2:
            note("crash, state lost");
            return network_.kill(node, Stop::crash_state_lost);
        default:
            note("crash, rolled back");
            return network_.kill(node, Stop::crash_rolled_back);
    }
}

// From a tenth of a second to a minute, short ones as likely as long ones.
void Chaos::pause(std::size_t node) {
    if (!has(FaultClass::pauses) || !network_.is_running(node)) return;
    note("pause");
    const double seconds = 0.1 * std::pow(600.0, network_.random().unit());
    network_.pause(node);
    network_.at(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)),
                [this, node] { network_.resume(node); });
}

void Chaos::disturb_clock(std::size_t node) {
    if (!has(FaultClass::clocks)) return;
    crypto::Random& random = network_.random();
    const auto within = [&](std::int64_t most) {
        return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(2 * most))) - most;
    };
    switch (random.below(4)) {
        case 0:
            note("clock offset");
            return network_.set_clock_offset(node, within(kClockOffsetMaxMs));
        case 1:
            note("clock step");
            return network_.set_clock_offset(node, within(kClockStepMaxMs));
        case 2:
            note("clock drift");
            return network_.set_clock_drift(node, within(kDriftMaxPpm));
        default:
            note("clock of 1970");
            return network_.reset_clock(node);
    }
}

void Chaos::strike_wires() {
    switch (network_.random().below(4)) {
        case 0:
            if (has(FaultClass::partitions)) partition();
            return;
        case 1:
            if (has(FaultClass::one_way)) cut_one_way();
            return;
        case 2:
            network_.faults() = random_faults();
            return;
        default:
            note("heal");
            return network_.heal();
    }
}

void Chaos::partition() {
    crypto::Random& random = network_.random();
    Fabric& fabric = network_.fabric();
    const std::size_t size = network_.size();
    const std::size_t chosen = any_node();
    const auto cut = [&](std::size_t a, std::size_t b) {
        fabric.block(a, b);
        fabric.block(b, a);
    };
    switch (random.below(4)) {
        case 0:
            note("partition in halves");
            for (std::size_t node = 0; node < size; ++node)
                fabric.set_group(node, static_cast<std::uint32_t>(random.below(2)));
            return;
        case 1:
            note("partition of one");
            return fabric.set_group(chosen, 7);
        case 2:  // two halves that only one node hears both of
            note("partition by bridge");
            for (std::size_t a = 0; a < size; ++a)
                for (std::size_t b = a + 1; b < size; b += 2)
                    if (a != chosen && b != chosen) cut(a, b);
            return;
        default:
            note("partition in ring");
            for (std::size_t a = 0; a < size; ++a)
                for (std::size_t b = a + 2; b < size; ++b)
                    if (a != 0 || b != size - 1) cut(a, b);
            return;
    }
}

void Chaos::cut_one_way() {
    if (network_.random().below(2) == 0) {
        note("one-way wire");
        return network_.fabric().block(any_node(), any_node());
    }
    note("one-way halves");
    const std::size_t half = network_.size() / 2;
    for (std::size_t a = 0; a < half; ++a)
        for (std::size_t b = half; b < network_.size(); ++b) network_.fabric().block(a, b);
}

void Chaos::annoy(std::size_t node) {
    if (!has(FaultClass::strangers) || !network_.is_running(node) || network_.node(node).is_paused)
        return;
    if (network_.random().below(10) == 0) {
        note("dials itself");
        return network_.connect(node, network_.node(node).at);
    }
    const auto pest = static_cast<Pest>(network_.random().below(kPestCount));
    note(std::string(name_of(pest)));
    pester(network_, node, pest);
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
        const auto message = network_.try_publish(node, random.below(2) == 0 ? "a" : "b",
                                                  bytes_of(payload), {});
        // Nobody has to believe in a message of another time.
        const auto skew_ms = plan_.options.config.flood.clock_skew_max / 1ms;
        if (message && std::abs(network_.clock_error_ms(node)) > skew_ms)
            network_.disown(*message);
    }
}

void Chaos::calm() {
    network_.heal();
    network_.faults() = Faults{};
    for (std::size_t node = 0; node < network_.size(); ++node) {
        network_.set_clock_offset(node, 0);
        network_.set_clock_drift(node, 0);
        network_.resume(node);
    }
    // Clean stops under way end first: their nodes come back like the others.
    network_.run_for(3s);
    for (std::size_t node = 0; node < network_.size(); ++node) network_.restart(node);
    held_.clear();
    for (Published message = 0; message < network_.ledger().size(); ++message)
        if (must_arrive(message)) held_.push_back(message);
}

bool Chaos::must_arrive(Published message) const {
    if (network_.ledger().is_disowned(message)) return false;
    for (const std::size_t node : network_.running())
        if (network_.is_honest(node) && network_.ledger().is_delivered_by_process(message, node))
            return true;
    return false;
}

// Tables of a few entries, full of liars, may let go of anybody.
bool Chaos::has_converged() const {
    if (has(FaultClass::tight_limits)) return true;
    return std::all_of(held_.begin(), held_.end(),
                       [&](Published message) { return network_.is_complete(message); }) &&
           network_.members_agree();
}

std::string Chaos::describe() const {
    std::string text = std::to_string(network_.size()) + " nodes, " + std::to_string(held_.size()) +
                       " messages held; faults:";
    for (std::size_t i = 0; i < kFaultClassCount; ++i)
        if (plan_.classes[i]) text += " " + std::string(name_of(static_cast<FaultClass>(i))) + ",";
    for (const auto& [node, lie] : plan_.options.liars)
        text += "\n" + network_.node(node).name() + " is a " + std::string(name_of(lie));
    for (const Published message : held_)
        for (const std::size_t node : network_.running())
            if (network_.is_honest(node) && network_.ledger().deliveries(message, node) == 0)
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
