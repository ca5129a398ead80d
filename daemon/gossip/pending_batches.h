#pragma once

#include <map>
#include <string>

#include "daemon/gossip/chunk_store.h"
#include "daemon/gossip/streams.h"

namespace hearsay::gossip {

// A chunk that waits for its batch's signature.
struct ParkedChunk {
    std::uint16_t index = 0;
    std::uint32_t first_message = 0;
    std::uint16_t lead = 0;
    std::uint8_t hops = 0;
    Bytes bytes;
    std::vector<crypto::Hash> path;
    LinkMask from = 0;
};

// A batch whose signature is being checked.
struct PendingBatch {
    std::uint64_t id = 0;
    wire::BatchHeader header;  // its topic views `topic`
    std::string topic;
    crypto::Signature signature;
    crypto::Uid uid;
    crypto::Hash root;
    std::size_t first_slot = 0;          // the link it came from first: answerable for it
    crypto::NodeId first_link;
    std::vector<std::size_t> arrivals;   // links that brought chunk 0, in order
    std::vector<ParkedChunk> chunks;
    std::size_t byte_count = 0;
};

// Batches between their hash and their verdict. Nothing here is trusted yet: entries are found by
// header *and* signature, so a forged copy of a header can neither block nor replace the genuine
// one (each is its own entry), and parked bytes are bounded in total and per link.
class PendingBatches {
public:
    static constexpr std::size_t kBytesMax = 16 << 20;
    static constexpr std::size_t kBytesPerLinkMax = 4 << 20;

    // The pending batch with the same place in its stream and the same signature.
    PendingBatch* find(const wire::BatchHeader& header, const crypto::Signature& signature);
    bool has(const StreamKey& key, std::uint64_t seq) const;
    bool has_room(std::size_t link, std::size_t size) const {
        return bytes_ + size <= kBytesMax && link_bytes_[link] + size <= kBytesPerLinkMax;
    }
    PendingBatch& add(const wire::Chunk& chunk, const crypto::Uid& uid, const crypto::Hash& root,
                      std::size_t slot, const crypto::NodeId& link);
    // Parks one more chunk, or notes one more link that sent it. False: no room.
    bool park(PendingBatch& pending, const wire::Chunk& chunk, std::size_t slot);
    // Takes it out; nullptr when there is none.
    std::unique_ptr<PendingBatch> take(std::uint64_t id);
    std::size_t size() const { return by_id_.size(); }

private:
    using Place = std::pair<StreamKey, std::pair<std::uint64_t, wire::Kind>>;
    static Place place_of(const wire::BatchHeader& header) {
        return {{header.publisher, header.epoch}, {header.seq, header.kind}};
    }

    std::map<std::uint64_t, std::unique_ptr<PendingBatch>> by_id_;  // views into themselves
    std::multimap<Place, std::uint64_t> by_place_;
    std::uint64_t last_id_ = 0;
    std::size_t bytes_ = 0;
    std::array<std::size_t, kLinksMax> link_bytes_{};
};

}  // namespace hearsay::gossip
