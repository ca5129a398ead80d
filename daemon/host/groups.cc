#include "daemon/host/groups.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "config/endpoint_text.h"
#include "daemon/host/socket_address.h"

namespace hearsay::host {
namespace {

// Beacons are few, and a host of containers has many interfaces.
constexpr std::size_t kBatch = 4;

bool set_option(int fd, int level, int name, const void* value, std::size_t size) {
    return setsockopt(fd, level, name, value, static_cast<socklen_t>(size)) == 0;
}

// Already joined counts as joined.
bool change_membership(int fd, int family, std::uint32_t index, bool is_joining) {
    if (family == AF_INET) {
        ip_mreqn request{};
        request.imr_multiaddr = ipv4_of(beacon_group_ipv4());
        request.imr_ifindex = static_cast<int>(index);
        const int name = is_joining ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
        return set_option(fd, IPPROTO_IP, name, &request, sizeof request) || errno == EADDRINUSE;
    }
    ipv6_mreq request{};
    request.ipv6mr_multiaddr = ipv6_of(beacon_group_ipv6());
    request.ipv6mr_interface = index;
    const int name = is_joining ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP;
    return set_option(fd, IPPROTO_IPV6, name, &request, sizeof request) || errno == EADDRINUSE;
}

std::optional<std::uint32_t> parse_hex(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

Endpoint beacon_group_ipv4() { return Endpoint::ipv4(239, 255, 43, 27, config::kDefaultPort); }

Endpoint beacon_group_ipv6() {
    Endpoint group;
    group.address = {0xff, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x43, 0x27};
    group.port = config::kDefaultPort;
    return group;
}

Groups::Groups(Loop& loop, std::function<void(const Datagram&)> on_datagram)
    : loop_(loop), on_datagram_(std::move(on_datagram)) {}

void Groups::join(std::span<const gossip::Interface> interfaces) {
    Indexes ipv4;
    Indexes ipv6;
    for (const auto& interface : interfaces) {
        if (!interface.is_multicast) continue;
        (interface.address.is_ipv4() ? ipv4 : ipv6).insert(interface.index);
    }
    problem_.clear();
    update_ipv4(ipv4);
    update_ipv6(ipv6);
}

void Groups::update_ipv4(const Indexes& wanted) {
    if (wanted.empty()) {
        ipv4_.reset();
        joined_ipv4_.clear();
        return;
    }
    if (!ipv4_) ipv4_ = open(beacon_group_ipv4());
    if (!ipv4_) return;
    for (std::uint32_t index : joined_ipv4_)
        if (!wanted.contains(index)) change_membership(ipv4_->fd(), AF_INET, index, false);
    joined_ipv4_.clear();
    for (std::uint32_t index : wanted)
        if (join_on(*ipv4_, index)) joined_ipv4_.insert(index);
}

void Groups::update_ipv6(const Indexes& wanted) {
    std::erase_if(ipv6_, [&](const auto& entry) { return !wanted.contains(entry.first); });
    for (std::uint32_t index : wanted) {
        std::unique_ptr<UdpSocket>& socket = ipv6_[index];
        if (!socket) {
            Endpoint group = beacon_group_ipv6();
            group.scope = index;
            socket = open(group);
        }
        if (!socket || !join_on(*socket, index)) ipv6_.erase(index);
    }
}

// Those joined before are joined again: an interface may have been taken away and come back
// under its old index.
bool Groups::join_on(const UdpSocket& socket, std::uint32_t index) {
    if (change_membership(socket.fd(), socket.family(), index, true)) return true;
    problem_ = "cannot receive beacons on interface " + std::to_string(index) + ": " +
               std::strerror(errno);
    return false;
}

std::unique_ptr<UdpSocket> Groups::open(const Endpoint& group) {
    const int family = group.is_ipv4() ? AF_INET : AF_INET6;
    FileDescriptor fd(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    const int off = 0;
    const SocketAddress address(group, family);
    // The memberships of other sockets of this host are none of ours (MULTICAST_ALL).
    const bool is_open =
        fd.is_open() && set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) &&
        (family == AF_INET
             ? set_option(fd.get(), IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off) &&
                   set_option(fd.get(), IPPROTO_IP, IP_PKTINFO, &on, sizeof on)
             : set_option(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off) &&
                   set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on)) &&
        bind(fd.get(), address.get(), address.size) == 0;
    if (is_open) return std::make_unique<UdpSocket>(loop_, std::move(fd), on_datagram_,
                                                     UdpShape{kBatch, false});
    problem_ = "cannot receive beacons on " + config::to_text(group) + ": " + std::strerror(errno);
    return nullptr;
}

std::optional<Endpoint> parse_proc_udp_line(std::string_view line) {
    // "  123: 0100007F:10E7 00000000:0000 07 ...", each word of the address as memory holds it.
    const std::size_t start = line.find(": ");
    if (start == line.npos) return std::nullopt;
    line.remove_prefix(start + 2);
    const std::string_view local = line.substr(0, line.find(' '));
    const std::size_t colon = local.find(':');
    if (colon != 8 && colon != 32) return std::nullopt;
    const auto port = parse_hex(local.substr(colon + 1));
    if (!port || *port > 65535) return std::nullopt;

    Endpoint endpoint = Endpoint::ipv4(0, 0, 0, 0, static_cast<std::uint16_t>(*port));
    const std::size_t first_byte = colon == 8 ? 12 : 0;
    for (std::size_t word = 0; word < colon / 8; ++word) {
        const auto value = parse_hex(local.substr(word * 8, 8));
        if (!value) return std::nullopt;
        std::memcpy(endpoint.address.data() + first_byte + word * 4, &*value, 4);
    }
    return endpoint;
}

}  // namespace hearsay::host
