#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/gossip/chunk_ref.h"
#include "daemon/gossip/core.h"

namespace hearsay::gossip {

// Links are named by their slot in the link table; sets of them are bit masks.
using LinkMask = std::uint64_t;
inline constexpr std::size_t kLinksMax = 64;
constexpr LinkMask mask_of(std::size_t slot) { return LinkMask{1} << slot; }

struct StoredChunk {
    bool is_held = false;
    Bytes bytes;
    std::vector<crypto::Hash> path;
    std::uint32_t first_message = 0;
    std::uint16_t lead = 0;
    LinkMask held_by = 0;     // links whose far end has shown it holds this chunk
    LinkMask queued_for = 0;  // links on whose queue it waits
};

// A batch whose signature has been checked, with the chunks held of it. Header and signature are
// the verified ones and the only ones ever sent on.
struct StoredBatch {
    wire::BatchHeader header;  // its topic views `topic`
    std::string topic;
    crypto::Uid uid;
    crypto::Signature signature;
    crypto::Hash root;
    std::vector<StoredChunk> chunks;  // chunk_count of them
    std::size_t held_count = 0;
    LinkMask first_from = 0;          // the link that brought it first; none: published here
    std::uint8_t hops = 0;            // links it crossed to get here
    Instant deadline;
    std::size_t byte_count = 0;
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;

    bool is_whole() const { return held_count == chunks.size(); }
    bool is_message() const { return header.kind == wire::Kind::message; }
    ChunkRef ref(std::uint16_t index) const { return {slot, generation, index}; }
    // The chunk as a frame to relay; views into this batch.
    wire::Chunk frame(std::uint16_t index) const;
};

// What left the store on its own.
struct RemovedBatch {
    crypto::NodeId publisher;
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
    wire::Kind kind = wire::Kind::message;
    bool was_whole = false;
    bool is_expired = false;  // else evicted for room
};

// Keeps verified chunks until their batch's deadline, to deliver them, relay them and answer
// wants. Invariants:
//   1. bytes() <= bytes_max after every add_chunk: the oldest batches leave first (they have had
//      the longest time to spread), and the caller learns which.
//   2. Only verified batches enter, so a stranger without a key cannot fill it; one with keys is
//      held to its publisher's rate before this.
class ChunkStore {
public:
    ChunkStore(std::uint64_t bytes_max, const crypto::ShortHashKey& hash_key);

    StoredBatch* find(const crypto::Uid& uid);
    // nullptr when the name has outlived its batch.
    StoredBatch* find(const ChunkRef& ref);
    StoredBatch& at(std::uint32_t slot) { return *slots_[slot]; }

    // Precondition: the uid is not stored.
    StoredBatch& add(const wire::BatchHeader& header, const crypto::Uid& uid,
                     const crypto::Signature& signature, const crypto::Hash& root,
                     Instant deadline);
    // False when already held. Precondition: the chunk leads to the batch's root.
    bool add_chunk(StoredBatch& batch, const wire::Chunk& chunk);
    void remove(StoredBatch& batch);
    // Frees what is over the byte limit, never `keep`.
    void evict(const StoredBatch& keep, std::vector<RemovedBatch>& removed);
    void expire(Instant now, std::vector<RemovedBatch>& removed);
    std::optional<Instant> next_deadline() const;

    // The far end of this link slot is a stranger again.
    void forget_link(std::size_t slot);

    std::size_t size() const { return by_uid_.size(); }
    std::uint64_t bytes() const { return bytes_; }
    void check_invariants() const;

private:
    static RemovedBatch removal_of(const StoredBatch& batch, bool is_expired);

    std::uint64_t bytes_max_;
    std::uint64_t bytes_ = 0;
    std::vector<std::unique_ptr<StoredBatch>> slots_;
    std::vector<std::uint32_t> free_;
    std::unordered_map<crypto::Uid, std::uint32_t, KeyedHash> by_uid_;
    std::set<std::pair<Instant, std::uint32_t>> by_deadline_;
    std::deque<std::pair<std::uint32_t, std::uint32_t>> by_age_;  // slot, generation; some stale
};

}  // namespace hearsay::gossip
