#include "daemon/host/api_view.h"

#include <algorithm>
#include <array>
#include <map>

#include "config/endpoint_text.h"
#include "config/range_text.h"
#include "daemon/host/api_tags.h"
#include "daemon/host/labels.h"

namespace hearsay::host {
namespace {

using gossip::Counter;

constexpr double kRateMax = 9e9;  // a second; more would not fit a Duration

void write_optional(JsonWriter& json, std::optional<Duration> duration) {
    duration ? json.seconds(*duration) : json.null();
}

std::optional<Duration> from_ms(std::optional<std::int64_t> ms) {
    if (!ms) return std::nullopt;
    return std::chrono::milliseconds(*ms);
}

void write_self(JsonWriter& json, const ApiStatusParts& parts) {
    const NodeStatus& node = parts.node;
    json.key("self").begin_object();
    json.key("id").text(crypto::to_text(node.id)).key("short").text(crypto::short_text(node.id));
    json.key("name").text(node.name).key("version").text(node.version);
    json.key("started").time(node.started_wall);
    json.key("uptime").seconds(parts.now - node.started);
    json.key("addresses").begin_array();
    for (const Endpoint& at : node.bound) json.text(config::to_text(at));
    json.end_array();
    json.key("epoch").number(parts.snapshot.epoch);
    json.end_object();
}

void write_member_counts(JsonWriter& json, const gossip::Snapshot& snapshot) {
    std::array<std::uint64_t, 4> counts{};
    for (const auto& member : snapshot.members) ++counts[static_cast<std::size_t>(member.state)];
    json.key("members").begin_object();
    for (std::size_t state = 0; state < counts.size(); ++state)
        json.key(name_of(static_cast<gossip::MemberState>(state))).number(counts[state]);
    json.end_object();
}

void write_counters(JsonWriter& json, const gossip::Counters& counters) {
    json.key("counters").begin_object();
    for (std::size_t i = 0; i < gossip::kCounterCount; ++i) {
        const auto counter = static_cast<Counter>(i);
        json.key(name_of(counter)).number(counters[counter]);
    }
    json.end_object();
}

void write_tables(JsonWriter& json, const ApiStatusParts& parts) {
    const gossip::Snapshot& snapshot = parts.snapshot;
    json.key("tables").begin_object();
    json.key("batches_stored").number(snapshot.batches_stored);
    json.key("bytes_stored").number(snapshot.bytes_stored);
    json.key("streams").number(snapshot.streams);
    json.key("dedup_entries").number(snapshot.dedup_entries);
    json.key("verifications_pending").number(snapshot.verifications_pending);
    json.key("receive_buffer").number(parts.node.receive_buffer);
    json.key("receive_dropped").number(parts.node.receive_dropped);
    json.key("loop_lag_max").seconds(parts.node.loop_lag_max);
    json.key("clock_offset");
    write_optional(json, from_ms(snapshot.clock_offset_ms));
    json.end_object();
}

void write_sockets(JsonWriter& json, const NodeStatus& node) {
    const UdpSocketCounts& counts = node.sockets;
    json.key("sockets").begin_object();
    json.key("sends_together").flag(node.sends_together);
    json.key("receives_together").flag(node.receives_together);
    json.key("sent").number(counts.sent).key("sent_together").number(counts.sent_together);
    json.key("send_calls").number(counts.send_calls);
    json.key("send_dropped").number(counts.send_dropped);
    json.key("send_failed").number(counts.send_failed);
    json.key("received").number(counts.received);
    json.key("received_together").number(counts.received_together);
    json.key("receive_calls").number(counts.receive_calls);
    json.key("too_large").number(counts.too_large);
    json.end_object();
}

using Labels = std::map<crypto::NodeId, std::string>;

void write_names(JsonWriter& json, const crypto::NodeId& id, const std::string& name,
                 const Labels& labels) {
    json.key("id").text(crypto::to_text(id)).key("short").text(crypto::short_text(id));
    const auto label = labels.find(id);
    json.key("name").text(name).key("label").text(label == labels.end() ? name : label->second);
}

void write_member(JsonWriter& json, const gossip::MemberSnapshot& member, const Labels& labels) {
    json.begin_object();
    write_names(json, member.id, member.name, labels);
    json.key("self").flag(member.is_self).key("linked").flag(member.is_linked);
    json.key("state").text(name_of(member.state));
    json.key("addresses").begin_array();
    for (const Endpoint& at : member.addresses) json.text(config::to_text(at));
    json.end_array();
    write_tags(json.key("tags"), member.tags);
    json.key("version").text(member.software).key("epoch").number(member.epoch);
    json.key("age").seconds(member.age).key("last_heard").seconds(member.last_heard);
    json.key("rtt");
    write_optional(json, member.rtt);
    json.key("clock_offset");
    write_optional(json, from_ms(member.clock_offset_ms));
    json.end_object();
}

void write_link(JsonWriter& json, const gossip::LinkSnapshot& link, const Labels& labels) {
    json.begin_object();
    write_names(json, link.id, link.name, labels);
    json.key("address").text(config::to_text(link.at));
    json.key("initiator").flag(link.is_initiator).key("codec").text(link.codec);
    json.key("age").seconds(link.age).key("idle").seconds(link.idle);
    json.key("rtt");
    write_optional(json, link.rtt);
    json.key("clock_offset");
    write_optional(json, from_ms(link.clock_offset_ms));
    json.key("packets_sent").number(link.packets_sent);
    json.key("packets_received").number(link.packets_received);
    json.key("bytes_sent").number(link.bytes_sent);
    json.key("bytes_received").number(link.bytes_received);
    json.key("packets_lost").number(link.packets_lost);
    json.key("chunks_queued").number(link.chunks_queued);
    json.key("packets_in_flight").number(link.packets_in_flight);
    json.key("slow").flag(link.is_slow);
    json.end_object();
}

}  // namespace

// ---- ApiRates

void ApiRates::sample(const gossip::Counters& counters, Instant now) {
    older_ = newer_;
    newer_ = {counters, now};
}

void ApiRates::write(JsonWriter& json, const gossip::Counters& counters, Instant now) const {
    static constexpr std::array kShown{Counter::datagrams_received, Counter::datagrams_sent,
                                       Counter::bytes_received,     Counter::bytes_sent,
                                       Counter::messages_delivered, Counter::messages_published};
    const Sample before = older_ ? *older_ : newer_.value_or(Sample{counters, now});
    const Duration over = now - before.at;
    json.key("rates").begin_object();
    json.key("over").seconds(over);
    for (const Counter counter : kShown) {
        // Counters begin anew with the network.
        const std::uint64_t then = before.counters[counter];
        const std::uint64_t more = counters[counter] - (then > counters[counter] ? 0 : then);
        const double seconds = static_cast<double>(over.count()) / 1e9;
        const double rate =
            over > Duration::zero() ? std::min(static_cast<double>(more) / seconds, kRateMax) : 0;
        // To the thousandth, in the way seconds are written.
        const auto thousandths = static_cast<std::int64_t>(rate * 1e3);
        json.key(name_of(counter)).seconds(std::chrono::milliseconds(thousandths));
    }
    json.end_object();
}

// ---- Views

void write_scan(JsonWriter& json, const gossip::ScanSnapshot& scan) {
    json.key("scan");
    if (scan.ranges.empty()) {
        json.null();
        return;
    }
    json.begin_object().key("ranges").begin_array();
    for (const config::AddressRange& range : scan.ranges) json.text(config::to_text(range));
    json.end_array();
    json.key("addresses").number(scan.addresses).key("tried").number(scan.tried);
    json.key("answered").number(scan.answered).key("passes").number(scan.passes);
    json.key("running").flag(scan.is_running).key("next_pass");
    write_optional(json, scan.next_pass);
    json.end_object();
}

void write_network(JsonWriter& json, const NodeStatus& node) {
    json.key("network");
    if (!node.network) {
        json.null();
        return;
    }
    json.begin_object().key("name").text(*node.network);
    json.key("open").flag(node.network_is_open);
    json.key("secrets").number(node.network_secrets);
    json.end_object();
}

void write_status(JsonWriter& json, const ApiStatusParts& parts) {
    write_self(json, parts);
    write_network(json, parts.node);
    json.key("links").number(parts.snapshot.links.size());
    write_member_counts(json, parts.snapshot);
    write_scan(json, parts.snapshot.scan);
    parts.rates.write(json, parts.snapshot.counters, parts.now);
    write_counters(json, parts.snapshot.counters);
    write_tables(json, parts);
    write_sockets(json, parts.node);
    json.key("api").begin_object().key("clients").number(parts.use.clients);
    json.key("subscribers").number(parts.use.subscribers);
    json.key("lagged").number(parts.use.lagged).end_object();
    json.key("health").begin_array();
    for (const std::string& finding : parts.node.health) json.text(finding);
    json.end_array();
}

void write_members(JsonWriter& json, const gossip::Snapshot& snapshot) {
    const Labels labels = labels_of(snapshot);
    json.key("members").begin_array();
    for (const auto& member : snapshot.members) write_member(json, member, labels);
    json.end_array();
}

void write_links(JsonWriter& json, const gossip::Snapshot& snapshot) {
    const Labels labels = labels_of(snapshot);
    json.key("links").begin_array();
    for (const auto& link : snapshot.links) write_link(json, link, labels);
    json.end_array();
    json.key("candidates").begin_array();
    for (const auto& candidate : snapshot.candidates) {
        json.begin_object().key("address").text(config::to_text(candidate.at));
        json.key("learnt_from").text(candidate.learnt_from);
        json.key("failures").number(candidate.failures);
        json.key("next_try").seconds(candidate.next_try).end_object();
    }
    json.end_array();
}

}  // namespace hearsay::host
