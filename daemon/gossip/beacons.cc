#include "daemon/gossip/beacons.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;

// 239.255.43.27 (RFC 2365, local scope) and ff12::4327 (RFC 4291 2.7: transient, link-local).
const Endpoint kGroup4 = Endpoint::ipv4(239, 255, 43, 27, config::kDefaultPort);
const Endpoint kGroup6{{0xff, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x43, 0x27},
                       config::kDefaultPort,
                       0};

// A clock may be off by as much as a number of milliseconds can say.
constexpr std::uint64_t kOffsetShownMax = 100ULL * 365 * 24 * 3600 * 1000;

// A host that has just started or got an address is found quickly, then it stays quiet.
constexpr std::array<Duration, 4> kFirstPauses{300ms, 700ms, 1s, 2s};

bool shares_prefix(const Endpoint& a, const Endpoint& b, std::size_t bits) {
    for (std::size_t bit = 0; bit < bits; ++bit) {
        const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
        if (((a.address[bit / 8] ^ b.address[bit / 8]) & mask) != 0) return false;
    }
    return true;
}

}  // namespace

Beacons::Beacons(Core& core, Instant now) : core_(core), rate_(kRate, kRate), next_at_(now) {}

void Beacons::set_interfaces(std::span<const Interface> interfaces, Instant now) {
    interfaces_.assign(interfaces.begin(), interfaces.end());
    std::erase_if(ears_, [&](const auto& ear) {
        return std::none_of(interfaces.begin(), interfaces.end(),
                            [&](const Interface& each) { return each.index == ear.first; });
    });
    sent_ = 0;
    next_at_ = now;
}

const Interface* Beacons::interface_of(const Endpoint& at) const {
    const Interface* found = nullptr;
    for (const Interface& interface : interfaces_) {
        if (at.is_ipv4() != interface.address.is_ipv4()) continue;
        if (at.scope != 0 && at.scope != interface.index) continue;
        const std::size_t bits = interface.prefix_size + (at.is_ipv4() ? 96U : 0U);
        if (!shares_prefix(at, interface.address, std::min<std::size_t>(bits, 128))) continue;
        if (interface.is_multicast) return &interface;
        if (found == nullptr) found = &interface;
    }
    return found;
}

bool Beacons::is_own(const Endpoint& at) const {
    return std::any_of(
        interfaces_.begin(), interfaces_.end(),
        [&](const Interface& interface) { return interface.address.address == at.address; });
}

std::optional<Beacons::Hint> Beacons::handle(const Endpoint& from, ByteView datagram, Now now) {
    if (!rate_.take(1, now.monotonic)) {
        core_.count(Counter::beacons_over_rate);
        return std::nullopt;
    }
    const auto beacon = wire::parse_beacon(datagram);
    if (!beacon) {
        core_.count(Counter::refused_malformed_packet);
        return std::nullopt;
    }
    if (!is_ours(*beacon, from, now.monotonic)) return std::nullopt;
    // With our key from elsewhere it is a clone's, or repeated: a handshake there will tell.
    if (beacon->node == core_.self_id && is_own(from)) return std::nullopt;
    const std::uint64_t skew = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(
            core_.config.flood.clock_skew_max).count());
    const bool is_ahead = beacon->wall_ms > now.wall.ms;
    const std::uint64_t distance =
        is_ahead ? beacon->wall_ms - now.wall.ms : now.wall.ms - beacon->wall_ms;
    const auto newest = newest_.find(beacon->node);
    // One host sends one beacon on several interfaces and families, all with one time.
    const bool is_old = newest != newest_.end() && beacon->wall_ms < newest->second.wall_ms;
    const Interface* const interface = interface_of(from);
    if (distance > skew && interface != nullptr) {
        const auto shown = static_cast<std::int64_t>(std::min(distance, kOffsetShownMax));
        Core::see(core_.sightings.wrong_clock,
                  {from, now.monotonic, is_ahead ? shown : -shown});
    }
    if (distance > skew || is_old || interface == nullptr) {
        core_.count(Counter::refused_beacon);
        return std::nullopt;
    }
    const Endpoint at = from.with_port(beacon->port);
    note(*beacon, at, interface->index, now.monotonic);
    return Hint{beacon->node, at};
}

