#include "daemon/host/interfaces.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <tuple>

#include "daemon/host/socket_address.h"

namespace hearsay::host {
namespace {

using namespace std::chrono_literals;

// An interface that comes up is told of in several messages, its addresses follow.
constexpr Duration kDebounce = 200ms;
constexpr Duration kPollInterval = 5s;

std::uint8_t prefix_size(const sockaddr* mask) {
    if (mask == nullptr) return 0;
    int bits = 0;
    if (mask->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, mask, sizeof v4);
        bits = std::popcount(v4.sin_addr.s_addr);
    } else {
        sockaddr_in6 v6{};
        std::memcpy(&v6, mask, sizeof v6);
        for (std::uint8_t byte : v6.sin6_addr.s6_addr) bits += std::popcount(byte);
    }
    return static_cast<std::uint8_t>(bits);
}

InterfaceFlags flags_of(unsigned flags) {
    return {.is_up = (flags & IFF_UP) != 0 && (flags & IFF_RUNNING) != 0,
            .is_loopback = (flags & IFF_LOOPBACK) != 0,
            .can_multicast = (flags & IFF_MULTICAST) != 0};
}

bool is_less(const gossip::Interface& a, const gossip::Interface& b) {
    return std::tie(a.index, a.address) < std::tie(b.index, b.address);
}

FileDescriptor open_netlink() {
    FileDescriptor fd(socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!fd.is_open()) return fd;
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        fd.reset();
    return fd;
}

}  // namespace

bool carries_beacons(const std::string& name, const InterfaceFlags& flags,
                     const config::Discovery& discovery) {
    if (!discovery.beacon || !flags.is_up) return false;
    const auto& chosen = discovery.interfaces;
    if (!chosen.empty()) return std::find(chosen.begin(), chosen.end(), name) != chosen.end();
    return flags.can_multicast && !flags.is_loopback;
}

std::vector<gossip::Interface> read_interfaces(const config::Discovery& discovery) {
    std::vector<gossip::Interface> result;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return result;
    for (const ifaddrs* i = list; i != nullptr && result.size() < kInterfacesMax; i = i->ifa_next) {
        if (i->ifa_addr == nullptr) continue;
        const int family = i->ifa_addr->sa_family;
        const InterfaceFlags flags = flags_of(i->ifa_flags);
        if ((family != AF_INET && family != AF_INET6) || !flags.is_up) continue;
        gossip::Interface interface;
        interface.index = if_nametoindex(i->ifa_name);
        interface.name = i->ifa_name;
        interface.address = endpoint_of(i->ifa_addr);
        interface.prefix_size = prefix_size(i->ifa_netmask);
        interface.is_multicast = carries_beacons(interface.name, flags, discovery);
        result.push_back(std::move(interface));
    }
    freeifaddrs(list);
    std::sort(result.begin(), result.end(), is_less);
    return result;
}

InterfaceWatch::InterfaceWatch(Loop& loop, std::function<void()> on_change)
    : on_change_(std::move(on_change)), fd_(open_netlink()), timer_(loop, [this] {
          if (!uses_netlink()) timer_.start_in(kPollInterval);
          on_change_();
      }) {
    if (!fd_.is_open()) {
        timer_.start_in(kPollInterval);
        return;
    }
    poll_ = std::make_unique<Poll>(loop, fd_.get(), [this](Poll::Ready) { handle_news(); });
    poll_->watch(true, false);
}

// What the news says does not matter: everything is read again.
void InterfaceWatch::handle_news() {
    std::array<std::uint8_t, 8192> news;
    while (recv(fd_.get(), news.data(), news.size(), MSG_DONTWAIT) > 0) {
    }
    poll_->watch(true, false);  // a burst too large for its buffer is an error of the socket
    if (!timer_.due()) timer_.start_in(kDebounce);
}

}  // namespace hearsay::host
