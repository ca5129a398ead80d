#include "daemon/gossip/beacons.h"

#include "wire/packet.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;

// 239.255.43.27 (RFC 2365, local scope) and ff12::4327 (RFC 4291 2.7: transient, link-local).
const Endpoint kGroup4 = Endpoint::ipv4(239, 255, 43, 27, config::kDefaultPort);
const Endpoint kGroup6{{0xff, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x43, 0x27},
                       config::kDefaultPort,
                       0};

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
    sent_ = 0;
    next_at_ = now;
}

bool Beacons::is_on_link(const Endpoint& at) const {
    return std::any_of(interfaces_.begin(), interfaces_.end(), [&](const Interface& interface) {
        if (at.is_ipv4() != interface.address.is_ipv4()) return false;
        if (at.scope != 0 && at.scope != interface.index) return false;
        const std::size_t bits = interface.prefix_size + (at.is_ipv4() ? 96U : 0U);
        return shares_prefix(at, interface.address, std::min<std::size_t>(bits, 128));
    });
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
    if (beacon->network_tag != crypto::network_tag(core_.network.id)) {
        core_.count(Counter::refused_wrong_network);
        return std::nullopt;
    }
    const auto& secrets = core_.network.secrets;
    const bool is_ours = std::any_of(secrets.begin(), secrets.end(), [&](const auto& secret) {
        const crypto::Mac mac = crypto::network_mac(secret, crypto::kBeaconLabel,
                                                    core_.network.id, beacon->covered);
        return crypto::equal_in_constant_time(mac.view(), beacon->mac.view());
    });
    if (!is_ours) {
        core_.count(Counter::refused_bad_mac);
        return std::nullopt;
    }
    if (beacon->node == core_.self_id) return std::nullopt;
    const std::uint64_t skew = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(
            core_.config.flood.clock_skew_max).count());
    const std::uint64_t distance = beacon->wall_ms > now.wall.ms
                                       ? beacon->wall_ms - now.wall.ms
                                       : now.wall.ms - beacon->wall_ms;
    const auto newest = newest_.find(beacon->node);
    // One host sends one beacon on several interfaces and families, all with one time.
    const bool is_old = newest != newest_.end() && beacon->wall_ms < newest->second;
    if (distance > skew || is_old || !is_on_link(from)) {
        core_.count(Counter::refused_beacon);
        return std::nullopt;
    }
    if (newest == newest_.end() && newest_.size() >= kNodesMax) newest_.clear();
    newest_[beacon->node] = beacon->wall_ms;
    return Hint{beacon->node, from.with_port(beacon->port)};
}

bool Beacons::has_place_to_send() const {
    return core_.config.discovery.beacon &&
           std::any_of(interfaces_.begin(), interfaces_.end(),
                       [](const Interface& interface) { return interface.is_multicast; });
}

void Beacons::handle_timeout(Now now) {
    if (!has_place_to_send() || next_at_ > now.monotonic) return;
    send(now.wall);
    const Duration interval = core_.config.discovery.beacon_interval;
    const Duration pause =
        sent_ < kFirstPauses.size() ? std::min(kFirstPauses[sent_], interval) : interval;
    ++sent_;
    next_at_ = now.monotonic + core_.random.between(pause * 8 / 10, pause * 12 / 10);
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
        if (!interface.is_multicast || !done.emplace(interface.index, is_ipv4).second) continue;
        Endpoint group = is_ipv4 ? kGroup4 : kGroup6;
        group.scope = interface.index;
        core_.outbox.send_copy(group, packet);
    }
}

std::optional<Instant> Beacons::next_deadline() const {
    if (!has_place_to_send()) return std::nullopt;
    return next_at_;
}

}  // namespace hearsay::gossip
