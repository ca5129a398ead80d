#include "daemon/host/health.h"

#include <cstdlib>

#include "config/duration_text.h"
#include "config/endpoint_text.h"

namespace hearsay::host {
namespace {

using namespace std::chrono_literals;

// Beacons and seeds find somebody within the first few seconds, if there is anybody.
constexpr Duration kAloneGrace = 10s;
// Half the silence that makes a link suspect (link.probe_after).
constexpr Duration kLagWorthTelling = 500ms;
// What NTP keeps on any network; more means that it does not run.
constexpr std::int64_t kClockWorthTellingMs = 1000;

std::string rounded(Duration duration) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration);
    if (ms < 10s) return config::format_duration(ms);
    return config::format_duration(std::chrono::duration_cast<std::chrono::seconds>(ms));
}

std::string clock_problem(std::int64_t offset_ms, Duration skew_max) {
    const Duration amount = std::chrono::milliseconds(std::abs(offset_ms));
    std::string text = "this host's clock is " + rounded(amount) +
                       (offset_ms > 0 ? " behind" : " ahead of") + " its neighbours'";
    if (amount > skew_max) text += ", so far that nothing can be published here";
    return text + ": check that a time service runs (`timedatectl`)";
}

void find_network_problems(const HealthFacts& facts, std::vector<std::string>& found) {
    if (!facts.network) {
        found.push_back(
            "in no network yet, so this host talks to nobody: run `hearsay network create NAME` "
            "on the first host, or `hearsay network join` with the token of an existing network");
        return;
    }
    if (facts.network_is_open)
        found.push_back("the network " + *facts.network +
                        " is open: anyone on the LAN can join it, read it and publish");
    if (facts.network_file_is_exposed)
        found.push_back(
            "other users of this host can read the network's secrets: set mode 0600 on its file");
    if (facts.others_alive == 0 && facts.alone_for >= kAloneGrace)
        found.push_back("alone for " + rounded(facts.alone_for) + ": no other member is alive" +
                        (facts.beacons_are_on ? "" : " and discovery.beacon is off") +
                        "; check that another host of the network " + *facts.network +
                        " runs and that UDP gets through, or run `hearsay connect HOST`" +
                        (facts.wrong_network == 0 ? ""
                                                  : " (hosts of another network were heard: is "
                                                    "this the right one?)"));
    if (facts.wrong_secret > 0)
        found.push_back(std::to_string(facts.wrong_secret) +
                        " datagrams came under another secret of this network: was it rotated "
                        "without this host, or without another?");
}

void find_host_problems(const HealthFacts& facts, std::vector<std::string>& found) {
    if (facts.receive_buffer < facts.receive_buffer_wanted)
        found.push_back("the receive buffer is " + config::format_size(facts.receive_buffer) +
                        " instead of " + config::format_size(facts.receive_buffer_wanted) +
                        ", bursts may be lost: `sysctl -w net.core.rmem_max=" +
                        std::to_string(facts.receive_buffer_wanted) + "` and restart");
    if (facts.dropped_lately > 0)
        found.push_back("the kernel dropped " + std::to_string(facts.dropped_lately) +
                        " datagrams in the last minute because this daemon did not read them in "
                        "time: the host is overloaded or listen.receive_buffer is too small");
    if (facts.loop_lag >= kLagWorthTelling)
        found.push_back("this daemon was up to " + rounded(facts.loop_lag) +
                        " late in the last minute: the host is overloaded or was suspended");
    if (!facts.disk_problem.empty())
        found.push_back(facts.disk_problem +
                        ": gossip goes on, but after a restart this host may "
                        "repeat messages or have forgotten members");
}

}  // namespace

std::vector<std::string> find_health_problems(const HealthFacts& facts) {
    std::vector<std::string> found;
    if (facts.duplicate_at)
        found.push_back("another host uses this host's identity, at " +
                        config::to_text(*facts.duplicate_at) +
                        " (a copied disk image?): on one of the two stop hearsay, delete the file "
                        "identity in its state folder and start it again");
    find_network_problems(facts, found);
    if (facts.clock_offset_ms && std::abs(*facts.clock_offset_ms) >= kClockWorthTellingMs)
        found.push_back(clock_problem(*facts.clock_offset_ms, facts.clock_skew_max));
    if (!facts.beacon_problem.empty()) found.push_back(facts.beacon_problem);
    find_host_problems(facts, found);
    return found;
}

}  // namespace hearsay::host
