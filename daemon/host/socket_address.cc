#include "daemon/host/socket_address.h"

#include <arpa/inet.h>

#include <cstring>

#include "base/insist.h"

namespace hearsay::host {

SocketAddress::SocketAddress(const Endpoint& endpoint, int family) {
    if (family == AF_INET) {
        INSIST(endpoint.is_ipv4());
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        v4.sin_addr = ipv4_of(endpoint);
        std::memcpy(&storage, &v4, sizeof v4);
        size = sizeof v4;
        return;
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    v6.sin6_addr = ipv6_of(endpoint);
    v6.sin6_scope_id = endpoint.is_ipv4() ? 0 : endpoint.scope;
    std::memcpy(&storage, &v6, sizeof v6);
    size = sizeof v6;
}

Endpoint endpoint_of(const sockaddr* address) {
    if (address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof v4);
        return endpoint_of(v4.sin_addr, ntohs(v4.sin_port));
    }
    if (address->sa_family != AF_INET6) return {};
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    return endpoint_of(v6.sin6_addr, ntohs(v6.sin6_port), v6.sin6_scope_id);
}

in_addr ipv4_of(const Endpoint& endpoint) {
    INSIST(endpoint.is_ipv4());
    in_addr address{};
    std::memcpy(&address, endpoint.address.data() + 12, 4);
    return address;
}

in6_addr ipv6_of(const Endpoint& endpoint) {
    in6_addr address{};
    std::memcpy(&address, endpoint.address.data(), 16);
    return address;
}

Endpoint endpoint_of(const in6_addr& address, std::uint16_t port, std::uint32_t scope) {
    Endpoint endpoint;
    std::memcpy(endpoint.address.data(), &address, 16);
    endpoint.port = port;
    endpoint.scope = endpoint.is_link_local() ? scope : 0;
    return endpoint;
}

Endpoint endpoint_of(const in_addr& address, std::uint16_t port) {
    Endpoint endpoint = Endpoint::ipv4(0, 0, 0, 0, port);
    std::memcpy(endpoint.address.data() + 12, &address, 4);
    return endpoint;
}

bool is_multicast(const Endpoint& endpoint) {
    if (endpoint.is_ipv4()) return (endpoint.address[12] & 0xf0) == 0xe0;
    return endpoint.address[0] == 0xff;
}

bool is_unspecified(const Endpoint& endpoint) {
    const Endpoint any_v4 = Endpoint::ipv4(0, 0, 0, 0, 0);
    return endpoint.address == any_v4.address || endpoint.address == Endpoint{}.address;
}

}  // namespace hearsay::host
