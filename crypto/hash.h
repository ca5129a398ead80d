#pragma once

#include <initializer_list>
#include <span>

#include "crypto/ids.h"

namespace hearsay::crypto {

// BLAKE2b-256 (RFC 7693) of the parts in order.
Hash blake2b(std::initializer_list<ByteView> parts);
// uid = BLAKE2b-256(signed bytes)[0:16]
Uid uid_of(ByteView signed_bytes);

// The Merkle tree over the chunks of a batch, in the shape of RFC 9162 2.1 (a tree of n leaves
// splits at the largest power of two below n), with
//   leaf = H(0x00 | index u16 | first_message u32 | lead u16 | bytes)
//   node = H(0x01 | left | right)
struct LeafPosition {
    std::uint16_t index = 0;          // of the chunk in its batch
    std::uint32_t first_message = 0;  // index of the message the chunk's bytes begin in or with
    std::uint16_t lead = 0;           // leading bytes that continue a message begun earlier
};
Hash leaf_hash(const LeafPosition& position, ByteView bytes);

// Precondition: leaves is not empty.
Hash merkle_root(std::span<const Hash> leaves);
// The audit path of leaf `index`, from the leaf upwards. Precondition: index < leaves.size().
std::vector<Hash> merkle_path(std::span<const Hash> leaves, std::size_t index);
// All audit paths at once in O(n log n) hashes copied, O(n) hashed: what a publisher needs.
std::vector<std::vector<Hash>> merkle_paths(std::span<const Hash> leaves);
// How long the audit path of leaf `index` of `count` is. At most 16 for a 16-bit count.
// Precondition: index < count.
std::size_t merkle_path_size(std::size_t index, std::size_t count);

// The root that `leaf` at `index` of `count` and `path` lead to. nullopt when index >= count or
// the path has not exactly the length the shape asks for. Whether it is the right root is the
// signature's word.
std::optional<Hash> merkle_root_from_path(const Hash& leaf, std::size_t index, std::size_t count,
                                          std::span<const Hash> path);

}  // namespace hearsay::crypto
