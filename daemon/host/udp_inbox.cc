#include "daemon/host/udp_inbox.h"

#include <algorithm>

namespace hearsay::host {

UdpInbox::UdpInbox(std::size_t count, std::size_t slot_size)
    : slot_size_(slot_size),
      bytes_(std::make_unique_for_overwrite<std::uint8_t[]>(count * slot_size)),
      slots_(count),
      headers_(count),
      used_(count) {}

void UdpInbox::prepare(std::size_t i) {
    Slot& slot = slots_[i];
    slot.vector = {bytes_.get() + i * slot_size_, slot_size_};
    msghdr& header = headers_[i].msg_hdr;
    header = {};
    header.msg_name = &slot.from;
    header.msg_namelen = sizeof slot.from;
    header.msg_iov = &slot.vector;
    header.msg_iovlen = 1;
    header.msg_control = slot.control.data();
    header.msg_controllen = slot.control.size();
}

int UdpInbox::receive(int fd) {
    for (std::size_t i = 0; i < used_; ++i) prepare(i);
    const int count = recvmmsg(fd, headers_.data(), static_cast<unsigned>(headers_.size()),
                               MSG_DONTWAIT | MSG_TRUNC, nullptr);
    // One more may have been begun.
    used_ = std::min(slots_.size(), static_cast<std::size_t>(std::max(count, 0)) + 1);
    return count;
}

ByteView UdpInbox::bytes(std::size_t i) const {
    return {bytes_.get() + i * slot_size_, std::min<std::size_t>(size_of(i), slot_size_)};
}

const sockaddr* UdpInbox::from(std::size_t i) const {
    return reinterpret_cast<const sockaddr*>(&slots_[i].from);
}

}  // namespace hearsay::host
