#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>

#include "base/endpoint.h"

// The control data (cmsg(3)) that goes with UDP datagrams.
namespace hearsay::host {

// The address of this host that a peer talks to, and the interface for link-local ones: so that
// a host with several addresses answers from the one it was asked on.
struct LocalAddress {
    Endpoint address;             // port 0; unspecified: the kernel may choose
    std::uint32_t interface = 0;  // 0: by the routing table
    bool operator==(const LocalAddress&) const = default;
};

// Room for packet info of either family, the overflow count and a segment size.
inline constexpr std::size_t kReceiveControlSize = 128;
// Packet info of one family and a segment size.
inline constexpr std::size_t kSendControlSize = 64;
using SendControl = std::array<std::uint8_t, kSendControlSize>;  // to be aligned as cmsghdr

// What of a received message's control data concerns us.
struct ReceivedControl {
    LocalAddress to;
    std::optional<std::uint32_t> dropped;  // by the kernel so far (SO_RXQ_OVFL); wraps
    std::size_t segment_size = 0;          // the kernel has put several datagrams together; or 0
};
ReceivedControl read_control(msghdr& header);

// Bytes written to `control`: from where to send; 0 when the kernel may choose.
std::size_t write_source(std::uint8_t* control, const Endpoint& to, const LocalAddress& from);
// Likewise: that the bytes are several datagrams of that size (udp(7), UDP_SEGMENT).
std::size_t write_segment_size(std::uint8_t* control, std::uint16_t size);

// Whether the kernel can send several datagrams with one message.
bool can_segment(int fd);
// Asks the kernel to put datagrams of one sender together; false: it cannot.
bool turn_on_coalescing(int fd);

}  // namespace hearsay::host
