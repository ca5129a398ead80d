#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/endpoint.h"

namespace hearsay::host {

// An Endpoint as the kernel wants it. A socket of AF_INET6 takes IPv4 endpoints in their mapped
// form; one of AF_INET takes nothing else than IPv4.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    // Precondition: family is AF_INET6, or AF_INET and the endpoint is IPv4.
    SocketAddress(const Endpoint& endpoint, int family);
    SocketAddress() = default;

    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// All zero for an address family that is neither IPv4 nor IPv6. The scope is kept where Endpoint
// has one: on link-local addresses.
Endpoint endpoint_of(const sockaddr* address);

in_addr ipv4_of(const Endpoint& endpoint);  // precondition: endpoint.is_ipv4()
in6_addr ipv6_of(const Endpoint& endpoint);
Endpoint endpoint_of(const in6_addr& address, std::uint16_t port, std::uint32_t scope);
Endpoint endpoint_of(const in_addr& address, std::uint16_t port);

bool is_multicast(const Endpoint& endpoint);
// 0.0.0.0 or ::
bool is_unspecified(const Endpoint& endpoint);

}  // namespace hearsay::host
