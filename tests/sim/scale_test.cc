#include <algorithm>
#include <iostream>

#include "tests/catch.h"
#include "tests/sim/network.h"

// Not part of the suite: `./dev sim --scale N` measures one network of N nodes.
namespace hearsay::sim {

TEST_CASE("a network of many nodes", "[.scale]") {
    const auto nodes = number_from_environment("HEARSAY_SIM_SCALE", 50);
    constexpr std::size_t kMessages = 20;
    Network network({.nodes = nodes,
                     .seed = base_seed(),
                     .faults = {.loss = 0.01},
                     .start_spread = 5s,
                     .invariants_every = 0});
    std::cout << nodes << " nodes, 1% loss, seed " << base_seed() << "\n";
    const auto is_formed = [&] {
        for (const std::size_t node : network.running())
            if (network.engine(node).alive_count() != nodes) return false;
        return true;
    };
    const bool has_formed = network.run_until(is_formed, 120s);
    std::cout << "everyone knows everyone after " << network.elapsed() / 1ms
              << " ms: " << (has_formed ? "yes" : "no") << "\n";

    const Traffic idle = network.traffic();
    network.run_for(10s);
    const double node_seconds = 10.0 * static_cast<double>(nodes);
    std::cout << "idle: "
              << static_cast<double>(network.traffic().datagrams - idle.datagrams) / node_seconds
              << " datagrams, "
              << static_cast<double>(network.traffic().bytes - idle.bytes) / node_seconds
              << " bytes per node and second\n";

    std::vector<double> latencies_ms;
    std::size_t hops = 0;
    for (std::size_t i = 0; i < kMessages; ++i) {
        const std::size_t publisher = network.random().below(nodes);
        const Instant published = network.time();
        const std::string payload = std::to_string(i) + std::string(98, 'x');
        const Published message = network.publish(publisher, payload);
        REQUIRE(network.run_until([&] { return network.is_complete(message); }, 20s));
        for (const std::size_t node : network.running())
            if (const auto at = network.ledger().first_delivery(message, node))
                latencies_ms.push_back(static_cast<double>((*at - published) / 1us) / 1000);
        hops = std::max<std::size_t>(hops, network.ledger().hops_max(message));
    }
    std::sort(latencies_ms.begin(), latencies_ms.end());
    REQUIRE_FALSE(latencies_ms.empty());
    std::cout << "delivery: p50 " << latencies_ms[latencies_ms.size() / 2] << " ms, p99 "
              << latencies_ms[latencies_ms.size() * 99 / 100] << " ms, last " << latencies_ms.back()
              << " ms, " << hops << " hops at most\n";
}

}  // namespace hearsay::sim
