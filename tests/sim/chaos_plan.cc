#include "crypto/hash.h"
#include "tests/sim/chaos.h"
#include "tests/sim/stranger.h"

// What a seed says will happen.
namespace hearsay::sim {
namespace {

constexpr std::size_t kOffPercent = 30;
constexpr std::size_t kTightPercent = 15;

template <typename Kind>
void add_names(std::set<std::string>& names, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) names.emplace(name_of(static_cast<Kind>(i)));
}

Faults faults_of(const std::bitset<kFaultClassCount>& classes, crypto::Random& random) {
    const auto has = [&](FaultClass fault) { return classes[static_cast<std::size_t>(fault)]; };
    Faults faults;
    if (has(FaultClass::loss)) faults.loss = random.unit() * 0.3;
    if (has(FaultClass::bursts)) faults.burst_loss = random.unit() * 0.3;
    if (has(FaultClass::duplicates)) faults.duplicate = random.unit() * 0.5;
    if (has(FaultClass::replays)) faults.replay = random.unit() * 0.5;
    if (has(FaultClass::reorder)) faults.reorder = random.unit() * 0.3;
    if (has(FaultClass::corruption)) faults.corrupt = random.unit() * 0.1;
    if (has(FaultClass::delay)) {
        faults.delay_min = random.between(50us, 5ms);
        faults.delay_mean = faults.delay_min + random.between(0us, 20ms);
    }
    if (has(FaultClass::buffers)) {
        faults.send_buffer = 4 + random.below(60);
        faults.receive_buffer = 4 + random.below(60);
    }
    return faults;
}

void tighten(config::Limits& limits, crypto::Random& random) {
    limits.links = static_cast<std::uint32_t>(2 + random.below(6));
    limits.members = 6;
    limits.store = 16 << 10;
    limits.dedup_entries = 16;
    limits.publisher_rate = 20;
    limits.verify_per_second = 20;
}

}  // namespace

std::string_view name_of(FaultClass fault) {
    switch (fault) {
        case FaultClass::loss: return "loss";
        case FaultClass::bursts: return "bursts";
        case FaultClass::duplicates: return "duplicates";
        case FaultClass::replays: return "replays";
        case FaultClass::delay: return "delay";
        case FaultClass::reorder: return "reorder";
        case FaultClass::corruption: return "corruption";
        case FaultClass::partitions: return "partitions";
        case FaultClass::one_way: return "one way";
        case FaultClass::crashes: return "crashes";
        case FaultClass::pauses: return "pauses";
        case FaultClass::clocks: return "clocks";
        case FaultClass::addresses: return "addresses";
        case FaultClass::buffers: return "buffers";
        case FaultClass::liars: return "liars";
        case FaultClass::strangers: return "strangers";
        case FaultClass::tight_limits: return "tight limits";
    }
    return "unknown";
}

Chaos::Plan Chaos::plan_of(std::uint64_t seed) {
    const auto hash = crypto::blake2b(
        {bytes_of("chaos"), {reinterpret_cast<const std::uint8_t*>(&seed), sizeof seed}});
    crypto::Random random{crypto::Secret(hash.view())};
    Plan plan;
    for (std::size_t i = 0; i < kFaultClassCount; ++i)
        plan.classes[i] = random.below(100) >= kOffPercent;
    const auto tight = static_cast<std::size_t>(FaultClass::tight_limits);
    plan.classes[tight] = random.below(100) < kTightPercent;
    Options& options = plan.options;
    options.seed = seed;
    options.nodes = 2 + random.below(10);
    options.topology = static_cast<Topology>(random.below(3));
    options.is_ipv6 = random.below(4) == 0;
    options.real_crypto = random.below(8) == 0;
    options.faults = faults_of(plan.classes, random);
    // Nothing may expire before it had its time to arrive.
    options.config.flood.lifetime = 10min;
    if (plan.classes[tight]) tighten(options.config.limits, random);
    if (plan.classes[static_cast<std::size_t>(FaultClass::liars)] && options.nodes >= 4)
        for (std::size_t i = 0; i < options.nodes / 4; ++i)
            options.liars[options.nodes - 1 - i] = static_cast<Lie>(random.below(kLieCount));
    const bool is_long = random.below(10) == 0;
    plan.length = random.between(2s, is_long ? 60s : 12s);
    plan.steps = 10 + random.below(40);
    return plan;
}

std::set<std::string> Chaos::faults() {
    std::set<std::string> names{
        "clean stop",       "crash, members kept", "crash, state lost", "crash, rolled back",
        "restart",          "pause",               "clock offset",      "clock step",
        "clock drift",      "clock of 1970",       "address change",    "partition in halves",
        "partition of one", "partition by bridge", "partition in ring", "one-way wire",
        "one-way halves",   "heal",                "join",              "dials itself"};
    add_names<FaultClass>(names, kFaultClassCount);
    add_names<Lie>(names, kLieCount);
    add_names<Pest>(names, kPestCount);
    return names;
}

void Chaos::note_marks(Marks& marks) const {
    for (const std::string& name : faults())
        if (happened_.has(name)) marks.note(name);
    for (std::size_t i = 0; i < kFaultClassCount; ++i)
        if (plan_.classes[i]) marks.note(std::string(name_of(static_cast<FaultClass>(i))));
    for (const auto& [node, lie] : plan_.options.liars) marks.note(std::string(name_of(lie)));
    marks.note_all(network_);
}

Faults Chaos::random_faults() { return faults_of(plan_.classes, network_.random()); }

}  // namespace hearsay::sim
