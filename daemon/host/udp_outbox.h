#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <vector>

#include "daemon/host/socket_address.h"
#include "daemon/host/udp_control.h"

namespace hearsay::host {

// The datagrams that wait for one socket, and how they are put into messages for sendmmsg().
//
// 1. Datagrams to one destination from one source leave in the order they were added. Those of
//    different destinations may overtake each other.
// 2. Of one destination, as many datagrams of equal size as the kernel takes make one message,
//    with a smaller one at its end (UDP_SEGMENT wants it so), while `segments` is on.
// 3. At most kQueueMax wait. Adding takes no memory once as many have waited before.
class UdpOutbox {
public:
    // 4,096 datagrams are the work of a few milliseconds on a fast interface; holding more would
    // only make them late.
    static constexpr std::size_t kQueueMax = 4096;
    static constexpr std::size_t kDatagramMax = 1472;  // Ethernet 1,500 - IPv4 20 - UDP 8
    static constexpr std::size_t kMessagesMax = 64;
    // UDP_MAX_SEGMENTS of Linux before 6.9, and what an IPv4 packet can carry.
    static constexpr std::size_t kSegmentsMax = 64;
    static constexpr std::size_t kMessageSizeMax = 65'535 - 20 - 8;

    explicit UdpOutbox(int family) : family_(family) {}

    bool segments = false;

    // Copies it. Precondition: is_full() is false, at most kDatagramMax bytes.
    void add(const Endpoint& to, const LocalAddress& from, ByteView datagram);
    bool is_full() const { return waiting_ >= kQueueMax; }
    std::size_t waiting() const { return waiting_; }

    // The next messages, at most kMessagesMax; valid until the next other call.
    std::span<mmsghdr> fill();
    // Of message `i` of the last fill():
    std::size_t datagrams_in(std::size_t i) const { return messages_[i].count; }
    const Endpoint& destination_of(std::size_t i) const;
    // The first `count` messages of the last fill() are done with.
    void remove(std::size_t count);
    // The first datagram of the first message of the last fill() is: it cannot be sent.
    void remove_first_datagram();
    // The next so many datagrams of the first message's destination go one by one.
    void send_singly(std::size_t count) { singly_ = count; }

private:
    static constexpr std::uint32_t kNone = 0xffffffff;
    // Destinations that are compared when a datagram is added; an older one is made anew, behind.
    static constexpr std::size_t kRoutesCompared = 64;

    struct Item {
        std::uint32_t next = kNone;
        std::uint16_t size = 0;
    };
    struct Route {
        SocketAddress address;
        Endpoint to;
        LocalAddress from;
        alignas(cmsghdr) SendControl control;
        std::size_t control_size = 0;
        std::uint32_t first = kNone;
        std::uint32_t last = kNone;
    };
    struct Message {
        std::size_t route;
        std::size_t count;
        alignas(cmsghdr) SendControl control;
    };

    std::uint32_t take_item();
    Route& route_for(const Endpoint& to, const LocalAddress& from);
    std::uint32_t fill_message(Message& message, std::uint32_t item);
    void remove_datagram(Route& route);
    void forget_empty_routes();

    const int family_;
    std::unique_ptr<std::uint8_t[]> bytes_;  // kQueueMax places; made when the first is needed
    std::vector<Item> items_;                // one for each place that has been used
    std::vector<std::uint32_t> free_;        // of those
    std::vector<Route> routes_;              // in the order they are sent
    std::size_t route_count_ = 0;            // in use; the rest keep their memory
    std::size_t first_route_ = 0;            // those before have nothing left
    std::size_t last_used_ = 0;
    std::size_t waiting_ = 0;
    std::size_t singly_ = 0;

    std::size_t message_count_ = 0;
    std::vector<Message> messages_;
    std::vector<mmsghdr> headers_;
    std::vector<iovec> vectors_;
};

}  // namespace hearsay::host
