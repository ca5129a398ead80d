#include "daemon/gossip/flood.h"
#include "wire/signed_bytes.h"

// What this node itself puts into the flood.
namespace hearsay::gossip {

MessageId Flood::publish(std::string_view topic, std::span<const ByteView> payloads,
                         std::uint32_t lifetime_ms, Now created, Now now) {
    const BuiltBatch built = build_batch(payloads, topic.size());
    wire::BatchHeader header;
    header.publisher = core_.self_id;
    header.epoch = core_.epoch;
    header.seq = next_own_seq();
    header.created_ms = created.wall.ms;
    header.lifetime_ms = lifetime_ms;
    header.chunk_count = static_cast<std::uint16_t>(built.chunks.size());
    header.body_size = static_cast<std::uint32_t>(built.body.size());
    header.topic = topic;
    const Instant deadline = created.monotonic + std::chrono::milliseconds(lifetime_ms);
    Stream& stream = parts_.streams.get({header.publisher, header.epoch}, now.monotonic);
    parts_.streams.touch(stream, now.monotonic);
    StoredBatch& batch = sign_and_store(header, built, deadline);
    parts_.streams.note_stored(stream, header.seq, batch.slot);
    settle(batch, now);
    for (std::uint16_t i = 0; i < header.chunk_count; ++i) relay(batch, i, now.monotonic);
    removed_.clear();
    parts_.store.evict(batch, removed_);
    note_removed(removed_);
    core_.count(Counter::messages_published, payloads.size());
    core_.count(Counter::batches_published);
    return MessageId{batch.uid, 0};
}

// Above whatever was used under our key in this epoch, even by a clone of us.
std::uint64_t Flood::next_own_seq() {
    const Stream* stream = parts_.streams.find({core_.self_id, core_.epoch});
    if (stream != nullptr) own_seq_ = std::max({own_seq_, stream->top, stream->settled.top()});
    return ++own_seq_;
}

StoredBatch& Flood::sign_and_store(const wire::BatchHeader& header, const BuiltBatch& built,
                                   Instant deadline) {
    wire::write_signed_bytes(core_.network.id, header, built.root, signed_bytes_);
    StoredBatch& batch = parts_.store.add(header, crypto::uid_of(signed_bytes_),
                                          core_.signer->sign(signed_bytes_), built.root, deadline);
    for (std::size_t i = 0; i < built.chunks.size(); ++i) {
        wire::Chunk chunk;
        chunk.index = static_cast<std::uint16_t>(i);
        chunk.first_message = built.chunks[i].first_message;
        chunk.lead = built.chunks[i].lead;
        chunk.bytes = built.bytes(i);
        chunk.path = built.paths[i];
        parts_.store.add_chunk(batch, chunk);
    }
    return batch;
}

}  // namespace hearsay::gossip
