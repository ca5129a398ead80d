#pragma once

#include <optional>
#include <vector>

#include "daemon/gossip/streams.h"

namespace hearsay::gossip {

// What survives a restart. As bytes:
//   "hearsay-state-2\n" | member_count u32 | member... | has_streams u8 | repeats_until_ms u64
//   | stream_count u32 | stream... | checksum[32]
//   member: id[32] | address_count u8 | (address[16] | port u16)...
//   stream: publisher[32] | epoch u64 | floor u64 | range_count u32 | (first u64 | last u64)...
// with checksum = BLAKE2b-256 of all before it. Damaged or foreign bytes are no state at all.
struct SavedState {
    struct Member {
        crypto::NodeId id;
        std::vector<Endpoint> addresses;
    };
    struct SettledStream {
        StreamKey key;
        std::uint64_t floor = 0;
        std::vector<wire::NumberRange> ranges;
    };
    std::vector<Member> members;
    // Written by a clean stop only: what must not be delivered again.
    bool has_streams = false;
    // Of an earlier crash: messages created up to then may have been delivered before it without
    // being among the streams. Unix time; 0: none.
    std::uint64_t repeats_until_ms = 0;
    std::vector<SettledStream> streams;
};

Bytes encode_state(const SavedState& state);
std::optional<SavedState> decode_state(ByteView bytes);

}  // namespace hearsay::gossip
