#pragma once

#include <array>
#include <memory>

#include "daemon/gossip/outputs.h"
#include "wire/limits.h"

namespace hearsay::gossip {

// Collects what one call of the engine puts out. Datagrams live in blocks that are
// allocated when first needed and kept, so sending soon allocates nothing, and a node that never
// has much to say stays small; has_room() is the bound that makes the engine stop and come back.
class Outbox {
public:
    static constexpr std::size_t kDatagramsMax = 128;

    Outbox();

    // Forgets the outputs of the last call.
    void begin();
    // Valid until begin().
    Outputs take();

    bool has_room() const { return transmits_.size() < kDatagramsMax; }
    // Where to write the next datagram, wire::kDatagramSizeMax bytes; send() keeps it.
    // Precondition: has_room().
    MutableBytes datagram();
    void send(const Endpoint& to, std::size_t size);
    // Dropped when there is no room: what is sent so is tried again by its own timer.
    bool send_copy(const Endpoint& to, ByteView datagram);

    void verify(VerifyJob job) { verifications_.push_back(std::move(job)); }
    // Copies topic and payload.
    void deliver(const Delivery& delivery);
    void tell(Event event) { events_.push_back(std::move(event)); }

    // Bytes and datagrams sent since the last begin().
    std::size_t datagram_count() const { return transmits_.size(); }
    std::size_t byte_count() const { return byte_count_; }

private:
    static constexpr std::size_t kPerBlock = 8;

    std::array<std::unique_ptr<std::uint8_t[]>, kDatagramsMax / kPerBlock> blocks_;
    std::vector<Transmit> transmits_;
    std::size_t byte_count_ = 0;
    std::vector<VerifyJob> verifications_;
    std::vector<Delivery> deliveries_;
    std::vector<std::pair<std::size_t, std::size_t>> delivery_places_;  // topic, payload
    Bytes delivered_;
    std::vector<Event> events_;
};

}  // namespace hearsay::gossip
