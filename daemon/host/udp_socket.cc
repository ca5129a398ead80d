#include "daemon/host/udp_socket.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/insist.h"
#include "daemon/host/socket_address.h"

namespace hearsay::host {
namespace {

// Room for packet info of either family and the overflow count.
constexpr std::size_t kControlSize =
    CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(4);

// What of a message header's control data concerns us.
struct Control {
    LocalAddress to;
    std::optional<std::uint32_t> dropped;
};

template <typename T>
T payload_of(const cmsghdr* control) {
    T value{};
    std::memcpy(&value, CMSG_DATA(control), sizeof value);
    return value;
}

Control read_control(msghdr& header) {
    Control result;
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
        }
    }
    return result;
}

template <typename T>
std::size_t put_control(std::uint8_t* buffer, int level, int type, const T& value) {
    cmsghdr header{};
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(buffer, &header, sizeof header);
    std::memcpy(buffer + CMSG_LEN(0), &value, sizeof value);
    return CMSG_SPACE(sizeof value);
}

// Bytes of control data written to `buffer`; 0 when the kernel may choose.
std::size_t write_control(std::uint8_t* buffer, const Endpoint& to, const LocalAddress& from) {
    if (is_unspecified(from.address) && from.interface == 0) return 0;
    if (to.is_ipv4()) {
        in_pktinfo packet{};
        packet.ipi_ifindex = static_cast<int>(from.interface);
        if (from.address.is_ipv4()) packet.ipi_spec_dst = ipv4_of(from.address);
        return put_control(buffer, IPPROTO_IP, IP_PKTINFO, packet);
    }
    in6_pktinfo packet{};
    packet.ipi6_ifindex = from.interface;
    if (!from.address.is_ipv4()) packet.ipi6_addr = ipv6_of(from.address);
    return put_control(buffer, IPPROTO_IPV6, IPV6_PKTINFO, packet);
}

}  // namespace

struct UdpSocket::Inbox {
    struct Slot {
        alignas(64) std::array<std::uint8_t, kDatagramMax> bytes;
        alignas(cmsghdr) std::array<std::uint8_t, kControlSize> control;
        sockaddr_storage from;
        iovec vector;
    };
    explicit Inbox(std::size_t batch) : slots(batch), headers(batch) {}

    std::vector<Slot> slots;
    std::vector<mmsghdr> headers;
    std::uint32_t kernel_dropped = 0;  // as last told; wraps

    // The kernel overwrites the sizes with what it used.
    void prepare() {
        for (std::size_t i = 0; i < slots.size(); ++i) {
            Slot& slot = slots[i];
            slot.vector = {slot.bytes.data(), slot.bytes.size()};
            msghdr& header = headers[i].msg_hdr;
            header = {};
            header.msg_name = &slot.from;
            header.msg_namelen = sizeof slot.from;
            header.msg_iov = &slot.vector;
            header.msg_iovlen = 1;
            header.msg_control = slot.control.data();
            header.msg_controllen = slot.control.size();
        }
    }
};

struct UdpSocket::Outbox {
    struct Item {
        SocketAddress to;
        Endpoint endpoint;
        alignas(cmsghdr) std::array<std::uint8_t, kControlSize> control;
        std::size_t control_size = 0;
        std::size_t offset = 0;  // into `bytes`
        std::size_t size = 0;
    };
    std::vector<Item> items;  // the first `done` are sent
    std::size_t done = 0;
    Bytes bytes;

    std::size_t waiting() const { return items.size() - done; }

    void clear() {
        items.clear();
        bytes.clear();
        done = 0;
    }

    unsigned fill(std::array<mmsghdr, kBatch>& headers, std::array<iovec, kBatch>& vectors) {
        const std::size_t count = std::min(waiting(), kBatch);
        for (std::size_t i = 0; i < count; ++i) {
            Item& item = items[done + i];
            vectors[i] = {bytes.data() + item.offset, item.size};
            msghdr& header = headers[i].msg_hdr;
            header = {};
            header.msg_name = &item.to.storage;
            header.msg_namelen = item.to.size;
            header.msg_iov = &vectors[i];
            header.msg_iovlen = 1;
            if (item.control_size == 0) continue;
            header.msg_control = item.control.data();
            header.msg_controllen = item.control_size;
        }
        return static_cast<unsigned>(count);
    }
};

