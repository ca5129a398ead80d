#include "daemon/gossip/chunk_store.h"

#include "base/insist.h"

namespace hearsay::gossip {
namespace {

// What a batch costs beside its chunks' bytes: header, signature, hashes, table entries.
constexpr std::size_t kBatchOverhead = 400;
constexpr std::size_t kChunkOverhead = 96;

}  // namespace

wire::Chunk StoredBatch::frame(std::uint16_t index) const {
    const StoredChunk& stored = chunks[index];
    wire::Chunk chunk;
    chunk.header = header;
    chunk.signature = signature;
    chunk.uid = uid;
    chunk.index = index;
    chunk.first_message = stored.first_message;
    chunk.lead = stored.lead;
    chunk.hops = hops;
    chunk.bytes = stored.bytes;
    chunk.path = stored.path;
    return chunk;
}

ChunkStore::ChunkStore(std::uint64_t bytes_max, const crypto::ShortHashKey& hash_key)
    : bytes_max_(bytes_max), by_uid_(16, KeyedHash{hash_key}) {}

StoredBatch* ChunkStore::find(const crypto::Uid& uid) {
    const auto found = by_uid_.find(uid);
    return found == by_uid_.end() ? nullptr : slots_[found->second].get();
}

StoredBatch* ChunkStore::find(const ChunkRef& ref) {
    if (ref.slot >= slots_.size()) return nullptr;
    StoredBatch* batch = slots_[ref.slot].get();
    return batch->generation == ref.generation ? batch : nullptr;
}

StoredBatch& ChunkStore::add(const wire::BatchHeader& header, const crypto::Uid& uid,
                             const crypto::Signature& signature, const crypto::Hash& root,
                             Instant deadline) {
    INSIST(!by_uid_.contains(uid));
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.push_back(std::make_unique<StoredBatch>());
        slots_.back()->slot = free_.back();
    }
    StoredBatch& batch = *slots_[free_.back()];
    free_.pop_back();
    batch.topic = header.topic;
    batch.header = header;
    batch.header.topic = batch.topic;
    batch.uid = uid;
    batch.signature = signature;
    batch.root = root;
    batch.chunks.assign(header.chunk_count, {});
    batch.held_count = 0;
    batch.hops = 0;
    batch.deadline = deadline;
    batch.byte_count = kBatchOverhead + kChunkOverhead * header.chunk_count;
    bytes_ += batch.byte_count;
    by_uid_.emplace(uid, batch.slot);
    by_deadline_.emplace(deadline, batch.slot);
    by_age_.emplace_back(batch.slot, batch.generation);
    return batch;
}

bool ChunkStore::add_chunk(StoredBatch& batch, const wire::Chunk& chunk) {
    StoredChunk& stored = batch.chunks[chunk.index];
    if (stored.is_held) return false;
    stored.is_held = true;
    stored.bytes.assign(chunk.bytes.begin(), chunk.bytes.end());
    stored.path.assign(chunk.path.begin(), chunk.path.end());
    stored.first_message = chunk.first_message;
    stored.lead = chunk.lead;
    const std::size_t size = chunk.bytes.size() + chunk.path.size() * crypto::Hash::kSize;
    batch.byte_count += size;
    bytes_ += size;
    ++batch.held_count;
    return true;
}

void ChunkStore::remove(StoredBatch& batch) {
    by_uid_.erase(batch.uid);
    by_deadline_.erase({batch.deadline, batch.slot});
    bytes_ -= batch.byte_count;
    batch.chunks.clear();
    ++batch.generation;
    free_.push_back(batch.slot);
}

RemovedBatch ChunkStore::removal_of(const StoredBatch& batch, bool is_expired) {
    const wire::BatchHeader& header = batch.header;
    return {header.publisher, header.epoch,     header.seq,
            header.kind,      batch.is_whole(), is_expired};
}

void ChunkStore::evict(const StoredBatch& keep, std::vector<RemovedBatch>& removed) {
    auto next = by_age_.begin();
    while (bytes_ > bytes_max_ && next != by_age_.end()) {
        const auto [slot, generation] = *next;
        if (slot == keep.slot && generation == keep.generation) {
            ++next;
            continue;
        }
        next = by_age_.erase(next);  // at the front, or behind `keep` there
        StoredBatch& oldest = *slots_[slot];
        if (oldest.generation != generation) continue;
        removed.push_back(removal_of(oldest, false));
        remove(oldest);
    }
}

void ChunkStore::expire(Instant now, std::vector<RemovedBatch>& removed) {
    while (!by_deadline_.empty() && by_deadline_.begin()->first <= now) {
        StoredBatch& batch = *slots_[by_deadline_.begin()->second];
        removed.push_back(removal_of(batch, true));
        remove(batch);
    }
    // Names of batches that are gone would pile up behind a long-lived one.
    while (!by_age_.empty() &&
           slots_[by_age_.front().first]->generation != by_age_.front().second)
        by_age_.pop_front();
    if (by_age_.size() > 2 * size() + 64)
        std::erase_if(by_age_, [this](const auto& entry) {
            return slots_[entry.first]->generation != entry.second;
        });
}

std::optional<Instant> ChunkStore::next_deadline() const {
    if (by_deadline_.empty()) return std::nullopt;
    return by_deadline_.begin()->first;
}

void ChunkStore::forget_link(std::size_t link) {
    const LinkMask others = ~mask_of(link);
    for (const auto& [uid, slot] : by_uid_)
        for (StoredChunk& chunk : slots_[slot]->chunks) {
            chunk.held_by &= others;
            chunk.queued_for &= others;
        }
}

void ChunkStore::check_invariants() const {
    std::uint64_t bytes = 0;
    for (const auto& [uid, slot] : by_uid_) {
        const StoredBatch& batch = *slots_[slot];
        INSIST(batch.uid == uid && batch.slot == slot);
        INSIST(by_deadline_.contains({batch.deadline, slot}));
        INSIST(batch.chunks.size() == batch.header.chunk_count);
        std::size_t held = 0;
        for (const StoredChunk& chunk : batch.chunks) held += chunk.is_held ? 1 : 0;
        INSIST(held == batch.held_count);
        bytes += batch.byte_count;
    }
    INSIST(bytes == bytes_);
    INSIST(by_deadline_.size() == by_uid_.size());
}

}  // namespace hearsay::gossip
