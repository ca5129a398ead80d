#pragma once

#include <cstddef>
#include <cstdint>

// Sizes of everything on the network, in bytes unless the name says otherwise. A number here is
// part of the protocol: docs/PROTOCOL.md states it too.
namespace hearsay::wire {

inline constexpr std::uint8_t kVersion = 1;

// Largest UDP payload sent without probing the path: below the 1,232 that every IPv6 path
// carries (RFC 8200: 1,280 - 40 - 8), and what QUIC settled on (RFC 9000 14.1).
inline constexpr std::size_t kDatagramSizeDefault = 1200;
inline constexpr std::size_t kDatagramSizeMax = 1452;  // Ethernet 1,500 - IPv6 40 - UDP 8
inline constexpr std::size_t kSealedHeaderSize = 20;
inline constexpr std::size_t kSealedOverhead = kSealedHeaderSize + 16;  // and the tag
inline constexpr std::size_t kPlaintextSizeDefault = kDatagramSizeDefault - kSealedOverhead;
inline constexpr std::size_t kPlaintextSizeMax = kDatagramSizeMax - kSealedOverhead;

// Plaintext is a list of frames: each is size u16 | zero[6] | frame | zeros to a multiple of 8,
// so that a codec whose values want alignment gets it.
inline constexpr std::size_t kFrameHeaderSize = 8;
inline constexpr std::size_t kFramesPerDatagramMax = 64;
// 1,152: what is left of 1,164 bytes after the frame header, down to a multiple of 8.
inline constexpr std::size_t kFrameSizeMax = (kPlaintextSizeDefault - kFrameHeaderSize) / 8 * 8;

inline constexpr std::size_t kTopicSizeMax = 255;
inline constexpr std::size_t kPayloadSizeMax = std::size_t{1} << 20;
// The body of a batch: repeat(length u32 | payload).
inline constexpr std::size_t kMessageOverhead = 4;
inline constexpr std::size_t kBodySizeMax = kPayloadSizeMax + (std::size_t{1} << 16);

// Room in a chunk for what varies: topic, body bytes and the audit path at its deepest.
//     topic size + bytes + 32 x path_size_max(chunk count) <= kChunkBudget
// The rest of a Chunk frame has fixed size, 143 bytes of fields; 1,152 - 900 leaves a codec
// 109 for its own structure. So any chunk fits an unprobed datagram in every codec (the
// conformance kit checks), and no relay has to cut a leaf again.
inline constexpr std::size_t kChunkBudget = 900;
inline constexpr std::size_t kPathSizeMax = 12;  // hashes
inline constexpr std::size_t kChunksPerBatchMax = std::size_t{1} << kPathSizeMax;

// ceil(log2(count)): the deepest audit path of a batch of `chunk_count` chunks.
constexpr std::size_t path_size_max(std::size_t chunk_count) {
    std::size_t depth = 0;
    while ((std::size_t{1} << depth) < chunk_count) ++depth;
    return depth;
}

// The most body bytes one chunk of such a batch may carry.
constexpr std::size_t chunk_bytes_max(std::size_t topic_size, std::size_t chunk_count) {
    return kChunkBudget - topic_size - 32 * path_size_max(chunk_count);
}
static_assert(chunk_bytes_max(kTopicSizeMax, kChunksPerBatchMax) * kChunksPerBatchMax >=
              kPayloadSizeMax + kMessageOverhead);

inline constexpr std::uint32_t kLifetimeMsMin = 1'000;
inline constexpr std::uint32_t kLifetimeMsMax = 3'600'000;

// Per frame; each list at its longest fits one datagram alone.
inline constexpr std::size_t kAckRangesMax = 32;
inline constexpr std::size_t kCreditsMax = 8;
inline constexpr std::size_t kStreamsPerFrameMax = 8;
inline constexpr std::size_t kRangesPerFrameMax = 32;  // over all streams of a Have or Want
inline constexpr std::size_t kRecordBuckets = 64;
inline constexpr std::size_t kRecordsPerFrameMax = 16;
inline constexpr std::size_t kWantedChunksMax = 16;
inline constexpr std::size_t kCandidatesMax = 16;
inline constexpr std::size_t kCodecsMax = 8;

}  // namespace hearsay::wire
