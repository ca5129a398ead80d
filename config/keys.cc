#include "config/keys.h"

#include <algorithm>

namespace hearsay::config {
namespace {

constexpr bool kReloadable = true;
constexpr bool kFixed = false;

constexpr std::uint64_t kKiB = 1 << 10;
constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kGiB = 1 << 30;

constexpr Bound kNoBound{0, 0};
constexpr Bound between(Duration least, Duration most) {
    return {static_cast<std::uint64_t>(least.count()), static_cast<std::uint64_t>(most.count())};
}

constexpr std::uint64_t kPathSizeMax = 4095;       // PATH_MAX less the final zero
constexpr std::uint64_t kSocketPathSizeMax = 107;  // sun_path of unix(7), less the final zero

constexpr Key kKeys[] = {
    {"node", "name", Kind::text, {0, 63}, kFixed,
     [](Config& c) -> Field { return &c.node.name; },
     "What other hosts call this one, of A-Z a-z 0-9 . _ and -. Empty: the host's name."},
    {"node", "state_dir", Kind::text, {1, kPathSizeMax}, kFixed,
     [](Config& c) -> Field { return &c.node.state_dir; },
     "Directory of the identity key, the network file and what is remembered between runs. An "
     "absolute path."},
    {"node", "tags", Kind::tags, {0, 16}, kReloadable,
     [](Config& c) -> Field { return &c.node.tags; },
     "Words about this host that every member sees, such as { role = \"web\" }. A key has 1 to "
     "32 of a-z 0-9 . _ and -, a value at most 128 bytes; all together at most 600."},

    {"network", "file", Kind::text, {0, kPathSizeMax}, kFixed,
     [](Config& c) -> Field { return &c.network.file; },
     "File that holds the join token of the network. An absolute path. Empty: the file "
     "\"network\" in node.state_dir."},

    {"listen", "addresses", Kind::names, {1, 16}, kFixed,
     [](Config& c) -> Field { return &c.listen.addresses; },
     "Addresses to receive on, without port. \"::\" alone serves every IPv6 and IPv4 address of "
     "the host."},
    {"listen", "port", Kind::count, {0, 65535}, kFixed,
     [](Config& c) -> Field { return &c.listen.port; },
     "UDP port. 0 takes any free one, which suits tests only."},
    {"listen", "receive_buffer", Kind::size, {64 * kKiB, 256 * kMiB}, kFixed,
     [](Config& c) -> Field { return &c.listen.receive_buffer; },
     "Socket buffer asked of the system for datagrams not read yet. The system may grant less."},
    {"listen", "send_buffer", Kind::size, {64 * kKiB, 256 * kMiB}, kFixed,
     [](Config& c) -> Field { return &c.listen.send_buffer; },
     "Socket buffer asked of the system for datagrams not sent yet. The system may grant less."},

    {"discovery", "seeds", Kind::hosts, {0, 256}, kReloadable,
     [](Config& c) -> Field { return &c.discovery.seeds; },
     "Hosts to dial, as \"name\", \"192.0.2.1:4327\" or \"[2001:db8::1]:4327\". Names are looked "
     "up again and again, so they may change. Needed only for hosts that no beacon reaches."},
    {"discovery", "beacon", Kind::flag, kNoBound, kReloadable,
     [](Config& c) -> Field { return &c.discovery.beacon; },
     "Whether to find and be found by hosts on the same LAN, by multicast."},
    {"discovery", "beacon_interval", Kind::duration, between(1s, 1h), kReloadable,
     [](Config& c) -> Field { return &c.discovery.beacon_interval; },
     "Time between two beacons. The first ones after start are sent faster."},
    {"discovery", "interfaces", Kind::names, {0, 64}, kReloadable,
     [](Config& c) -> Field { return &c.discovery.interfaces; },
     "Network interfaces that carry beacons. Empty: every one that can multicast, but not lo."},
    {"discovery", "remember", Kind::flag, kNoBound, kReloadable,
     [](Config& c) -> Field { return &c.discovery.remember; },
     "Whether to dial, after a restart, the members known before it."},
    {"discovery", "scan", Kind::ranges, {0, 16}, kReloadable,
     [](Config& c) -> Field { return &c.discovery.scan; },
     "Ranges of addresses to try one by one, as \"10.1.2.0/24\", at most a /16 (IPv6: a /112) "
     "each: for hosts that neither beacons nor seeds reach. 64 addresses a second are asked, at "
     "the port this host listens on."},

    {"link", "heartbeat_interval", Kind::duration, between(50ms, 10s), kFixed,
     [](Config& c) -> Field { return &c.link.heartbeat_interval; },
     "Longest silence towards a neighbour. At most half of link.dead_after."},
    {"link", "probe_after", Kind::duration, between(50ms, 1min), kFixed,
     [](Config& c) -> Field { return &c.link.probe_after; },
     "Silence of a neighbour after which it is probed faster. Less than link.dead_after."},
    {"link", "dead_after", Kind::duration, between(100ms, 5min), kFixed,
     [](Config& c) -> Field { return &c.link.dead_after; },
     "Silence of a neighbour after which the link is given up."},

    {"flood", "lifetime", Kind::duration, between(1s, 1h), kReloadable,
     [](Config& c) -> Field { return &c.flood.lifetime; },
     "How long a message is passed on and kept for those who missed it, if its publisher asks "
     "for nothing else."},
    {"flood", "clock_skew_max", Kind::duration, between(1s, 1h), kReloadable,
     [](Config& c) -> Field { return &c.flood.clock_skew_max; },
     "How far a publisher's clock may be ahead of this host's before its messages are refused."},
    {"flood", "batch_delay", Kind::duration, between(0ms, 100ms), kReloadable,
     [](Config& c) -> Field { return &c.flood.batch_delay; },
     "How long messages that follow each other wait for company, to be signed together. The first "
     "never waits."},
    {"flood", "redundancy", Kind::count, {0, 4}, kReloadable,
     [](Config& c) -> Field { return &c.flood.redundancy; },
     "Neighbours from which each message is taken; the others only tell what they have. 1 is the "
     "cheapest, more are quicker where datagrams are lost. 0: from all."},

    {"limits", "links", Kind::count, {1, 64}, kFixed,
     [](Config& c) -> Field { return &c.limits.links; },
     "Neighbours at once."},
    {"limits", "members", Kind::count, {16, 65536}, kFixed,
     [](Config& c) -> Field { return &c.limits.members; },
     "Members known at once."},
    {"limits", "store", Kind::size, {kMiB, 16 * kGiB}, kFixed,
     [](Config& c) -> Field { return &c.limits.store; },
     "Memory for messages kept for those who missed them. Grows with use."},
    {"limits", "dedup_entries", Kind::count, {1024, 1 << 24}, kFixed,
     [](Config& c) -> Field { return &c.limits.dedup_entries; },
     "Messages remembered so as to be delivered once. Grows with use."},
    {"limits", "streams", Kind::count, {16, 1 << 20}, kFixed,
     [](Config& c) -> Field { return &c.limits.streams; },
     "Publishers remembered, each counted once for every start of its daemon."},
    {"limits", "verify_per_second", Kind::count, {100, 10'000'000}, kReloadable,
     [](Config& c) -> Field { return &c.limits.verify_per_second; },
     "Signatures checked in a second, of all sources together."},
    {"limits", "publisher_rate", Kind::count, {1, 10'000'000}, kReloadable,
     [](Config& c) -> Field { return &c.limits.publisher_rate; },
     "Batches accepted in a second of one publisher."},
    {"limits", "workers", Kind::count, {0, 64}, kFixed,
     [](Config& c) -> Field { return &c.limits.workers; },
     "Threads that check signatures. 0: one less than the cores, at least one."},

    {"wire", "codecs", Kind::names, {1, 8}, kFixed,
     [](Config& c) -> Field { return &c.wire.codecs; },
     "Encodings of frames offered to neighbours, the preferred one first."},
    {"wire", "plugins", Kind::names, {0, 7}, kFixed,
     [](Config& c) -> Field { return &c.wire.plugins; },
     "Shared objects with further codecs, by absolute path; wire.codecs then names those to use. "
     "They run inside the daemon and are trusted as it is."},
    {"wire", "datagram_size", Kind::count, {1200, 1452}, kFixed,
     [](Config& c) -> Field { return &c.wire.datagram_size; },
     "Largest UDP payload sent, in bytes. 1200 passes every path that carries IPv6."},

    {"api", "socket", Kind::text, {1, kSocketPathSizeMax}, kFixed,
     [](Config& c) -> Field { return &c.api.socket; },
     "Unix socket of the local API, which the hearsay command uses too. An absolute path."},
    {"api", "group", Kind::text, {0, 32}, kFixed,
     [](Config& c) -> Field { return &c.api.group; },
     "Group that may use the socket, beside root and the daemon's own user. Empty: no group."},
    {"api", "publishers", Kind::names, {0, 256}, kReloadable,
     [](Config& c) -> Field { return &c.api.publishers; },
     "Users or @groups who may publish. Empty: all who may use the socket."},
    {"api", "administrators", Kind::names, {0, 256}, kReloadable,
     [](Config& c) -> Field { return &c.api.administrators; },
     "Users or @groups who may connect, disconnect, reload, leave and change the network. Empty: "
     "all who may use the socket."},
    {"api", "clients", Kind::count, {1, 4096}, kFixed,
     [](Config& c) -> Field { return &c.api.clients; },
     "Connections to the socket at once."},
    {"api", "subscriber_queue", Kind::size, {64 * kKiB, kGiB}, kFixed,
     [](Config& c) -> Field { return &c.api.subscriber_queue; },
     "Memory for what one slow reader has not read yet. Beyond it messages are dropped and "
     "counted."},

    {"log", "level", Kind::level, kNoBound, kReloadable,
     [](Config& c) -> Field { return &c.log.level; },
     "The least serious messages that are logged."},
};

}  // namespace

std::span<const Key> keys() { return kKeys; }

std::string_view to_text(LogLevel level) { return kLogLevels[static_cast<std::size_t>(level)]; }

const Key* find_key(std::string_view section, std::string_view name) {
    const auto found = std::ranges::find_if(
        kKeys, [&](const Key& key) { return key.section == section && key.name == name; });
    return found == std::end(kKeys) ? nullptr : found;
}

const Key* find_key(std::string_view path) {
    const std::size_t dot = path.find('.');
    if (dot == path.npos) return nullptr;
    return find_key(path.substr(0, dot), path.substr(dot + 1));
}

std::vector<std::string_view> sections() {
    std::vector<std::string_view> result;
    for (const Key& key : kKeys)
        if (result.empty() || result.back() != key.section) result.push_back(key.section);
    return result;
}

std::vector<std::string_view> names_in(std::string_view section) {
    std::vector<std::string_view> result;
    for (const Key& key : kKeys)
        if (key.section == section) result.push_back(key.name);
    return result;
}

bool is_within(const Key& key, std::uint64_t amount) {
    return amount >= key.bound.least && amount <= key.bound.most;
}

std::vector<std::string> changed_keys(const Config& a, const Config& b) {
    std::vector<std::string> result;
    for (const Key& key : kKeys)
        if (value_text(key, a) != value_text(key, b)) result.push_back(key.path());
    return result;
}

bool is_reloadable(std::string_view path) {
    const Key* key = find_key(path);
    return key != nullptr && key->is_reloadable;
}

}  // namespace hearsay::config
