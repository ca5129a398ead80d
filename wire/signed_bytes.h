#pragma once

#include "wire/frame.h"

// What a publisher signs: fixed layout, little-endian, no optional fields, independent of any
// codec.
//     label[32] "hearsay/v1/batch" | network_id[32] | publisher[32] | epoch u64 | seq u64
//     | created_ms u64 | lifetime_ms u32 | kind u16 | flags u16 | chunk_count u16
//     | topic_size u16 | body_size u32 | root[32] | topic
namespace hearsay::wire {

inline constexpr std::size_t kSignedBytesFixedSize = 168;

// Replaces the contents of `out`, which keeps its capacity from call to call.
void write_signed_bytes(const crypto::NetworkId& network, const BatchHeader& header,
                        const crypto::Hash& root, Bytes& out);

// Whether the numbers of a header and of one chunk of it agree with each other and with
// wire/limits.h: counts, sizes, lifetime, index, path length, lead, topic. What must hold before
// anything is hashed. A batch of records has one chunk; in a batch of several none is empty.
// Does not look at times, signatures or the meaning of the body.
bool is_consistent(const BatchHeader& header, const Chunk& chunk);

// Well-formed UTF-8 (RFC 3629) without control characters (C0, DEL), 1 to 255 bytes.
bool is_valid_topic(std::string_view topic);

}  // namespace hearsay::wire
