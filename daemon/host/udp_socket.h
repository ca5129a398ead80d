#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/endpoint.h"
#include "daemon/host/file_descriptor.h"
#include "daemon/host/loop.h"

namespace hearsay::host {

// The address of this host that a peer talks to, and the interface for link-local ones: so that
// a host with several addresses answers from the one it was asked on.
struct LocalAddress {
    Endpoint address;             // port 0; unspecified: the kernel may choose
    std::uint32_t interface = 0;  // 0: by the routing table
    bool operator==(const LocalAddress&) const = default;
};

struct Datagram {
    Endpoint from;
    LocalAddress to;
    ByteView bytes;  // valid during the callback
};

struct UdpSocketCounts {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t receive_dropped = 0;  // by the kernel, its buffer being full (SO_RXQ_OVFL)
    std::uint64_t too_large = 0;        // longer than any datagram of the protocol
    std::uint64_t send_dropped = 0;     // no room in the queue
    std::uint64_t send_failed = 0;      // unreachable, refused, too large for the interface
};

// One UDP socket under the loop. Receives in batches (recvmmsg), collects what is to be sent and
// sends it in batches on flush() (sendmmsg); what the kernel has no room for waits, bounded, and
// goes out when there is room. Nothing that a peer or a router says (ICMP) is ever an error to
// the caller: it is counted, and the protocol repairs it.
//
// Datagrams are sent with DF set and without regard to path MTUs learnt by ICMP, which could be
// forged (IP_PMTUDISC_PROBE): 1,200 bytes fit everywhere.
class UdpSocket {
public:
    static constexpr std::size_t kBatch = 64;
    static constexpr std::size_t kDatagramMax = 1472;  // Ethernet 1,500 - IPv4 20 - UDP 8
    // 4,096 datagrams are the work of a few milliseconds on a fast interface; holding more would
    // only make them late.
    static constexpr std::size_t kQueueMax = 4096;
    // Batches received in one turn, so that others get theirs.
    static constexpr std::size_t kBatchesPerTurn = 4;

    // `fd` is a bound, non-blocking UDP socket as bind_udp() makes them. `batch`: datagrams
    // received with one call, at most kBatch; each takes 1.7 KB of memory.
    UdpSocket(Loop& loop, FileDescriptor fd, std::function<void(const Datagram&)> on_datagram,
              std::size_t batch = kBatch);
    ~UdpSocket();
    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;

    // Copies the datagram into the queue; dropped and counted when that is full. False when it
    // cannot go by this socket: an IPv6 destination on an IPv4 socket.
    bool send(const Endpoint& to, const LocalAddress& from, ByteView datagram);
    void flush();
    std::size_t queued() const;

    int fd() const { return fd_.get(); }
    int family() const { return family_; }
    const Endpoint& bound() const { return bound_; }
    const UdpSocketCounts& counts() const { return counts_; }
    // Called with destination and source address of what the kernel would not send from there:
    // the source may be an address this host no longer has.
    std::function<void(const Endpoint&)> on_unsendable;

private:
    struct Inbox;
    struct Outbox;

    void handle_ready(Poll::Ready ready);
    bool receive_batch();
    void watch();

    FileDescriptor fd_;
    int family_;
    Endpoint bound_;
    std::function<void(const Datagram&)> on_datagram_;
    std::unique_ptr<Inbox> inbox_;
    std::unique_ptr<Outbox> outbox_;
    UdpSocketCounts counts_;
    bool is_blocked_ = false;  // the kernel's send buffer is full
    Poll poll_;                // last: goes first
};

struct BufferSizes {
    std::uint32_t receive = 0;  // bytes; 0: as the system has it
    std::uint32_t send = 0;
};

// A bound, non-blocking UDP socket with packet info, overflow counts and DF set up. "::" takes
// IPv4 too, and becomes 0.0.0.0 where the kernel has no IPv6. Throws StartupError.
FileDescriptor bind_udp(const Endpoint& at, const BufferSizes& buffers);
// The size of the receive buffer as granted, in the measure of the request (the kernel doubles
// it for its own bookkeeping).
std::uint64_t receive_buffer_of(int fd);

}  // namespace hearsay::host
