#pragma once

#include "tests/sim/network.h"

namespace hearsay::sim {

// A random plan of faults: nodes, topology, faults of the wires and what befalls the nodes, all
// from the seed of the network.
class Chaos {
public:
    explicit Chaos(std::uint64_t seed);

    Network& network() { return network_; }
    // Some seconds in which anything may happen.
    void rage();
    // Ends all faults, starts and resumes every node, and takes down which messages some running
    // process holds: these must get everywhere.
    void calm();
    // Everyone agrees on the members and has delivered what was held at calm().
    bool has_converged() const;
    // What is missing, for the reader of a failure.
    std::string describe() const;

private:
    struct Plan {
        Options options;
        Duration length;
        std::size_t steps;
    };
    static Plan plan_of(std::uint64_t seed);
    Chaos(Plan plan);

    void strike();
    void strike_node(std::size_t node);
    void strike_wires();
    void publish_some();
    std::size_t any_node() { return network_.random().below(network_.size()); }

    Plan plan_;
    Network network_;
    std::uint64_t published_ = 0;
    std::vector<Published> held_;
};

}  // namespace hearsay::sim
