#pragma once

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

// Receives beacons: one socket per family, bound to the group itself so that it gets nothing
// else, sharing the port with the other daemons of this host. Joined on exactly the interfaces
// given, on each address family they have.
class Groups {
public:
    Groups(Loop& loop, std::function<void(const Datagram&)> on_datagram);

    // Those with is_multicast count. May be called again with others.
    void join(std::span<const gossip::Interface> interfaces);
    // Why beacons cannot be received, in words; empty: they can.
    const std::string& problem() const { return problem_; }

private:
    using Indexes = std::set<std::uint32_t>;
    void update(std::unique_ptr<UdpSocket>& socket, int family, const Indexes& wanted,
                Indexes& joined);
    std::unique_ptr<UdpSocket> open(int family);

    Loop& loop_;
    std::function<void(const Datagram&)> on_datagram_;
    std::unique_ptr<UdpSocket> ipv4_;
    std::unique_ptr<UdpSocket> ipv6_;
    Indexes joined_ipv4_;
    Indexes joined_ipv6_;
    std::string problem_;
};

// The local endpoint in a line of /proc/net/udp or udp6; nullopt when it is no such line.
std::optional<Endpoint> parse_proc_udp_line(std::string_view line);

}  // namespace hearsay::host
