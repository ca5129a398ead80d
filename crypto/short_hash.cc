#include "crypto/short_hash.h"

#include <sodium.h>

#include "base/byte_io.h"

namespace hearsay::crypto {

static_assert(std::tuple_size_v<ShortHashKey> == crypto_shorthash_siphash24_KEYBYTES);

std::uint64_t short_hash(const ShortHashKey& key, ByteView bytes) {
    std::array<std::uint8_t, crypto_shorthash_siphash24_BYTES> hash{};
    crypto_shorthash_siphash24(hash.data(), bytes.data(), bytes.size(), key.data());
    return ByteReader(hash).u64();
}

}  // namespace hearsay::crypto
