#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "wire/limits.h"

// Between messages and the body of a batch: repeat(length u32 | payload), cut into chunks.
namespace hearsay::gossip {

struct CutChunk {
    std::uint32_t first_message = 0;  // index of the message its bytes begin in or with
    std::uint16_t lead = 0;           // leading bytes that continue a message begun earlier
    std::size_t begin = 0;            // in the body
    std::size_t end = 0;
};

struct BuiltBatch {
    Bytes body;
    std::vector<CutChunk> chunks;
    crypto::Hash root;
    std::vector<std::vector<crypto::Hash>> paths;

    ByteView bytes(std::size_t chunk) const {
        return ByteView(body).subspan(chunks[chunk].begin,
                                      chunks[chunk].end - chunks[chunk].begin);
    }
};

// Whether messages still fit a number of chunks, cut as build_batch() cuts them.
class ChunkPacker {
public:
    ChunkPacker(std::size_t chunk_max, std::size_t chunk_count_max)
        : chunk_max_(chunk_max), count_max_(chunk_count_max) {}
    // False when a message of so many bytes no longer fits: nothing has changed then.
    bool add(std::size_t payload_size);

private:
    std::size_t chunk_max_;
    std::size_t count_max_;
    std::size_t count_ = 1;
    std::size_t used_ = 0;  // of the last chunk
};

// Cuts on message boundaries where it can: a message that fits a chunk of its own is not split.
// Precondition: each payload at most wire::kPayloadSizeMax, their body at most kBodySizeMax.
BuiltBatch build_batch(std::span<const ByteView> payloads, std::size_t topic_size);

// A record's body is one chunk as it is, without lengths.
BuiltBatch build_record(ByteView body);

// The payloads in a body; false when it is not exactly a list of one or more messages within the
// limits. Views into `body`.
bool split_body(ByteView body, std::vector<ByteView>& payloads);

inline constexpr std::size_t kMessagesPerBatchMax = 16'384;

}  // namespace hearsay::gossip
