#include "daemon/gossip/pending_batches.h"

namespace hearsay::gossip {

PendingBatch* PendingBatches::find(const wire::BatchHeader& header,
                                   const crypto::Signature& signature) {
    const auto [first, last] = by_place_.equal_range(place_of(header));
    for (auto it = first; it != last; ++it) {
        PendingBatch& pending = *by_id_.at(it->second);
        if (pending.signature == signature) return &pending;
    }
    return nullptr;
}

bool PendingBatches::has(const StreamKey& key, std::uint64_t seq) const {
    return by_place_.contains({key, {seq, wire::Kind::message}});
}

PendingBatch& PendingBatches::add(const wire::Chunk& chunk, const crypto::Uid& uid,
                                  const crypto::Hash& root, std::size_t slot,
                                  const crypto::NodeId& link) {
    auto& place = by_id_[++last_id_];
    place = std::make_unique<PendingBatch>();
    PendingBatch& pending = *place;
    pending.id = last_id_;
    pending.topic = chunk.header.topic;
    pending.header = chunk.header;
    pending.header.topic = pending.topic;
    pending.signature = chunk.signature;
    pending.uid = uid;
    pending.root = root;
    pending.first_slot = slot;
    pending.first_link = link;
    by_place_.emplace(place_of(chunk.header), pending.id);
    return pending;
}

bool PendingBatches::park(PendingBatch& pending, const wire::Chunk& chunk, std::size_t slot) {
    for (ParkedChunk& parked : pending.chunks)
        if (parked.index == chunk.index) {
            if (chunk.index == 0 && (parked.from & mask_of(slot)) == 0)
                pending.arrivals.push_back(slot);
            parked.from |= mask_of(slot);
            return true;
        }
    const std::size_t size = chunk.bytes.size() + chunk.path.size_bytes() + sizeof(ParkedChunk);
    if (!has_room(pending.first_slot, size)) return false;
    pending.chunks.push_back({chunk.index, chunk.first_message, chunk.lead, chunk.hops,
                              Bytes(chunk.bytes.begin(), chunk.bytes.end()),
                              {chunk.path.begin(), chunk.path.end()}, mask_of(slot)});
    if (chunk.index == 0) pending.arrivals.push_back(slot);
    pending.byte_count += size;
    bytes_ += size;
    link_bytes_[pending.first_slot] += size;
    return true;
}

std::unique_ptr<PendingBatch> PendingBatches::take(std::uint64_t id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return nullptr;
    std::unique_ptr<PendingBatch> pending = std::move(found->second);
    by_id_.erase(found);
    const auto [first, last] = by_place_.equal_range(place_of(pending->header));
    for (auto it = first; it != last; ++it)
        if (it->second == id) {
            by_place_.erase(it);
            break;
        }
    bytes_ -= pending->byte_count;
    link_bytes_[pending->first_slot] -= pending->byte_count;
    return pending;
}

}  // namespace hearsay::gossip
