#include "daemon/host/udp_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/insist.h"
#include "daemon/host/socket_address.h"

namespace hearsay::host {
namespace {

constexpr std::size_t kLargeSlot = 65'535;  // what one UDP packet can be at most

int family_of(int fd) {
    int family = AF_INET6;
    socklen_t size = sizeof family;
    INSIST(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0);
    return family;
}

Endpoint bound_address_of(int fd) {
    SocketAddress address;
    INSIST(getsockname(fd, address.get(), &address.size) == 0);
    return endpoint_of(address.get());
}

}  // namespace

UdpSocketCounts& UdpSocketCounts::operator+=(const UdpSocketCounts& other) {
    received += other.received;
    sent += other.sent;
    receive_calls += other.receive_calls;
    send_calls += other.send_calls;
    received_together += other.received_together;
    sent_together += other.sent_together;
    receive_dropped += other.receive_dropped;
    too_large += other.too_large;
    send_dropped += other.send_dropped;
    send_failed += other.send_failed;
    return *this;
}

UdpSocket::UdpSocket(Loop& loop, FileDescriptor fd,
                     std::function<void(const Datagram&)> on_datagram, const UdpShape& shape)
    : fd_(std::move(fd)),
      family_(family_of(fd_.get())),
      bound_(bound_address_of(fd_.get())),
      on_datagram_(std::move(on_datagram)),
      receives_together_(shape.may_offload && turn_on_coalescing(fd_.get())),
      inbox_(receives_together_ ? kLargeBatch : shape.batch,
             receives_together_ ? kLargeSlot : kDatagramMax),
      outbox_(family_),
      poll_(loop, fd_.get(), [this](Poll::Ready ready) { handle_ready(ready); }) {
    outbox_.segments = shape.may_offload && can_segment(fd_.get());
    watch();
}

void UdpSocket::watch() { poll_.watch(true, is_blocked_); }

void UdpSocket::handle_ready(Poll::Ready ready) {
    if (ready.failed) {
        // A pending error of an earlier send: reading it clears it.
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        ++counts_.send_failed;
        watch();
    }
    if (ready.writable && is_blocked_) {
        is_blocked_ = false;
        flush();
        watch();
    }
    if (!ready.readable) return;
    const std::uint64_t before = counts_.received;
    while (receive_batch() == inbox_.slot_count() &&
           counts_.received - before < kDatagramsPerTurn) {
    }
}

// The messages there were: as many as there are slots when there may be more.
std::size_t UdpSocket::receive_batch() {
    ++counts_.receive_calls;
    const int count = inbox_.receive(fd_.get());
    if (count < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
        ++counts_.send_failed;  // an ICMP answer to something sent
        return errno == EINTR || errno == ECONNREFUSED ? inbox_.slot_count() : 0;
    }
    const auto messages = static_cast<std::size_t>(count);
    for (std::size_t i = 0; i < messages; ++i) receive_message(i);
    return messages;
}

// Those that the kernel has put together come from one sender to one address, and all but the
// last have the same size.
void UdpSocket::receive_message(std::size_t i) {
    const ReceivedControl control = inbox_.control(i);
    if (control.dropped) {
        counts_.receive_dropped += *control.dropped - kernel_dropped_;
        kernel_dropped_ = *control.dropped;
    }
    const std::size_t size = inbox_.size_of(i);
    const bool is_alone = control.segment_size == 0 || control.segment_size >= size;
    const std::size_t step = is_alone ? size : control.segment_size;
    const std::size_t count = is_alone ? 1 : (size + step - 1) / step;
    counts_.received += count;
    if (!is_alone) counts_.received_together += count;
    if (step > kDatagramMax) {
        counts_.too_large += count;
        return;
    }
    Datagram datagram{endpoint_of(inbox_.from(i)), control.to, {}};
    ByteView rest = inbox_.bytes(i);
    for (std::size_t left = count; left > 0; --left) {
        datagram.bytes = rest.first(std::min(step, rest.size()));
        rest = rest.subspan(datagram.bytes.size());
        on_datagram_(datagram);
    }
}

bool UdpSocket::send(const Endpoint& to, const LocalAddress& from, ByteView datagram) {
    if (family_ == AF_INET && !to.is_ipv4()) return false;
    if (outbox_.is_full() || datagram.size() > kDatagramMax) {
        ++counts_.send_dropped;
        return true;
    }
    outbox_.add(to, from, datagram);
    return true;
}

void UdpSocket::flush() {
    while (!is_blocked_ && outbox_.waiting() > 0) {
        const auto messages = outbox_.fill();
        ++counts_.send_calls;
        const int sent = sendmmsg(fd_.get(), messages.data(),
                                  static_cast<unsigned>(messages.size()), MSG_DONTWAIT);
        if (sent > 0) {
            note_sent(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            is_blocked_ = true;
            watch();
        } else if (errno != EINTR) {
            note_failed(errno);  // only the first of them
        }
    }
}

void UdpSocket::note_sent(std::size_t messages) {
    for (std::size_t i = 0; i < messages; ++i) {
        const std::size_t count = outbox_.datagrams_in(i);
        counts_.sent += count;
        if (count > 1) counts_.sent_together += count;
    }
    // What was refused together goes one by one: so it was not the datagram.
    if (std::exchange(doubts_segments_, false) && outbox_.datagrams_in(0) == 1)
        outbox_.segments = false;
    outbox_.remove(messages);
}

// A device without checksum offload refuses segments with EIO, one too small for them with EINVAL
// (or EMSGSIZE); the latter refuses the datagrams by themselves too.
void UdpSocket::note_failed(int error) {
    const std::size_t count = outbox_.datagrams_in(0);
    if (count > 1 && (error == EIO || error == EINVAL || error == EMSGSIZE)) {
        doubts_segments_ = true;
        outbox_.send_singly(count);
        return;
    }
    doubts_segments_ = false;
    ++counts_.send_failed;
    const Endpoint to = outbox_.destination_of(0);
    outbox_.remove_first_datagram();
    if (on_unsendable) on_unsendable(to);
}

}  // namespace hearsay::host
