#include "daemon/gossip/engine_parts.h"
#include "wire/signed_bytes.h"

namespace hearsay::gossip {
namespace {

std::int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

MemberSnapshot snapshot_of(const Member& member, const Links& links, Instant now) {
    MemberSnapshot result;
    result.id = member.id;
    result.is_linked = member.is_linked;
    result.state = member.state;
    result.name = member.presence().name;
    if (member.reached_at.port != 0) result.addresses.push_back(member.reached_at);
    for (const Endpoint& at : member.presence().addresses)
        if (at != member.reached_at) result.addresses.push_back(at);
    result.tags = member.presence().tags;
    result.software = member.presence().software;
    result.epoch = member.epoch;
    result.version = member.version;
    result.age = now - member.since;
    result.last_heard = now - member.heard;
    if (member.presence_at != Instant{}) {
        result.presence_age = now - member.presence_at;
        result.presence_hops = member.presence_hops;
    }
    if (const Link* link = links.find(member.id)) {
        result.rtt = link->round_trip();
        result.clock_offset_ms = link->clock_offset_ms();
    }
    return result;
}

std::optional<TurnedAway> turned_away(const std::optional<Core::Sighting>& sighting, Instant now) {
    if (!sighting) return std::nullopt;
    return TurnedAway{sighting->at, now - sighting->when, sighting->clock_offset_ms,
                      sighting->codecs};
}

}  // namespace

void Engine::Parts::restore(ByteView saved, bool is_first_start, Now now) {
    const auto state = decode_state(saved);
    if (state && core.config.discovery.remember)
        for (const SavedState::Member& member : state->members)
            for (const Endpoint& at : member.addresses)
                overlay.add(at, LearntFrom::remembered, member.id, now.monotonic);
    if (!state || !state->has_streams) {
        // A publisher's clock may be ahead of ours by as much as is accepted.
        const auto skew = std::chrono::duration_cast<std::chrono::milliseconds>(
            core.config.flood.clock_skew_max);
        if (!is_first_start)
            flood.expect_repeats(now.wall.ms + static_cast<std::uint64_t>(skew.count()), now);
        return;
    }
    flood.expect_repeats(state->repeats_until_ms);
    for (const SavedState::SettledStream& settled : state->streams) {
        Stream& stream = streams.get(settled.key, now.monotonic);
        stream.settled.settle_to(settled.floor);
        for (const wire::NumberRange& range : settled.ranges) stream.settled.settle(range);
    }
}

Outputs Engine::add_candidate(const Endpoint& at, LearntFrom source, Now now) {
    parts_->begin(now);
    parts_->overlay.add(at, source, std::nullopt, now.monotonic);
    return finish(now);
}

Outputs Engine::handle_interfaces(std::span<const Interface> interfaces, Now now) {
    parts_->begin(now);
    parts_->beacons.set_interfaces(interfaces, now.monotonic);
    std::vector<Endpoint> addresses;
    for (const Interface& interface : interfaces) {
        const Endpoint at = interface.address.with_port(parts_->core.self.port);
        if (at.is_dialable() && !at.is_link_local() && addresses.size() < kAddressesMax)
            addresses.push_back(at);
    }
    parts_->membership.set_addresses(std::move(addresses), now.monotonic);
    return finish(now);
}

Result<PublishTicket, PublishError> Engine::publish(std::string_view topic, ByteView payload,
                                                    const PublishOptions& options, Now now) {
    Parts& parts = *parts_;
    const config::Flood& flood = parts.core.config.flood;
    const std::int64_t lifetime = milliseconds(options.lifetime.value_or(flood.lifetime));
    if (payload.size() > wire::kPayloadSizeMax) return PublishError::payload_too_large;
    if (!wire::is_valid_topic(topic)) return PublishError::bad_topic;
    if (lifetime < wire::kLifetimeMsMin || lifetime > wire::kLifetimeMsMax)
        return PublishError::bad_lifetime;
    if (parts.leave_asked) return PublishError::leaving;
    const auto offset = parts.links.clock_offset_ms();
    if (offset && std::abs(*offset) > milliseconds(flood.clock_skew_max)) {
        parts.core.count(Counter::clock_refused_publish);
        return PublishError::clock_skewed;
    }
    if (!parts.publishes.has_room(payload.size())) return PublishError::busy;
    parts.publishes.push(topic, payload, static_cast<std::uint32_t>(lifetime),
                         ++parts.last_ticket, now);
    parts.is_due_now = true;
    parts.last_call = std::max(parts.last_call, now.monotonic);
    return PublishTicket{parts.last_ticket};
}

void Engine::configure(const config::Gossip& config) {
    parts_->core.config = config;
    parts_->desk.configure();
    parts_->flood.configure();
    parts_->links.for_each([](Link& link) { link.touch(); });
    parts_->is_due_now = true;
}

void Engine::set_tags(std::vector<config::Tag> tags) {
    parts_->tags = std::move(tags);
    parts_->is_due_now = true;
}

void Engine::set_network(const crypto::Network& network) {
    parts_->core.network = network.clone();
    parts_->handshakes.reset();  // at once: a packet or verdict may come before the next timeout
    parts_->secrets_changed = true;
    parts_->is_due_now = true;
}

bool Engine::disconnect(const crypto::NodeId& member) {
    if (parts_->links.find(member) == nullptr) return false;
    parts_->disconnects.push_back(member);
    parts_->is_due_now = true;
    return true;
}

std::optional<PublishTicket> Engine::probe(const crypto::NodeId& member, Now now) {
    Parts& parts = *parts_;
    Link* link = parts.links.find(member);
    if (parts.leave_asked || link == nullptr ||
        !parts.probes.start(parts.last_ticket + 1, *link, now.monotonic))
        return std::nullopt;
    parts.is_due_now = true;
    parts.last_call = std::max(parts.last_call, now.monotonic);
    return ++parts.last_ticket;
}

void Engine::leave() {
    parts_->leave_asked = true;
    parts_->is_due_now = true;
}

bool Engine::has_left() const { return parts_->has_left; }
std::size_t Engine::link_count() const { return parts_->links.size(); }
std::size_t Engine::alive_count() const { return parts_->membership.alive_count(); }
const Counters& Engine::counters() const { return parts_->core.counters; }

Snapshot Engine::snapshot(Now now) const {
    const Parts& parts = *parts_;
    Snapshot result;
    result.self = parts.core.self_id;
    result.epoch = parts.core.epoch;
    result.counters = parts.core.counters;
    result.batches_stored = parts.store.size();
    result.bytes_stored = parts.store.bytes();
    result.streams = parts.streams.size();
    result.dedup_entries = parts.flood.dedup().size();
    result.verifications_pending = parts.desk.pending();
    result.clock_offset_ms = parts.links.clock_offset_ms();
    result.candidates = parts.overlay.snapshot(now.monotonic);
    result.scan = parts.scan.snapshot(now.monotonic);

    MemberSnapshot self;
    self.id = parts.core.self_id;
    self.is_self = true;
    self.state = parts.leave_asked ? MemberState::left : MemberState::alive;
    self.name = parts.membership.self().name;
    self.addresses = parts.membership.self().addresses;
    self.tags = parts.membership.self().tags;
    self.software = parts.membership.self().software;
    self.epoch = parts.core.epoch;
    self.version = parts.membership.version();
    self.age = now.monotonic - parts.membership.started();
    result.members.push_back(std::move(self));
    for (const auto& [id, member] : parts.membership.all())
        result.members.push_back(snapshot_of(member, parts.links, now.monotonic));
    std::sort(result.members.begin() + 1, result.members.end(), [](const auto& a, const auto& b) {
        return std::tie(a.name, a.id) < std::tie(b.name, b.id);
    });
    parts.links.for_each([&](const Link& link) {
        LinkSnapshot snapshot = link.snapshot(now.monotonic);
        if (const Member* member = parts.membership.find(link.id()))
            snapshot.name = member->presence().name;
        result.links.push_back(std::move(snapshot));
    });
    std::sort(result.links.begin(), result.links.end(), [](const auto& a, const auto& b) {
        return std::tie(a.name, a.id) < std::tie(b.name, b.id);
    });
    return result;
}

DiscoverySnapshot Engine::discovery(Now now) const {
    const Parts& parts = *parts_;
    DiscoverySnapshot result;
    result.ears = parts.beacons.ears(now.monotonic);
    for (HeardSnapshot& heard : parts.beacons.heard(now.monotonic)) {
        if (result.heard.size() == DiscoverySnapshot::kHeardShown) break;
        const Member* member = parts.membership.find(heard.id);
        heard.is_linked = parts.links.find(heard.id) != nullptr;
        heard.is_alive = member != nullptr && member->state == MemberState::alive;
        result.heard.push_back(heard);
    }
    parts.links.for_each([&](const Link& link) {
        const Interface* interface = parts.beacons.interface_of(link.at());
        result.neighbours.push_back({link.at(), interface == nullptr ? 0 : interface->index,
                                     now.monotonic - link.opened_at});
    });
    result.wrong_network = turned_away(parts.core.sightings.wrong_network, now.monotonic);
    result.wrong_secret = turned_away(parts.core.sightings.wrong_secret, now.monotonic);
    result.wrong_clock = turned_away(parts.core.sightings.wrong_clock, now.monotonic);
    result.no_common_codec = turned_away(parts.core.sightings.no_common_codec, now.monotonic);
    return result;
}

Bytes Engine::save_members(Now) const {
    SavedState state;
    state.members = parts_->membership.remembered();
    return encode_state(state);
}

Bytes Engine::save(Now) const {
    constexpr std::size_t kRangesPerStream = 4096;
    SavedState state;
    state.members = parts_->membership.remembered();
    state.has_streams = true;
    state.repeats_until_ms = parts_->flood.repeats_until_ms();
    for (const auto& [key, stream] : parts_->streams.all())
        state.streams.push_back({key, stream.settled.floor(),
                                 stream.settled.settled_ranges(kRangesPerStream)});
    return encode_state(state);
}

void Engine::check_invariants() const { parts_->flood.check_invariants(); }

}  // namespace hearsay::gossip
