#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>
#include <numeric>

#include "tests/catch.h"
#include "tests/sim/network.h"

// Not part of the suite: `./dev sim --scale N` measures one network of N nodes. Most figures of N
// nodes need only engine counters; asking every node for its whole directory would take longer
// than what is measured.
namespace hearsay::sim {
namespace {

constexpr std::size_t kMessages = 20;

// Above so many nodes they share their records, start one after the other (what all of them keep
// of everybody while it is news would not fit), and phases that would take hours are left out.
constexpr std::size_t kNodesAlone = 1000;
constexpr Duration kSpreadAlone = 5s;

// Bytes of this process that are in memory.
std::size_t resident() {
    std::size_t pages = 0;
    std::size_t resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

class Survey {
public:
    explicit Survey(std::size_t nodes)
        : resident_before_(resident()),
          spread_(nodes <= kNodesAlone ? kSpreadAlone : std::chrono::seconds(nodes / 50)),
          network_({.nodes = nodes,
                    .seed = base_seed(),
                    .faults = {.loss = 0.01},
                    .start_spread = spread_,
                    .shares_records = nodes > kNodesAlone,
                    .invariants_every = 0}) {}

    void run() {
        std::cout << network_.size() << " nodes, 1% loss, seed " << base_seed()
                  << ", start within " << seconds(spread_) << " s" << std::endl;
        show_cost();
        form();
        links("when formed");
        network_.run_for(60s);
        links("a minute later");
        std::cout << "memory: " << (resident() - resident_before_) / network_.size() / 1024
                  << " KiB per node" << (spread_ == kSpreadAlone ? "" : ", records shared")
                  << std::endl;
        idle();
        show_cost();
        messages();
        join();
        detect();
        if (spread_ == kSpreadAlone) heal();
        lose_half();
        show_cost();
    }

private:
    void show_cost() {
        std::cout << "so far " << static_cast<double>(std::clock()) / CLOCKS_PER_SEC
                  << " s of one core, " << resident() / (1 << 20) << " MiB" << std::endl;
    }

    bool all_know(std::size_t count) {
        network_.forget_noticed();
        for (const std::size_t node : network_.running())
            if (network_.engine(node).alive_count() != count) return false;
        return true;
    }

    // How long until every running node counts as many alive as there are.
    void time_agreement(const std::string& what, Duration limit) {
        const Instant since = network_.time();
        const std::size_t count = network_.running_count();
        const bool does_agree = network_.run_until([&] { return all_know(count); }, limit);
        std::cout << what << ": " << (does_agree ? "" : "NOT within ")
                  << seconds(network_.time() - since) << " s" << std::endl;
        if (!does_agree) show_disagreement(count);
        show_cost();
    }

    // Of the first few nodes that are wrong, whom they are wrong about.
    void show_disagreement(std::size_t count) {
        std::size_t wrong = 0;
        for (const std::size_t node : network_.running()) {
            if (network_.engine(node).alive_count() == count || ++wrong > 3) continue;
            std::cout << "  " << network_.node(node).name() << " counts "
                      << network_.engine(node).alive_count() << ":";
            for (std::size_t other = 0, shown = 0; other < network_.size() && shown < 5; ++other) {
                const auto state = network_.state_of(other, node);
                const bool is_alive = state == gossip::MemberState::alive ||
                                      state == gossip::MemberState::suspect;
                if (is_alive == network_.is_running(other)) continue;
                ++shown;
                std::cout << " " << network_.node(other).name() << "="
                          << (state ? name_of(*state) : "unknown");
            }
            std::cout << "\n";
        }
        std::cout << "  " << wrong << " nodes are wrong" << std::endl;
    }

    void form() {
        time_agreement("everyone knows everyone, after the last start", 120s);
    }

    void links(const std::string& when) {
        std::vector<std::size_t> counts;
        for (const std::size_t node : network_.running())
            counts.push_back(network_.engine(node).link_count());
        std::sort(counts.begin(), counts.end());
        const std::size_t sum = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
        const auto over = std::count_if(counts.begin(), counts.end(),
                                        [](std::size_t links) { return links < 4 || links > 12; });
        std::cout << "links per node " << when << ": " << counts.front() << " / "
                  << static_cast<double>(sum) / static_cast<double>(counts.size()) << " / "
                  << counts.back() << " (least, mean, most), " << over << " nodes outside 4 to 12"
                  << std::endl;
    }

    void idle() {
        constexpr Duration kIdle = 60s;
        const Traffic before = network_.traffic();
        network_.run_for(kIdle);
        const double node_seconds = seconds(kIdle) * static_cast<double>(network_.running_count());
        std::cout << "idle: "
                  << static_cast<double>(network_.traffic().datagrams - before.datagrams) /
                         node_seconds
                  << " datagrams, "
                  << static_cast<double>(network_.traffic().bytes - before.bytes) / node_seconds
                  << " bytes sent per node and second" << std::endl;
    }

    void messages() {
        std::vector<double> latencies_ms;
        std::size_t hops = 0;
        const std::uint64_t sent = network_.counter_sum(gossip::Counter::chunks_sent);
        const Instant begin = network_.time();
        for (std::size_t i = 0; i < kMessages; ++i) {
            const std::size_t publisher = network_.random().below(network_.size());
            const Instant published = network_.time();
            const std::string payload = std::to_string(i) + std::string(98, 'x');
            const Published message = network_.publish(publisher, payload);
            if (!network_.run_until([&] { return network_.is_complete(message); }, 20s))
                std::cout << "message " << i << " is NOT everywhere within 20 s\n";
            for (const std::size_t node : network_.running())
                if (const auto at = network_.ledger().first_delivery(message, node))
                    latencies_ms.push_back(seconds(*at - published) * 1000);
            hops = std::max<std::size_t>(hops, network_.ledger().hops_max(message));
        }
        std::sort(latencies_ms.begin(), latencies_ms.end());
        const auto copies =
            static_cast<double>(network_.counter_sum(gossip::Counter::chunks_sent) - sent) /
            static_cast<double>(kMessages * network_.size());
        std::cout << "delivery: p50 " << latencies_ms[latencies_ms.size() / 2] << " ms, p99 "
                  << latencies_ms[latencies_ms.size() * 99 / 100] << " ms, last "
                  << latencies_ms.back() << " ms, " << hops << " hops at most, " << copies
                  << " copies per node and message (records of " << seconds(network_.time() - begin)
                  << " s among them)" << std::endl;
    }

    void join() {
        const Instant since = network_.time();
        const std::size_t before = network_.running_count();
        const std::size_t joiner = network_.add_node({network_.random().below(before)});
        const auto seen_by = [&] {
            std::size_t count = 0;
            for (const std::size_t node : network_.running())
                count += network_.engine(node).alive_count() == before + 1 ? 1U : 0U;
            return count;
        };
        const auto knows_all = [&] { return network_.engine(joiner).alive_count() == before + 1; };
        const bool is_seen = network_.run_until([&] { return seen_by() >= before; }, 30s);
        std::cout << "a join is visible everywhere: " << (is_seen ? "" : "NOT within ")
                  << seconds(network_.time() - since) << " s" << std::endl;
        const bool does_know = network_.run_until(knows_all, 60s);
        std::cout << "the joiner knows everyone: " << (does_know ? "" : "NOT within ")
                  << seconds(network_.time() - since) << " s" << std::endl;
    }

    void detect() {
        network_.run_for(10s);
        network_.kill(network_.random().below(network_.size()));
        time_agreement("a kill is known everywhere", 30s);
    }

    void heal() {
        network_.run_for(10s);
        std::vector<std::vector<std::size_t>> halves(2);
        for (std::size_t node = 0; node < network_.size(); ++node)
            halves[node % 2].push_back(node);
        network_.partition(halves);
        network_.run_for(60s);
        network_.heal();
        time_agreement("halves that were apart for a minute are one", 60s);
        network_.run_for(30s);
        links("after healing");
    }

    void lose_half() {
        std::vector<std::size_t> alive = network_.running();
        for (std::size_t i = 0, half = alive.size() / 2; i < half; ++i) {
            const std::size_t drawn = network_.random().below(alive.size());
            network_.kill(alive[drawn]);
            alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(drawn));
        }
        std::cout << "half of all killed at once; what is left is connected: "
                  << (network_.is_connected() ? "yes" : "NO") << std::endl;
        time_agreement("those left agree", 60s);
        std::cout << "and is connected then: " << (network_.is_connected() ? "yes" : "NO")
                  << std::endl;
        links("then");
    }

    std::size_t resident_before_;
    Duration spread_;
    Network network_;
};

}  // namespace

TEST_CASE("a network of many nodes", "[.scale]") {
    Survey(number_from_environment("HEARSAY_SIM_SCALE", 100)).run();
}

}  // namespace hearsay::sim
