#include "daemon/host/udp_control.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <cstring>

#include "daemon/host/socket_address.h"

namespace hearsay::host {
namespace {

static_assert(kReceiveControlSize >= CMSG_SPACE(sizeof(in6_pktinfo)) +
                                         CMSG_SPACE(sizeof(in_pktinfo)) + 2 * CMSG_SPACE(4));
static_assert(kSendControlSize >=
              CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t)));

template <typename T>
T payload_of(const cmsghdr* control) {
    T value{};
    std::memcpy(&value, CMSG_DATA(control), sizeof value);
    return value;
}

template <typename T>
std::size_t put(std::uint8_t* buffer, int level, int type, const T& value) {
    cmsghdr header{};
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(buffer, &header, sizeof header);
    std::memcpy(buffer + CMSG_LEN(0), &value, sizeof value);
    return CMSG_SPACE(sizeof value);
}

}  // namespace

ReceivedControl read_control(msghdr& header) {
    ReceivedControl result;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            const auto packet = payload_of<in6_pktinfo>(c);
            result.to = {endpoint_of(packet.ipi6_addr, 0, packet.ipi6_ifindex),
                         packet.ipi6_ifindex};
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            const auto packet = payload_of<in_pktinfo>(c);
            result.to = {endpoint_of(packet.ipi_addr, 0),
                         static_cast<std::uint32_t>(packet.ipi_ifindex)};
        } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
            result.dropped = payload_of<std::uint32_t>(c);
        } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
            const int size = payload_of<int>(c);
            result.segment_size = size > 0 ? static_cast<std::size_t>(size) : 0;
        }
    }
    return result;
}

std::size_t write_source(std::uint8_t* control, const Endpoint& to, const LocalAddress& from) {
    if (is_unspecified(from.address) && from.interface == 0) return 0;
    if (to.is_ipv4()) {
        in_pktinfo packet{};
        packet.ipi_ifindex = static_cast<int>(from.interface);
        if (from.address.is_ipv4()) packet.ipi_spec_dst = ipv4_of(from.address);
        return put(control, IPPROTO_IP, IP_PKTINFO, packet);
    }
    in6_pktinfo packet{};
    packet.ipi6_ifindex = from.interface;
    if (!from.address.is_ipv4()) packet.ipi6_addr = ipv6_of(from.address);
    return put(control, IPPROTO_IPV6, IPV6_PKTINFO, packet);
}

std::size_t write_segment_size(std::uint8_t* control, std::uint16_t size) {
    return put(control, SOL_UDP, UDP_SEGMENT, size);
}

bool can_segment(int fd) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_UDP, UDP_SEGMENT, &value, &size) == 0;
}

bool turn_on_coalescing(int fd) {
    const int on = 1;
    return setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on) == 0;
}

}  // namespace hearsay::host
