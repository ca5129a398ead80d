#pragma once

#include <array>
#include <vector>

#include "daemon/gossip/tree.h"

namespace hearsay::gossip {

// A publisher must not be faster than the slowest way its messages take. Each node tells the
// neighbours it gets a publisher's chunks from how much of them it will still queue: the room of
// its own fullest queue for that publisher, or what the neighbour behind that has told, if less.
// So the news of a jam travels back, hop by hop, to the publisher, which takes no new messages from
// its applications until there is room (credit-based flow control, as in Kung, Blackwell, Chapman
// 1994, with the queue's room in place of counted buffers).
//
// A neighbour that lies may tell of a jam for ever. So what is told slows a publisher down to one
// batch each kToldPause, and never stops it; its own queues do.
//
// Nothing else waits for credit: relays always pass on, so two nodes cannot wait for each other.
// Slow links (Link::is_slow) do not count: one paused host slows nobody.
//
// Credit rides on acks and is told while there is less than half, and once more when there is more
// again. It is believed for kBelievedFor, so a lost update ends a wait late, not never.
//
// Bounds: kPublishersMax publishers per link and direction, the oldest forgotten.
class Backpressure {
public:
    static constexpr std::size_t kPublishersMax = wire::kCreditsMax;
    // Chunks queued on a link at which its node has no room. A chunk is about 1 KB.
    static constexpr std::size_t kQueueMax = 512;
    static constexpr std::size_t kOwnQueueMax = 128;
    static constexpr std::uint32_t kChunkBytes = 1000;
    static constexpr std::uint32_t kFull = kQueueMax * kChunkBytes;
    static constexpr Duration kBelievedFor = std::chrono::milliseconds(200);
    static constexpr Duration kToldPause = std::chrono::milliseconds(100);
    static constexpr Duration kRecently = std::chrono::seconds(1);

    Backpressure(Core& core, Links& links, Tree& tree)
        : core_(core), links_(links), tree_(tree) {}

    // `from` has brought something new of this publisher.
    void note_received(const Link& from, const crypto::NodeId& publisher, Instant now);
    void handle_credits(const Link& from, std::span<const wire::Credit> credits, Instant now);
    void handle_link_down(std::size_t slot) { sides_[slot] = {}; }

    // Whether this node may sign another batch; it is taken to do so then.
    bool may_publish(Instant now);
    // Tells the links what has changed, with their next ack. Called before links are flushed.
    void update(Instant now);

private:
    struct Told {
        crypto::NodeId publisher;
        std::uint32_t bytes = kFull;
        Instant at;  // of what was received last; of the credit
    };
    struct Side {
        std::vector<Told> brings;   // publishers whose chunks come over this link
        std::vector<Told> credits;  // that its node has told us
    };

    static Told& entry_of(std::vector<Told>& list, const crypto::NodeId& publisher);
    // The least over the links that get this publisher's chunks, but for some: of what they have
    // queued, and of what their nodes have told.
    struct Room {
        std::uint32_t queued = kFull;
        std::uint32_t told = kFull;
    };
    Room room(const crypto::NodeId& publisher, LinkMask but, Instant now);

    Core& core_;
    Links& links_;
    Tree& tree_;
    std::array<Side, kLinksMax> sides_;
    Instant published_at_{};
};

}  // namespace hearsay::gossip
