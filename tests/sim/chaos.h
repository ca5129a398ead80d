#pragma once

#include <bitset>

#include "tests/sim/marks.h"

namespace hearsay::sim {

// The classes of the fault catalogue. Each is off in three of ten seeds, so that every pair is
// also met apart.
enum class FaultClass : std::uint8_t {
    loss,         // independent, 0-30%
    bursts,       // 0-30% of the time deaf
    duplicates,   // 0-50%
    replays,      // 0-50%
    delay,        // minimum and mean
    reorder,      // 0-30%
    corruption,   // flipped, truncated, spliced
    partitions,   // halves, one alone, a bridge, a ring
    one_way,      // wires and halves that carry one way only
    crashes,      // state kept, lost, rolled back; clean stops
    pauses,       // 0.1-60 s
    clocks,       // offset, step, drift, 1970
    addresses,    // a node moves
    buffers,      // small send and receive buffers
    liars,        // one or two members that lie; the others must converge
    strangers,    // what comes from no member
    tight_limits, // tables of a few entries: then only the rules hold, nobody need converge
};
inline constexpr std::size_t kFaultClassCount = 17;
std::string_view name_of(FaultClass fault);

// A random plan of faults: nodes, topology, faults of the wires and what befalls the nodes, all
// from the seed of the network.
class Chaos {
public:
    explicit Chaos(std::uint64_t seed);

    Network& network() { return network_; }
    // Some seconds in which anything may happen.
    void rage();
    // Ends all faults, starts and resumes every node, and takes down which messages some running
    // honest process holds: these must get everywhere.
    void calm();
    // Everyone honest agrees on the honest members and has delivered what was held at calm().
    bool has_converged() const;
    // What is missing, for the reader of a failure.
    std::string describe() const;
    // What has happened.
    void note_marks(Marks& marks) const;
    // Every fault there is, by name.
    static std::set<std::string> faults();

private:
    struct Plan {
        Options options;
        std::bitset<kFaultClassCount> classes;
        Duration length{};
        std::size_t steps = 0;
    };
    static Plan plan_of(std::uint64_t seed);
    Faults random_faults();
    Chaos(Plan plan);

    bool has(FaultClass fault) const { return plan_.classes[static_cast<std::size_t>(fault)]; }
    void strike();
    void strike_node(std::size_t node);
    void crash(std::size_t node);
    void pause(std::size_t node);
    void disturb_clock(std::size_t node);
    void strike_wires();
    void partition();
    void cut_one_way();
    void annoy(std::size_t node);
    void add_node();
    void publish_some();
    bool must_arrive(Published message) const;
    std::size_t any_node() { return network_.random().below(network_.size()); }
    void note(std::string what) { happened_.note(std::move(what)); }

    Plan plan_;
    Network network_;
    std::uint64_t published_ = 0;
    std::size_t moves_ = 0;
    std::vector<Published> held_;
    Marks happened_;
};

}  // namespace hearsay::sim