// Of our network, under one of its secrets.
bool Beacons::is_ours(const wire::Beacon& beacon, const Endpoint& from, Instant now) {
    if (beacon.network_tag != crypto::network_tag(core_.network.id)) {
        core_.count(Counter::refused_wrong_network);
        Core::see(core_.sightings.wrong_network, {from, now});
        return false;
    }
    const auto& secrets = core_.network.secrets;
    const bool is_known = std::any_of(secrets.begin(), secrets.end(), [&](const auto& secret) {
        const crypto::Mac mac = crypto::network_mac(secret, crypto::kBeaconLabel,
                                                    core_.network.id, beacon.covered);
        return crypto::equal_in_constant_time(mac.view(), beacon.mac.view());
    });
    if (is_known) return true;
    core_.count(Counter::refused_bad_mac);
    Core::see(core_.sightings.wrong_secret, {from, now});
    return false;
}

void Beacons::note(const wire::Beacon& beacon, const Endpoint& at, std::uint32_t interface,
                   Instant now) {
    Ear& ear = ears_[interface];
    ++ear.heard;
    ear.last_heard = now;
    if (!newest_.contains(beacon.node) && newest_.size() >= kNodesMax) newest_.clear();
    const auto [found, is_new] = newest_.try_emplace(beacon.node);
    Heard& heard = found->second;
    if (is_new || now - heard.last > kSilence) heard.first = now;
    // Of the addresses it beacons from at once the one an operator knows it by.
    if (is_new || beacon.wall_ms != heard.wall_ms || !at.is_link_local()) heard.at = at;
    heard.wall_ms = beacon.wall_ms;
    heard.last = now;
}

std::vector<EarSnapshot> Beacons::ears(Instant now) const {
    std::vector<EarSnapshot> result;
    for (const auto& [index, ear] : ears_) {
        EarSnapshot snapshot{index, ear.sent, ear.heard, std::nullopt};
        if (ear.last_heard) snapshot.last_heard = now - *ear.last_heard;
        result.push_back(snapshot);
    }
    return result;
}

std::vector<HeardSnapshot> Beacons::heard(Instant now) const {
    std::vector<HeardSnapshot> result;
    for (const auto& [id, heard] : newest_)
        if (id != core_.self_id && now - heard.last <= kSilence)
            result.push_back({id, heard.at, now - heard.last, heard.last - heard.first, false,
                              false});
    return result;
}

bool Beacons::has_place_to_send() const {
    return core_.config.discovery.beacon &&
           std::any_of(interfaces_.begin(), interfaces_.end(),
                       [](const Interface& interface) { return interface.is_multicast; });
}

void Beacons::handle_timeout(Now now) {
    if (!has_place_to_send() || next_at_ > now.monotonic) return;
    send(now.wall);
    const Duration next = pause(now.monotonic);
    ++sent_;
    next_at_ = now.monotonic + core_.random.between(next * 8 / 10, next * 12 / 10);
}

Duration Beacons::pause(Instant now) const {
    const Duration interval = core_.config.discovery.beacon_interval;
    if (sent_ < kFirstPauses.size()) return std::min(kFirstPauses[sent_], interval);
    const auto heard = std::count_if(newest_.begin(), newest_.end(), [&](const auto& entry) {
        return now - entry.second.last <= kSilence;
    });
    return std::clamp(interval * heard / kNodesAtInterval, interval, std::max(interval, kPauseMax));
}

// An interface that has addresses of one family only is never left out.
bool Beacons::is_turn_of(const Interface& interface) const {
    if (sent_ < kFirstPauses.size()) return true;
    if (interface.address.is_ipv4() == (sent_ % 2 == 0)) return true;
    return std::none_of(interfaces_.begin(), interfaces_.end(), [&](const Interface& other) {
        return other.index == interface.index &&
               other.address.is_ipv4() != interface.address.is_ipv4();
    });
}

void Beacons::send(WallTime wall) {
    wire::Beacon beacon;
    beacon.port = core_.self.port;
    beacon.network_tag = crypto::network_tag(core_.network.id);
    beacon.wall_ms = wall.ms;
    beacon.node = core_.self_id;
    Bytes packet = wire::write_beacon(beacon);
    wire::set_mac(packet, crypto::network_mac(core_.secret(0), crypto::kBeaconLabel,
                                              core_.network.id, wire::covered_part(packet)));
    std::set<std::pair<std::uint32_t, bool>> done;  // an interface may have many addresses
    for (const Interface& interface : interfaces_) {
        const bool is_ipv4 = interface.address.is_ipv4();
        if (!interface.is_multicast || !is_turn_of(interface)) continue;
        if (!done.emplace(interface.index, is_ipv4).second) continue;
        Endpoint group = is_ipv4 ? kGroup4 : kGroup6;
        group.scope = interface.index;
        core_.outbox.send_copy(group, packet);
        ++ears_[interface.index].sent;
    }
}

std::optional<Instant> Beacons::next_deadline() const {
    if (!has_place_to_send()) return std::nullopt;
    return next_at_;
}

}  // namespace hearsay::gossip
