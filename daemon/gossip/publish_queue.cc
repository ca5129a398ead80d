#include "daemon/gossip/publish_queue.h"

#include <algorithm>

#include "base/insist.h"

namespace hearsay::gossip {

std::vector<ByteView> PublishQueue::Batch::payloads() const {
    std::vector<ByteView> result;
    result.reserve(sizes.size());
    ByteView rest = bytes;
    for (const std::size_t size : sizes) {
        result.push_back(rest.first(size));
        rest = rest.subspan(size);
    }
    return result;
}

PublishQueue::Waiting& PublishQueue::batch_for(std::string_view topic, std::size_t payload_size,
                                               std::uint32_t lifetime_ms, Now now) {
    std::size_t open_count = 0;
    Waiting* oldest_open = nullptr;
    // Newest first: whoever publishes much mostly finds its batch at once.
    for (auto waiting = waiting_.rbegin(); waiting != waiting_.rend(); ++waiting) {
        if (!waiting->is_open) continue;
        const Batch& batch = waiting->batch;
        if (batch.topic == topic && batch.lifetime_ms == lifetime_ms) {
            if (waiting->packer.add(payload_size)) return *waiting;
            waiting->is_open = false;  // full; nothing may come between it and the next
            break;
        }
        oldest_open = &*waiting;
        if (++open_count == kOpenMax) {
            oldest_open->is_open = false;
            break;
        }
    }
    Waiting& fresh = waiting_.emplace_back(
        Waiting{{std::string(topic), lifetime_ms, now, {}, {}, {}},
                ChunkPacker(wire::chunk_bytes_max(topic.size(), kChunksMax), kChunksMax)});
    // One message that alone is more than that is a batch of its own.
    fresh.is_open = fresh.packer.add(payload_size);
    return fresh;
}

void PublishQueue::push(std::string_view topic, ByteView payload, std::uint32_t lifetime_ms,
                        PublishTicket ticket, Now now) {
    INSIST(has_room(payload.size()));
    Batch& batch = batch_for(topic, payload.size(), lifetime_ms, now).batch;
    batch.bytes.insert(batch.bytes.end(), payload.begin(), payload.end());
    batch.sizes.push_back(payload.size());
    batch.tickets.push_back(ticket);
    ++message_count_;
    byte_count_ += payload.size();
}

Instant PublishQueue::due_at(Duration delay) const {
    const bool is_full = !waiting_.front().is_open;
    return is_full || !last_left_ ? Instant{} : *last_left_ + delay;
}

std::optional<PublishQueue::Batch> PublishQueue::take(Duration delay, Instant now) {
    if (waiting_.empty() || due_at(delay) > now) return std::nullopt;
    // The delay is over for all that wait, however many batches they are.
    if (waiting_.front().is_open)
        for (Waiting& waiting : waiting_) waiting.is_open = false;
    Batch batch = std::move(waiting_.front().batch);
    waiting_.pop_front();
    message_count_ -= batch.sizes.size();
    byte_count_ -= batch.bytes.size();
    last_left_ = now;
    return batch;
}

std::optional<Instant> PublishQueue::next_deadline(Duration delay) const {
    if (waiting_.empty()) return std::nullopt;
    return due_at(delay);
}

}  // namespace hearsay::gossip
