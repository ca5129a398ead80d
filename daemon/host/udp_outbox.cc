#include "daemon/host/udp_outbox.h"

#include <algorithm>
#include <cstring>

#include "base/insist.h"

namespace hearsay::host {

// The places used last are used first: they are in the processor's cache, and a queue that is
// never long touches little memory.
std::uint32_t UdpOutbox::take_item() {
    if (!free_.empty()) {
        const std::uint32_t item = free_.back();
        free_.pop_back();
        return item;
    }
    if (!bytes_)
        bytes_ = std::make_unique_for_overwrite<std::uint8_t[]>(kQueueMax * kDatagramMax);
    items_.emplace_back();
    return static_cast<std::uint32_t>(items_.size() - 1);
}

UdpOutbox::Route& UdpOutbox::route_for(const Endpoint& to, const LocalAddress& from) {
    const auto fits = [&](const Route& route) { return route.to == to && route.from == from; };
    if (last_used_ >= first_route_ && last_used_ < route_count_ && fits(routes_[last_used_]))
        return routes_[last_used_];
    const std::size_t oldest =
        std::max(first_route_, route_count_ - std::min(route_count_, kRoutesCompared));
    // Newest first: a destination made anew has its datagrams behind those of the older one.
    for (std::size_t i = route_count_; i-- > oldest;) {
        if (!fits(routes_[i])) continue;
        last_used_ = i;
        return routes_[i];
    }
    if (route_count_ == routes_.size()) routes_.emplace_back();
    last_used_ = route_count_++;
    Route& route = routes_[last_used_];
    route.address = SocketAddress(to, family_);
    route.to = to;
    route.from = from;
    route.control_size = write_source(route.control.data(), to, from);
    route.first = route.last = kNone;
    return route;
}

void UdpOutbox::add(const Endpoint& to, const LocalAddress& from, ByteView datagram) {
    INSIST(!is_full() && datagram.size() <= kDatagramMax);
    Route& route = route_for(to, from);
    const std::uint32_t place = take_item();
    items_[place] = {kNone, static_cast<std::uint16_t>(datagram.size())};
    if (!datagram.empty())
        std::memcpy(bytes_.get() + place * kDatagramMax, datagram.data(), datagram.size());
    (route.last == kNone ? route.first : items_[route.last].next) = place;
    route.last = place;
    ++waiting_;
}

std::span<mmsghdr> UdpOutbox::fill() {
    messages_.resize(kMessagesMax);
    headers_.resize(kMessagesMax);
    vectors_.clear();
    // Views into it must stay valid while it is filled.
    vectors_.reserve(kMessagesMax * kSegmentsMax);
    message_count_ = 0;
    for (std::size_t r = first_route_; r < route_count_; ++r) {
        std::uint32_t item = routes_[r].first;
        while (item != kNone && message_count_ < kMessagesMax) {
            messages_[message_count_].route = r;
            item = fill_message(messages_[message_count_], item);
            ++message_count_;
        }
        if (message_count_ == kMessagesMax) break;
    }
    return {headers_.data(), message_count_};
}

// Puts as many datagrams into the message as may share it; the first that does not.
std::uint32_t UdpOutbox::fill_message(Message& message, std::uint32_t item) {
    const std::size_t first_vector = vectors_.size();
    const std::size_t size = items_[item].size;
    const bool is_alone = !segments || size == 0 || singly_ > 0;
    const std::size_t count_max = is_alone ? 1 : std::min(kSegmentsMax, kMessageSizeMax / size);
    message.count = 0;
    bool is_last = false;
    while (item != kNone && message.count < count_max && !is_last) {
        const Item& next = items_[item];
        if (message.count > 0 && (next.size > size || next.size == 0)) break;
        is_last = next.size < size;
        vectors_.push_back({bytes_.get() + item * kDatagramMax, next.size});
        item = next.next;
        ++message.count;
    }
    singly_ -= std::min<std::size_t>(singly_, 1);

    Route& route = routes_[message.route];
    msghdr& header = headers_[message_count_].msg_hdr;
    header = {};
    header.msg_name = &route.address.storage;
    header.msg_namelen = route.address.size;
    header.msg_iov = vectors_.data() + first_vector;
    header.msg_iovlen = message.count;
    std::size_t control_size = route.control_size;
    message.control = route.control;
    if (message.count > 1)
        control_size += write_segment_size(message.control.data() + control_size,
                                           static_cast<std::uint16_t>(size));
    if (control_size == 0) return item;
    header.msg_control = message.control.data();
    header.msg_controllen = control_size;
    return item;
}

const Endpoint& UdpOutbox::destination_of(std::size_t i) const {
    return routes_[messages_[i].route].to;
}

void UdpOutbox::remove_datagram(Route& route) {
    const std::uint32_t item = route.first;
    route.first = items_[item].next;
    if (route.first == kNone) route.last = kNone;
    free_.push_back(item);
    --waiting_;
}

void UdpOutbox::remove(std::size_t count) {
    INSIST(count <= message_count_);
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t n = messages_[i].count; n > 0; --n)
            remove_datagram(routes_[messages_[i].route]);
    forget_empty_routes();
}

void UdpOutbox::remove_first_datagram() {
    INSIST(message_count_ > 0);
    remove_datagram(routes_[messages_[0].route]);
    forget_empty_routes();
}

void UdpOutbox::forget_empty_routes() {
    message_count_ = 0;
    while (first_route_ < route_count_ && routes_[first_route_].first == kNone) ++first_route_;
    if (first_route_ == route_count_) first_route_ = route_count_ = 0;
    if (first_route_ < kRoutesCompared) return;
    // Or a queue that is never quite empty would grow for ever.
    const auto begin = routes_.begin();
    std::move(begin + static_cast<std::ptrdiff_t>(first_route_),
              begin + static_cast<std::ptrdiff_t>(route_count_), begin);
    route_count_ -= first_route_;
    first_route_ = last_used_ = 0;
}

}  // namespace hearsay::host
