#include "daemon/gossip/outbox.h"

#include "base/insist.h"

namespace hearsay::gossip {

Outbox::Outbox() { transmits_.reserve(kDatagramsMax); }

void Outbox::begin() {
    transmits_.clear();
    byte_count_ = 0;
    verifications_.clear();
    deliveries_.clear();
    delivery_places_.clear();
    delivered_.clear();
    events_.clear();
}

MutableBytes Outbox::datagram() {
    INSIST(has_room());
    auto& block = blocks_[transmits_.size() / kPerBlock];
    if (block == nullptr)
        block = std::make_unique_for_overwrite<std::uint8_t[]>(kPerBlock * wire::kDatagramSizeMax);
    const std::size_t place = transmits_.size() % kPerBlock;
    return {block.get() + place * wire::kDatagramSizeMax, wire::kDatagramSizeMax};
}

void Outbox::send(const Endpoint& to, std::size_t size) {
    const MutableBytes place = datagram();
    INSIST(size <= place.size());
    transmits_.push_back({to, place.first(size)});
    byte_count_ += size;
}

bool Outbox::send_copy(const Endpoint& to, ByteView bytes) {
    if (!has_room()) return false;
    std::copy(bytes.begin(), bytes.end(), datagram().begin());
    send(to, bytes.size());
    return true;
}

void Outbox::deliver(const Delivery& delivery) {
    const std::size_t topic_at = delivered_.size();
    const ByteView topic = bytes_of(delivery.topic);
    delivered_.insert(delivered_.end(), topic.begin(), topic.end());
    const std::size_t payload_at = delivered_.size();
    delivered_.insert(delivered_.end(), delivery.payload.begin(), delivery.payload.end());
    deliveries_.push_back(delivery);
    delivery_places_.emplace_back(topic_at, payload_at);
}

Outputs Outbox::take() {
    // Only now do the views have their final place.
    for (std::size_t i = 0; i < deliveries_.size(); ++i) {
        const ByteView all = delivered_;
        const auto [topic_at, payload_at] = delivery_places_[i];
        deliveries_[i].topic = text_of(all.subspan(topic_at, payload_at - topic_at));
        deliveries_[i].payload = all.subspan(payload_at, deliveries_[i].payload.size());
    }
    return {transmits_, verifications_, deliveries_, events_};
}

}  // namespace hearsay::gossip
