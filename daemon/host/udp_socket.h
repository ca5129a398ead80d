#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/endpoint.h"
#include "daemon/host/file_descriptor.h"
#include "daemon/host/loop.h"
#include "daemon/host/udp_control.h"
#include "daemon/host/udp_inbox.h"
#include "daemon/host/udp_outbox.h"

namespace hearsay::host {

struct Datagram {
    Endpoint from;
    LocalAddress to;
    ByteView bytes;  // valid during the callback
};

struct UdpSocketCounts {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t receive_calls = 0;      // of recvmmsg()
    std::uint64_t send_calls = 0;         // of sendmmsg()
    std::uint64_t received_together = 0;  // datagrams the kernel had put together
    std::uint64_t sent_together = 0;      // datagrams that shared a message with others
    std::uint64_t receive_dropped = 0;    // by the kernel, its buffer being full (SO_RXQ_OVFL);
                                          // those put together count as one
    std::uint64_t too_large = 0;          // longer than any datagram of the protocol
    std::uint64_t send_dropped = 0;       // no room in the queue
    std::uint64_t send_failed = 0;        // unreachable, refused, too large for the interface

    UdpSocketCounts& operator+=(const UdpSocketCounts& other);
};

// How a socket works with the kernel.
struct UdpShape {
    std::size_t batch = 64;   // datagrams received with one call where they come one by one
    bool may_offload = true;  // let the kernel put datagrams together and take them apart
};

// One UDP socket under the loop. Receives in batches (recvmmsg), collects what is to be sent and
// sends it in batches on flush() (sendmmsg); what the kernel has no room for waits, bounded, and
// goes out when there is room. Nothing that a peer or a router says (ICMP) is ever an error to
// the caller: it is counted, and the protocol repairs it.
//
// Where the kernel can, datagrams of one peer cross it together: UDP_GRO on the way in, UDP_SEGMENT
// on the way out (udp(7)). On the wire nothing differs. A socket whose segmented messages are
// refused while the same datagrams pass one by one goes on one by one.
//
// Datagrams are sent with DF set and without regard to path MTUs learnt by ICMP, which could be
// forged (IP_PMTUDISC_PROBE): 1,200 bytes fit everywhere.
class UdpSocket {
public:
    static constexpr std::size_t kDatagramMax = UdpOutbox::kDatagramMax;
    static constexpr std::size_t kQueueMax = UdpOutbox::kQueueMax;
    // No more calls to receive in one turn once there were as many datagrams, so that others get
    // their turn.
    static constexpr std::size_t kDatagramsPerTurn = 256;
    // Messages received with one call where they may hold many datagrams, 64 KiB each: at most
    // 1,024 datagrams, some milliseconds of work.
    static constexpr std::size_t kLargeBatch = 16;

    // `fd` is a bound, non-blocking UDP socket as bind_udp() makes them. Memory: UdpShape::batch
    // times 1.7 KB, or kLargeBatch times 64 KiB of which only what datagrams have reached is real.
    UdpSocket(Loop& loop, FileDescriptor fd, std::function<void(const Datagram&)> on_datagram,
              const UdpShape& shape = {});
    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;

    // Copies the datagram into the queue; dropped and counted when that is full. False when it
    // cannot go by this socket: an IPv6 destination on an IPv4 socket.
    bool send(const Endpoint& to, const LocalAddress& from, ByteView datagram);
    void flush();
    std::size_t queued() const { return outbox_.waiting(); }

    int fd() const { return fd_.get(); }
    int family() const { return family_; }
    const Endpoint& bound() const { return bound_; }
    const UdpSocketCounts& counts() const { return counts_; }
    // What the kernel does for it now.
    bool sends_together() const { return outbox_.segments; }
    bool receives_together() const { return receives_together_; }
    // Called with destination and source address of what the kernel would not send from there:
    // the source may be an address this host no longer has.
    std::function<void(const Endpoint&)> on_unsendable;

private:
    void handle_ready(Poll::Ready ready);
    std::size_t receive_batch();
    void receive_message(std::size_t i);
    void note_sent(std::size_t messages);
    void note_failed(int error);
    void watch();

    FileDescriptor fd_;
    int family_;
    Endpoint bound_;
    std::function<void(const Datagram&)> on_datagram_;
    bool receives_together_;
    UdpInbox inbox_;
    UdpOutbox outbox_;
    UdpSocketCounts counts_;
    std::uint32_t kernel_dropped_ = 0;  // as last told; wraps
    bool is_blocked_ = false;           // the kernel's send buffer is full
    bool doubts_segments_ = false;      // one was refused; do its datagrams pass one by one?
    Poll poll_;                         // last: goes first
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
