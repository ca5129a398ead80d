#include <unistd.h>

#include <algorithm>

#include "config/validate.h"
#include "config/version.h"
#include "daemon/host/codec_plugins.h"
#include "daemon/host/health.h"
#include "daemon/host/node_parts.h"

namespace hearsay::host {
namespace {

using namespace std::chrono_literals;

// What a host sees of its own identity elsewhere is told for as long.
constexpr Duration kDuplicateShown = 10min;
// As long: members are dialled again within it.
constexpr Duration kNoCodecShown = 10min;

void add_codec_facts(const gossip::DiscoverySnapshot& discovery,
                     const wire::CodecRegistry& codecs, HealthFacts& facts) {
    const auto& away = discovery.no_common_codec;
    if (!away || away->age >= kNoCodecShown) return;
    facts.no_codec_at = away->at;
    facts.their_codecs = codec_names(away->codecs, codecs);
    facts.our_codecs = codec_names(codecs);
}

gossip::MemberSnapshot self_snapshot(const config::Config& config,
                                     const std::vector<config::Tag>& tags,
                                     const crypto::NodeId& id) {
    gossip::MemberSnapshot self;
    self.id = id;
    self.is_self = true;
    self.name = node_name(config);
    self.tags = tags;
    self.software = software_name();
    return self;
}

}  // namespace

std::string software_name() { return std::string("hearsay ") + config::kVersion; }

std::string node_name(const config::Config& config) {
    if (!config.node.name.empty()) return config.node.name;
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) != 0) return "unnamed";
    std::string name = std::string(host.data()).substr(0, 63);
    for (char& c : name)
        if (!config::is_valid_node_name(std::string_view(&c, 1))) c = '-';
    return config::is_valid_node_name(name) ? name : "unnamed";
}

NodeStatus Node::status() const {
    const Parts& p = *parts_;
    NodeStatus status;
    status.id = p.signer.id();
    status.name = node_name(p.config);
    status.version = config::kVersion;
    status.bound = p.sockets.bound();
    if (p.network) {
        status.network = p.network->name;
        status.network_is_open = p.network->is_open;
        status.network_secrets = static_cast<std::uint32_t>(p.network->secrets.size());
    }
    status.started = p.started;
    status.started_wall = p.started_wall;
    status.receive_buffer = p.sockets.receive_buffer();
    status.sockets = p.sockets.counts();
    status.receive_dropped = status.sockets.receive_dropped;
    status.sends_together = p.sockets.sends_together();
    status.receives_together = p.sockets.receives_together();
    status.loop_lag_max = p.lag.longest(Loop::now());
    status.health = p.health();
    return status;
}

gossip::Snapshot Node::snapshot() const {
    const Parts& p = *parts_;
    if (p.engine) return p.engine->snapshot(Loop::both());
    gossip::Snapshot snapshot;
    snapshot.self = p.signer.id();
    snapshot.members.push_back(self_snapshot(p.config, p.tags, p.signer.id()));
    return snapshot;
}

bool Node::Parts::has_duplicate_lately(Instant now) const {
    return has_duplicate && now - duplicate_seen < kDuplicateShown;
}

std::vector<std::string> Node::Parts::health() const {
    const Instant now = Loop::now();
    HealthFacts facts;
    if (network) {
        facts.network = network->name;
        facts.network_is_open = network->is_open;
        // A secret that everybody can work out needs no hiding.
        if (!network->is_open && state.is_network_exposed())
            facts.exposed_network_file = state.network_file();
    }
    if (const auto bound = sockets.bound(); !bound.empty()) facts.port = bound.front().port;
    facts.beacons_are_on = config.discovery.beacon;
    if (engine) {
        const auto snapshot = engine->snapshot({now, Loop::wall()});
        facts.failed = labels_of_failed(snapshot);
        facts.others_alive =
            engine->alive_count() - std::min<std::size_t>(1, engine->alive_count());
        facts.alone_for = now - alone_since;
        facts.clock_offset_ms = snapshot.clock_offset_ms;
        facts.odd_clocks = find_odd_clocks(snapshot);
        facts.shared_names = describe_shared_names(snapshot);
        facts.wrong_network = snapshot.counters[gossip::Counter::refused_wrong_network];
        facts.wrong_secret = snapshot.counters[gossip::Counter::refused_bad_mac];
        if (snapshot.counters[gossip::Counter::refused_no_common_codec] > 0)
            add_codec_facts(engine->discovery({now, Loop::wall()}), codecs, facts);
    }
    facts.clock_skew_max = config.flood.clock_skew_max;
    facts.receive_buffer_wanted = config.listen.receive_buffer;
    facts.receive_buffer = sockets.receive_buffer();
    facts.dropped_lately = sockets.counts().receive_dropped - drops_before;
    facts.has_duplicate = has_duplicate_lately(now);
    facts.duplicate_at = duplicate_at;
    facts.loop_lag = lag.longest(now);
    facts.disk_problem = state.problem();
    facts.beacon_problem = sockets.beacon_problem();
    return find_health_problems(facts);
}

}  // namespace hearsay::host