UdpSocket::UdpSocket(Loop& loop, FileDescriptor fd,
                     std::function<void(const Datagram&)> on_datagram, std::size_t batch)
    : fd_(std::move(fd)),
      family_(AF_INET6),
      on_datagram_(std::move(on_datagram)),
      inbox_(std::make_unique<Inbox>(batch)),
      outbox_(std::make_unique<Outbox>()),
      poll_(loop, fd_.get(), [this](Poll::Ready ready) { handle_ready(ready); }) {
    socklen_t size = sizeof family_;
    INSIST(getsockopt(fd_.get(), SOL_SOCKET, SO_DOMAIN, &family_, &size) == 0);
    SocketAddress address;
    INSIST(getsockname(fd_.get(), address.get(), &address.size) == 0);
    bound_ = endpoint_of(address.get());
    watch();
}

UdpSocket::~UdpSocket() = default;

std::size_t UdpSocket::queued() const { return outbox_->waiting(); }

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
    for (std::size_t i = 0; i < kBatchesPerTurn && receive_batch(); ++i) {
    }
}

// Whether there may be more.
bool UdpSocket::receive_batch() {
    Inbox& inbox = *inbox_;
    inbox.prepare();
    const int count =
        recvmmsg(fd_.get(), inbox.headers.data(), static_cast<unsigned>(inbox.headers.size()),
                 MSG_DONTWAIT | MSG_TRUNC, nullptr);
    if (count < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
        ++counts_.send_failed;  // an ICMP answer to something sent
        return errno == EINTR || errno == ECONNREFUSED;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        mmsghdr& message = inbox.headers[i];
        const Control control = read_control(message.msg_hdr);
        if (control.dropped) {
            counts_.receive_dropped += *control.dropped - inbox.kernel_dropped;
            inbox.kernel_dropped = *control.dropped;
        }
        ++counts_.received;
        if (message.msg_len > kDatagramMax) {
            ++counts_.too_large;
            continue;
        }
        const auto& slot = inbox.slots[i];
        on_datagram_({endpoint_of(reinterpret_cast<const sockaddr*>(&slot.from)), control.to,
                      ByteView(slot.bytes).first(message.msg_len)});
    }
    return static_cast<std::size_t>(count) == inbox.slots.size();
}

bool UdpSocket::send(const Endpoint& to, const LocalAddress& from, ByteView datagram) {
    if (family_ == AF_INET && !to.is_ipv4()) return false;
    Outbox& outbox = *outbox_;
    if (outbox.waiting() >= kQueueMax || datagram.size() > kDatagramMax) {
        ++counts_.send_dropped;
        return true;
    }
    Outbox::Item& item = outbox.items.emplace_back();
    item.to = SocketAddress(to, family_);
    item.endpoint = to;
    item.control_size = write_control(item.control.data(), to, from);
    item.offset = outbox.bytes.size();
    item.size = datagram.size();
    outbox.bytes.insert(outbox.bytes.end(), datagram.begin(), datagram.end());
    return true;
}

void UdpSocket::flush() {
    Outbox& outbox = *outbox_;
    std::array<mmsghdr, kBatch> headers;
    std::array<iovec, kBatch> vectors;
    while (!is_blocked_ && outbox.waiting() > 0) {
        const unsigned count = outbox.fill(headers, vectors);
        const int sent = sendmmsg(fd_.get(), headers.data(), count, MSG_DONTWAIT);
        if (sent > 0) {
            counts_.sent += static_cast<unsigned>(sent);
            outbox.done += static_cast<unsigned>(sent);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            is_blocked_ = true;
            watch();
        } else if (errno != EINTR) {
            // Only the first of the batch failed.
            ++counts_.send_failed;
            const Endpoint to = outbox.items[outbox.done++].endpoint;
            if (on_unsendable) on_unsendable(to);
        }
    }
    if (outbox.waiting() == 0) return outbox.clear();
    // What waits moves to the front, or a socket that is never quite empty would grow for ever.
    const std::size_t offset = outbox.items[outbox.done].offset;
    outbox.bytes.erase(outbox.bytes.begin(),
                       outbox.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    outbox.items.erase(outbox.items.begin(),
                       outbox.items.begin() + static_cast<std::ptrdiff_t>(outbox.done));
    for (auto& item : outbox.items) item.offset -= offset;
    outbox.done = 0;
}

}  // namespace hearsay::host
