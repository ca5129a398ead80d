#include "daemon/host/api_doctor.h"

#include <algorithm>
#include <map>

#include "config/endpoint_text.h"
#include "daemon/host/api_view.h"

namespace hearsay::host {
namespace {

void write_optional(JsonWriter& json, std::optional<Duration> duration) {
    duration ? json.seconds(*duration) : json.null();
}

std::string name_of(const NodeFacts& facts, std::uint32_t index) {
    for (const gossip::Interface& interface : facts.interfaces)
        if (interface.index == index) return interface.name;
    return {};
}

void write_beacon(JsonWriter& json, const NodeFacts& facts, const config::Discovery& discovery) {
    json.key("beacon").begin_object().key("on").flag(discovery.beacon);
    json.key("interval").seconds(discovery.beacon_interval).key("chosen").begin_array();
    for (const std::string& name : discovery.interfaces) json.text(name);
    json.end_array().key("problem").text(facts.beacon_problem).end_object();
}

void write_interface(JsonWriter& json, const NodeFacts& facts,
                     const std::vector<const gossip::Interface*>& entries) {
    const auto carries = [](const gossip::Interface* each) { return each->is_multicast; };
    json.begin_object().key("name").text(entries[0]->name);
    json.key("beacons").flag(std::any_of(entries.begin(), entries.end(), carries));
    json.key("addresses").begin_array();
    for (const gossip::Interface* each : entries)
        json.text(config::address_text(each->address) + "/" + std::to_string(each->prefix_size));
    json.end_array();
    gossip::EarSnapshot ear;
    for (const gossip::EarSnapshot& each : facts.discovery.ears)
        if (each.index == entries[0]->index) ear = each;
    json.key("beacons_sent").number(ear.sent).key("beacons_heard").number(ear.heard);
    json.key("last_heard");
    write_optional(json, ear.last_heard);
    json.end_object();
}

void write_interfaces(JsonWriter& json, const NodeFacts& facts) {
    std::map<std::uint32_t, std::vector<const gossip::Interface*>> by_index;
    for (const gossip::Interface& each : facts.interfaces) by_index[each.index].push_back(&each);
    json.key("interfaces").begin_array();
    for (const auto& [index, entries] : by_index) write_interface(json, facts, entries);
    json.end_array();
}

void write_heard(JsonWriter& json, const NodeFacts& facts) {
    json.key("heard").begin_array();
    for (const gossip::HeardSnapshot& heard : facts.discovery.heard) {
        json.begin_object().key("id").text(crypto::to_text(heard.id));
        json.key("short").text(crypto::short_text(heard.id));
        json.key("address").text(config::to_text(heard.at));
        json.key("age").seconds(heard.age).key("for").seconds(heard.span);
        json.key("linked").flag(heard.is_linked).key("alive").flag(heard.is_alive).end_object();
    }
    json.end_array();
}

void write_links(JsonWriter& json, const NodeFacts& facts) {
    json.key("links").begin_array();
    for (const gossip::NeighbourSnapshot& each : facts.discovery.neighbours) {
        json.begin_object().key("address").text(config::to_text(each.at)).key("interface");
        const std::string name = name_of(facts, each.interface);
        name.empty() ? json.null() : json.text(name);
        json.key("age").seconds(each.age).end_object();
    }
    json.end_array();
}

void write_turned_away(JsonWriter& json, std::string_view key,
                       const std::optional<gossip::TurnedAway>& away, std::uint64_t count) {
    json.key(key);
    if (!away) {
        json.null();
        return;
    }
    json.begin_object().key("address").text(config::to_text(away->at));
    json.key("age").seconds(away->age);
    json.key("offset").seconds(std::chrono::milliseconds(away->clock_offset_ms));
    json.key("count").number(count).end_object();
}

// Linked by one of its addresses, or by another of the same member.
bool is_linked(const SeedFacts& seed, const gossip::Snapshot& snapshot) {
    const auto is_one = [&](const Endpoint& at) {
        return std::find(seed.addresses.begin(), seed.addresses.end(), at) != seed.addresses.end();
    };
    const auto& links = snapshot.links;
    if (std::any_of(links.begin(), links.end(), [&](const auto& link) { return is_one(link.at); }))
        return true;
    return std::any_of(
        snapshot.members.begin(), snapshot.members.end(), [&](const auto& member) {
            return member.is_linked &&
                   std::any_of(member.addresses.begin(), member.addresses.end(), is_one);
        });
}

// Of the address that failed least: a name may have one of a family that leads nowhere.
std::uint64_t failures_of(const SeedFacts& seed, const gossip::Snapshot& snapshot) {
    std::optional<std::uint32_t> least;
    for (const gossip::CandidateSnapshot& candidate : snapshot.candidates)
        if (std::find(seed.addresses.begin(), seed.addresses.end(), candidate.at) !=
            seed.addresses.end())
            least = std::min(least.value_or(candidate.failures), candidate.failures);
    return least.value_or(0);
}

void write_seeds(JsonWriter& json, const NodeFacts& facts) {
    json.key("seeds").begin_array();
    for (const SeedFacts& seed : facts.seeds) {
        json.begin_object().key("host").text(config::to_text(seed.host));
        json.key("addresses").begin_array();
        for (const Endpoint& at : seed.addresses) json.text(config::to_text(at));
        json.end_array().key("linked").flag(is_linked(seed, facts.snapshot));
        json.key("failures").number(failures_of(seed, facts.snapshot)).end_object();
    }
    json.end_array();
}

void write_buffer(JsonWriter& json, const NodeFacts& facts, const config::Listen& listen) {
    json.key("receive_buffer").begin_object().key("wanted").number(listen.receive_buffer);
    json.key("granted").number(facts.status.receive_buffer);
    json.key("dropped_lately").number(facts.dropped_lately).end_object();
}

}  // namespace

void write_doctor(JsonWriter& json, const NodeFacts& facts, const config::Config& config,
                  Instant now) {
    using gossip::Counter;
    const gossip::Counters& counters = facts.snapshot.counters;
    write_network(json, facts.status);
    json.key("uptime").seconds(now - facts.status.started).key("alone_for");
    write_optional(json, facts.alone_for);
    json.key("port").number(facts.status.bound.empty() ? config.listen.port
                                                       : facts.status.bound[0].port);
    json.key("datagram_size").number(config.wire.datagram_size);
    json.key("state_dir").text(config.node.state_dir);
    write_buffer(json, facts, config.listen);
    json.key("send_failed").number(facts.send_failed);
    write_beacon(json, facts, config.discovery);
    write_interfaces(json, facts);
    write_heard(json, facts);
    write_links(json, facts);
    write_seeds(json, facts);
    write_scan(json, facts.snapshot.scan);
    json.key("turned_away").begin_object();
    write_turned_away(json, "wrong_network", facts.discovery.wrong_network,
                      counters[Counter::refused_wrong_network]);
    write_turned_away(json, "wrong_secret", facts.discovery.wrong_secret,
                      counters[Counter::refused_bad_mac]);
    write_turned_away(json, "wrong_clock", facts.discovery.wrong_clock,
                      counters[Counter::refused_beacon]);
    write_turned_away(json, "no_common_codec", facts.discovery.no_common_codec,
                      counters[Counter::refused_no_common_codec]);
    json.end_object().key("codecs").begin_object().key("ours").text(facts.our_codecs);
    json.key("theirs").text(facts.their_codecs);
    json.end_object().key("clock").begin_object().key("offset");
    const auto offset = facts.snapshot.clock_offset_ms;
    offset ? json.seconds(std::chrono::milliseconds(*offset)) : json.null();
    json.key("skew_max").seconds(config.flood.clock_skew_max).end_object().key("duplicate");
    if (facts.has_duplicate) {
        json.begin_object().key("address");
        facts.duplicate_at ? json.text(config::to_text(*facts.duplicate_at)) : json.null();
        json.end_object();
    } else {
        json.null();
    }
    json.key("disk_problem").text(facts.disk_problem);
}

}  // namespace hearsay::host
