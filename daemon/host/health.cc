#include "daemon/host/health.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "config/duration_text.h"
#include "config/endpoint_text.h"
#include "daemon/host/labels.h"

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

std::string and_more(std::size_t count, std::size_t named) {
    return count <= named ? "" : " and " + std::to_string(count - named) + " more";
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
    if (!facts.exposed_network_file.empty())
        found.push_back("other users of this host can read the network's secrets: `chmod 0600 " +
                        facts.exposed_network_file + "`");
    if (facts.others_alive == 0 && facts.alone_for >= kAloneGrace)
        found.push_back("alone for " + rounded(facts.alone_for) + ": no other member is alive" +
                        (facts.beacons_are_on ? "" : " and discovery.beacon is off") +
                        "; check that another host of the network " + *facts.network +
                        " runs and that no firewall stops UDP port " + std::to_string(facts.port) +
                        " (`sudo hearsay doctor` looks), or run `hearsay connect HOST`" +
                        (facts.wrong_network == 0 ? ""
                                                  : " (hosts of another network were heard: is "
                                                    "this the right one?)"));
    if (facts.wrong_secret > 0)
        found.push_back(std::to_string(facts.wrong_secret) +
                        " datagrams came under another secret of this network: was it rotated "
                        "without this host, or without another?");
}

void find_codec_problem(const HealthFacts& facts, std::vector<std::string>& found) {
    if (!facts.no_codec_at) return;
    found.push_back("no link is possible with " + config::to_text(*facts.no_codec_at) +
                    ", which reads the codec " + facts.their_codecs + ", this host " +
                    facts.our_codecs + ": make wire.codecs overlap here or there");
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

// One sentence for all that are alike: a status is read by people.
void find_member_problems(const HealthFacts& facts, std::vector<std::string>& found) {
    constexpr std::size_t kNamed = 3;
    std::string failed;
    for (std::size_t i = 0; i < std::min(facts.failed.size(), kNamed); ++i)
        failed += (i == 0 ? "" : ", ") + facts.failed[i];
    if (!failed.empty())
        found.push_back(failed + and_more(facts.failed.size(), kNamed) +
                        (facts.failed.size() == 1 ? " has" : " have") +
                        " failed: look there (`systemctl status hearsay`)");
    std::string clocks;
    for (std::size_t i = 0; i < std::min(facts.odd_clocks.size(), kNamed); ++i) {
        const HealthFacts::OddClock& odd = facts.odd_clocks[i];
        clocks += (i == 0 ? "" : ", ") + odd.label + " by " +
                  rounded(std::chrono::milliseconds(std::abs(odd.offset_ms))) +
                  (odd.offset_ms > 0 ? " ahead" : " behind");
    }
    if (!clocks.empty())
        found.push_back("clocks of neighbours are off (" + clocks +
                        and_more(facts.odd_clocks.size(), kNamed) +
                        "): check there that a time service runs (`timedatectl`)");
    for (std::size_t i = 0; i < std::min(facts.shared_names.size(), kNamed); ++i)
        found.push_back(facts.shared_names[i] +
                        "; give each host a name of its own (node.name in its configuration, "
                        "then restart it)");
    if (facts.shared_names.size() > kNamed)
        found.push_back(std::to_string(facts.shared_names.size() - kNamed) +
                        " more names are shared by several members: see `hearsay members`");
}

}  // namespace

std::string duplicate_sentence(const std::optional<Endpoint>& at) {
    return "another host uses this host's identity" +
           (at ? ", at " + config::to_text(*at) : ", at an address not known yet") +
           " (a copied disk image?): on one of the two stop hearsay, delete the file identity in "
           "its state folder and start it again";
}

std::vector<std::string> describe_shared_names(const gossip::Snapshot& snapshot) {
    constexpr std::size_t kNamed = 3;
    std::map<crypto::NodeId, const gossip::MemberSnapshot*> members;
    for (const auto& member : snapshot.members) members[member.id] = &member;
    const std::vector<SharedName> shared = find_shared_names(snapshot);
    if (shared.empty()) return {};
    const auto labels = labels_of(snapshot);
    std::vector<std::string> result;
    for (const SharedName& one : shared) {
        std::string who;
        for (std::size_t i = 0; i < std::min(one.members.size(), kNamed); ++i) {
            const gossip::MemberSnapshot& member = *members.at(one.members[i]);
            who += (i == 0 ? "" : ", ") + labels.at(member.id);
            if (member.is_self)
                who += " (this host)";
            else if (!member.addresses.empty())
                who += " at " + config::to_text(member.addresses.front());
        }
        result.push_back(std::to_string(one.members.size()) + " members are called " + one.name +
                         ": " + who + and_more(one.members.size(), kNamed));
    }
    return result;
}

std::vector<std::string> labels_of_failed(const gossip::Snapshot& snapshot) {
    std::vector<std::string> failed;
    std::map<crypto::NodeId, std::string> labels;
    for (const auto& member : snapshot.members) {
        if (member.state != gossip::MemberState::failed) continue;
        if (labels.empty()) labels = labels_of(snapshot);
        const std::string& label = labels.at(member.id);
        failed.push_back(label.empty() ? crypto::short_text(member.id) : label);
    }
    return failed;
}

std::vector<HealthFacts::OddClock> find_odd_clocks(const gossip::Snapshot& snapshot) {
    const std::int64_t median = snapshot.clock_offset_ms.value_or(0);
    if (std::abs(median) >= kClockWorthTellingMs) return {};
    std::map<crypto::NodeId, std::string> labels;
    std::vector<HealthFacts::OddClock> odd;
    for (const auto& member : snapshot.members) {
        const std::int64_t offset = member.clock_offset_ms.value_or(median) - median;
        if (std::abs(offset) < kClockWorthTellingMs) continue;
        if (labels.empty()) labels = labels_of(snapshot);
        odd.push_back({labels.at(member.id), offset});
    }
    return odd;
}

std::vector<std::string> find_health_problems(const HealthFacts& facts) {
    std::vector<std::string> found;
    if (facts.has_duplicate) found.push_back(duplicate_sentence(facts.duplicate_at));
    find_network_problems(facts, found);
    find_codec_problem(facts, found);
    if (facts.clock_offset_ms && std::abs(*facts.clock_offset_ms) >= kClockWorthTellingMs)
        found.push_back(clock_problem(*facts.clock_offset_ms, facts.clock_skew_max));
    find_member_problems(facts, found);
    if (!facts.beacon_problem.empty()) found.push_back(facts.beacon_problem);
    find_host_problems(facts, found);
    return found;
}

}  // namespace hearsay::host
