#include "daemon/gossip/batch_builder.h"

#include "base/byte_io.h"
#include "base/insist.h"

namespace hearsay::gossip {
namespace {

std::vector<CutChunk> cut(std::span<const ByteView> payloads, std::size_t chunk_max) {
    std::vector<CutChunk> chunks(1);
    std::size_t at = 0;
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        std::size_t left = wire::kMessageOverhead + payloads[i].size();
        const auto index = static_cast<std::uint32_t>(i);
        const std::size_t used = chunks.back().end - chunks.back().begin;
        if (used > 0 && left > chunk_max - used) chunks.push_back({index, 0, at, at});
        while (true) {
            const std::size_t room = chunk_max - (chunks.back().end - chunks.back().begin);
            const std::size_t part = std::min(left, room);
            at += part;
            left -= part;
            chunks.back().end = at;
            if (left == 0) break;
            const auto lead = static_cast<std::uint16_t>(std::min(left, chunk_max));
            chunks.push_back({index, lead, at, at});
        }
    }
    return chunks;
}

void hash_chunks(BuiltBatch& batch) {
    std::vector<crypto::Hash> leaves;
    leaves.reserve(batch.chunks.size());
    for (std::size_t i = 0; i < batch.chunks.size(); ++i) {
        const CutChunk& chunk = batch.chunks[i];
        leaves.push_back(crypto::leaf_hash(
            {static_cast<std::uint16_t>(i), chunk.first_message, chunk.lead}, batch.bytes(i)));
    }
    batch.root = crypto::merkle_root(leaves);
    batch.paths = crypto::merkle_paths(leaves);
}

}  // namespace

bool ChunkPacker::add(std::size_t payload_size) {
    const std::size_t size = wire::kMessageOverhead + payload_size;
    std::size_t count = count_;
    std::size_t used = used_;
    if (used > 0 && size > chunk_max_ - used) {
        ++count;
        used = 0;
    }
    count += size > chunk_max_ ? (size - 1) / chunk_max_ : 0;
    if (count > count_max_) return false;
    used_ = used + size - (size > chunk_max_ ? (size - 1) / chunk_max_ * chunk_max_ : 0);
    count_ = count;
    return true;
}

BuiltBatch build_batch(std::span<const ByteView> payloads, std::size_t topic_size) {
    BuiltBatch batch;
    ByteWriter writer(batch.body);
    for (const ByteView payload : payloads) {
        writer.u32(static_cast<std::uint32_t>(payload.size()));
        writer.bytes(payload);
    }
    // A deeper tree leaves less room per chunk, so try the shallow ones first.
    for (std::size_t depth = 0; depth <= wire::kPathSizeMax; ++depth) {
        const std::size_t count_max = std::size_t{1} << depth;
        batch.chunks = cut(payloads, wire::chunk_bytes_max(topic_size, count_max));
        if (batch.chunks.size() <= count_max) break;
    }
    INSIST(batch.chunks.size() <= wire::kChunksPerBatchMax);
    hash_chunks(batch);
    return batch;
}

BuiltBatch build_record(ByteView body) {
    BuiltBatch batch;
    batch.body.assign(body.begin(), body.end());
    batch.chunks.push_back({0, 0, 0, body.size()});
    hash_chunks(batch);
    return batch;
}

bool split_body(ByteView body, std::vector<ByteView>& payloads) {
    payloads.clear();
    ByteReader reader(body);
    while (!reader.rest().empty()) {
        const std::uint32_t size = reader.u32();
        if (size > wire::kPayloadSizeMax || payloads.size() >= kMessagesPerBatchMax) return false;
        payloads.push_back(reader.bytes(size));
        if (!reader.ok()) return false;
    }
    return !payloads.empty();
}

}  // namespace hearsay::gossip
