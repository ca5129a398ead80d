#pragma once

#include <sys/socket.h>

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "daemon/host/udp_control.h"

namespace hearsay::host {

// The memory that one recvmmsg() writes to: `count` slots of `slot_size` bytes. Pages that no
// datagram has reached take no memory.
class UdpInbox {
public:
    UdpInbox(std::size_t count, std::size_t slot_size);

    // Receives what is there, at most `count` messages; as recvmmsg() says it.
    int receive(int fd);

    // Of message `i` of the last receive(). Its size as sent may be beyond the slot; bytes() are
    // then those that fitted.
    std::size_t size_of(std::size_t i) const { return headers_[i].msg_len; }
    ByteView bytes(std::size_t i) const;
    const sockaddr* from(std::size_t i) const;
    ReceivedControl control(std::size_t i) { return read_control(headers_[i].msg_hdr); }

    std::size_t slot_count() const { return slots_.size(); }

private:
    struct Slot {
        alignas(cmsghdr) std::array<std::uint8_t, kReceiveControlSize> control;
        sockaddr_storage from;
        iovec vector;
    };
    void prepare(std::size_t i);

    std::size_t slot_size_;
    std::unique_ptr<std::uint8_t[]> bytes_;
    std::vector<Slot> slots_;
    std::vector<mmsghdr> headers_;
    std::size_t used_;  // the kernel has overwritten the sizes of these with what it used
};

}  // namespace hearsay::host
