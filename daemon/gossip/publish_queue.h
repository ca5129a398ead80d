#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/time.h"
#include "daemon/gossip/batch_builder.h"
#include "daemon/gossip/outputs.h"

namespace hearsay::gossip {

// Messages that local applications have published and that wait to be signed: those of one topic
// and lifetime share a batch, and with it a signature.
//
// When a batch leaves (as Nagle did for TCP, RFC 896, but bounded in time): at once if the last
// one left at least `delay` ago, so that a lone message never waits; else when `delay` has passed,
// or as soon as it fills kChunksMax chunks. So messages wait for company only while they have any.
//
// Order: messages of one topic and lifetime leave in the order they came in. Those of different
// topics may overtake each other by one batch.
//
// Bounds: kMessagesMax messages and kBytesMax bytes wait; the caller answers "busy" beyond.
class PublishQueue {
public:
    static constexpr std::size_t kMessagesMax = 16'384;
    static constexpr std::size_t kBytesMax = 16 << 20;
    static constexpr std::size_t kChunksMax = 16;
    // Batches that are still open to more messages, one for each topic and lifetime.
    static constexpr std::size_t kOpenMax = 16;

    struct Batch {
        std::string topic;
        std::uint32_t lifetime_ms = 0;
        // Of its first message: a clock that steps while they wait must not date them.
        Now created;
        Bytes bytes;  // of all payloads, one after the other
        std::vector<std::size_t> sizes;
        std::vector<PublishTicket> tickets;

        std::vector<ByteView> payloads() const;
    };

    bool has_room(std::size_t payload_size) const {
        return message_count_ < kMessagesMax && byte_count_ + payload_size <= kBytesMax;
    }
    // Precondition: has_room(), and a topic and payload within the protocol's limits.
    void push(std::string_view topic, ByteView payload, std::uint32_t lifetime_ms,
              PublishTicket ticket, Now now);
    // The next batch, if it is due; it counts as having left at `now`.
    std::optional<Batch> take(Duration delay, Instant now);
    std::optional<Instant> next_deadline(Duration delay) const;
    bool is_empty() const { return waiting_.empty(); }
    std::size_t size() const { return message_count_; }

private:
    struct Waiting {
        Batch batch;
        ChunkPacker packer;
        bool is_open = true;
    };

    Waiting& batch_for(std::string_view topic, std::size_t payload_size,
                       std::uint32_t lifetime_ms, Now now);
    Instant due_at(Duration delay) const;

    std::deque<Waiting> waiting_;  // in the order they were begun
    std::optional<Instant> last_left_;
    std::size_t message_count_ = 0;
    std::size_t byte_count_ = 0;
};

}  // namespace hearsay::gossip
