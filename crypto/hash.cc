#include "crypto/hash.h"

#include <sodium.h>

#include "base/insist.h"
#include "crypto/keyed_hash.h"

namespace hearsay::crypto {

namespace {

constexpr std::uint8_t kLeafPrefix = 0;
constexpr std::uint8_t kNodePrefix = 1;

Hash node_hash(const Hash& left, const Hash& right) {
    return blake2b({ByteView(&kNodePrefix, 1), left.view(), right.view()});
}

// The level above: neighbours in pairs, an odd last one promoted as it is. Repeated, this gives
// the split at the largest power of two below n that RFC 9162 describes from the top.
std::vector<Hash> level_above(std::span<const Hash> level) {
    std::vector<Hash> above;
    above.reserve((level.size() + 1) / 2);
    for (std::size_t i = 0; i + 1 < level.size(); i += 2)
        above.push_back(node_hash(level[i], level[i + 1]));
    if (level.size() % 2 != 0) above.push_back(level.back());
    return above;
}

}  // namespace

Hash blake2b(std::initializer_list<ByteView> parts) {
    Hash hash;
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, Hash::kSize);
    for (const ByteView part : parts)
        crypto_generichash_update(&state, part.data(), part.size());
    crypto_generichash_final(&state, hash.bytes.data(), Hash::kSize);
    return hash;
}

void keyed_blake2b(MutableBytes out, ByteView key, std::initializer_list<ByteView> parts) {
    INSIST(out.size() >= crypto_generichash_BYTES_MIN);
    INSIST(out.size() <= crypto_generichash_BYTES_MAX);
    crypto_generichash_state state;
    crypto_generichash_init(&state, key.data(), key.size(), out.size());
    for (const ByteView part : parts)
        crypto_generichash_update(&state, part.data(), part.size());
    crypto_generichash_final(&state, out.data(), out.size());
    sodium_memzero(&state, sizeof state);
}

Uid uid_of(ByteView signed_bytes) { return Uid::from(blake2b({signed_bytes}).view()); }

Hash leaf_hash(const LeafPosition& position, ByteView bytes) {
    const auto byte = [](std::uint32_t value, unsigned at) {
        return static_cast<std::uint8_t>(value >> (8 * at));
    };
    const std::uint32_t first = position.first_message;
    const std::array<std::uint8_t, 9> head{
        kLeafPrefix,    byte(position.index, 0), byte(position.index, 1),
        byte(first, 0), byte(first, 1),          byte(first, 2),
        byte(first, 3), byte(position.lead, 0),  byte(position.lead, 1)};
    return blake2b({head, bytes});
}

Hash merkle_root(std::span<const Hash> leaves) {
    INSIST(!leaves.empty());
    if (leaves.size() == 1) return leaves.front();
    std::vector<Hash> level = level_above(leaves);
    while (level.size() > 1) level = level_above(level);
    return level.front();
}

std::vector<Hash> merkle_path(std::span<const Hash> leaves, std::size_t index) {
    INSIST(index < leaves.size());
    std::vector<Hash> path;
    path.reserve(merkle_path_size(index, leaves.size()));
    std::vector<Hash> owned;
    for (std::span<const Hash> level = leaves; level.size() > 1; level = owned) {
        if ((index ^ 1) < level.size()) path.push_back(level[index ^ 1]);
        owned = level_above(level);
        index /= 2;
    }
    return path;
}

std::vector<std::vector<Hash>> merkle_paths(std::span<const Hash> leaves) {
    std::vector<std::vector<Hash>> paths(leaves.size());
    for (std::size_t i = 0; i < leaves.size(); ++i)
        paths[i].reserve(merkle_path_size(i, leaves.size()));
    std::vector<Hash> owned;
    unsigned depth = 0;
    for (std::span<const Hash> level = leaves; level.size() > 1; level = owned, ++depth) {
        for (std::size_t i = 0; i < leaves.size(); ++i) {
            const std::size_t sibling = (i >> depth) ^ 1;
            if (sibling < level.size()) paths[i].push_back(level[sibling]);
        }
        owned = level_above(level);
    }
    return paths;
}

std::size_t merkle_path_size(std::size_t index, std::size_t count) {
    INSIST(index < count);
    std::size_t size = 0;
    for (; count > 1; count = count / 2 + count % 2, index /= 2)
        if ((index ^ 1) < count) ++size;
    return size;
}

std::optional<Hash> merkle_root_from_path(const Hash& leaf, std::size_t index, std::size_t count,
                                          std::span<const Hash> path) {
    if (index >= count || path.size() != merkle_path_size(index, count)) return std::nullopt;
    Hash node = leaf;
    std::size_t used = 0;
    for (; count > 1; count = count / 2 + count % 2, index /= 2) {
        if ((index ^ 1) >= count) continue;
        const Hash& sibling = path[used++];
        node = index % 2 == 0 ? node_hash(node, sibling) : node_hash(sibling, node);
    }
    return node;
}

}  // namespace hearsay::crypto
