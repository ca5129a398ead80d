#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "daemon/gossip/engine.h"
#include "daemon/host/udp_socket.h"

namespace hearsay::host {

// Where beacons go: 239.255.43.27 (RFC 2365, local scope) and ff12::4327 (RFC 4291 2.7,
// transient, link-local), port 4327 whatever port the daemon itself listens on.
Endpoint beacon_group_ipv4();
Endpoint beacon_group_ipv6();

// Receives beacons: sockets bound to the group itself so that they get nothing else, sharing the
// port with the other daemons of this host. Joined on exactly the interfaces given, on each address
// family they have: one socket for all of IPv4, one per interface for IPv6, whose group is
// link-local and can only be bound together with its interface (RFC 4007 6).
class Groups {
public:
    Groups(Loop& loop, std::function<void(const Datagram&)> on_datagram);

    // Those with is_multicast count. May be called again with others.
    void join(std::span<const gossip::Interface> interfaces);
    // Why beacons cannot be received, in words; empty: they can.
    const std::string& problem() const { return problem_; }

private:
    using Indexes = std::set<std::uint32_t>;
    void update_ipv4(const Indexes& wanted);
    void update_ipv6(const Indexes& wanted);
    bool join_on(const UdpSocket& socket, std::uint32_t index);
    std::unique_ptr<UdpSocket> open(const Endpoint& group);

    Loop& loop_;
    std::function<void(const Datagram&)> on_datagram_;
    std::unique_ptr<UdpSocket> ipv4_;
    Indexes joined_ipv4_;
    std::map<std::uint32_t, std::unique_ptr<UdpSocket>> ipv6_;  // by interface
    std::string problem_;
};

// The local endpoint in a line of /proc/net/udp or udp6; nullopt when it is no such line.
std::optional<Endpoint> parse_proc_udp_line(std::string_view line);

}  // namespace hearsay::host
