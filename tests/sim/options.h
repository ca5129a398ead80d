#pragma once

#include <functional>
#include <map>
#include <string>

#include "config/config.h"
#include "tests/sim/fabric.h"
#include "tests/sim/liar.h"

namespace hearsay::sim {

// How nodes hear of each other at first.
enum class Topology {
    star,     // everyone has node 0 as its seed
    chain,    // node i has node i - 1 as its seed
    beacons,  // nobody has a seed; beacons reach everyone in the same LAN
    none,
};

struct Options {
    std::size_t nodes = 5;
    std::uint64_t seed = 1;
    Topology topology = Topology::star;
    std::size_t lans = 1;  // nodes are dealt out to them in turn
    bool is_ipv6 = false;
    Faults faults{};
    // Ed25519 and ChaCha20-Poly1305 instead of the cheap stand-ins.
    bool real_crypto = false;
    config::Gossip config{};
    Duration start_spread = 200ms;    // nodes start at random moments within it
    Duration verify_cost = 45us;      // Ed25519, measured
    std::size_t receive_queue = 500;  // datagrams a paused node's socket holds
    std::map<std::size_t, Lie> liars{};  // nodes that lie, and how
    // Each record once for all nodes: the same run in less memory, for thousands of nodes.
    bool shares_records = false;
    // check_invariants() of the engine just used, after every so many events; 0: never.
    std::size_t invariants_every = 64;
};

// The test-wide seed: HEARSAY_SIM_SEED, or 1. `./dev sim --seed S` sets it.
std::uint64_t base_seed();
// The number in the environment variable `name`, or `otherwise`.
std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise);
// "replay with ./dev sim --seed S"
std::string replay_hint(std::uint64_t seed);

}  // namespace hearsay::sim
