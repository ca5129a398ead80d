#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/sim/network.h"

namespace hearsay::sim {

// What has happened over a batch of random runs, by name: a fault that never struck and a refusal
// that never came prove nothing, so a batch that lacks one fails.
class Marks {
public:
    void note(std::string what) { seen_.insert(std::move(what)); }
    // Its mishaps and the counters of its honest nodes that are not zero.
    void note_all(const Network& network);
    bool has(const std::string& what) const { return seen_.contains(what); }
    // Every mishap, refusal and bound that bites, but for those named in `excused`.
    static std::set<std::string> expected_of_network(const std::set<std::string>& excused);
    std::vector<std::string> missing(const std::set<std::string>& expected) const;

private:
    std::set<std::string> seen_;
};

}  // namespace hearsay::sim
