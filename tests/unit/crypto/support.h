#pragma once

#include <cstdlib>
#include <string>

#include "base/byte_io.h"
#include "crypto/ids.h"
#include "crypto/random.h"
#include "tests/catch.h"

namespace hearsay::crypto::test {

inline Bytes hex(std::string_view text) {
    const std::optional<Bytes> bytes = from_hex(text);
    if (!bytes) throw std::invalid_argument("not hex: " + std::string(text));
    return *bytes;
}

// The `size` bytes first, first + 1, first + 2 and so on, as in the golden vectors.
inline Bytes counting(std::uint8_t first, std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(first + i);
    return bytes;
}

inline Secret counting_secret(std::uint8_t first) { return Secret(counting(first, 32)); }

inline Random random_from(std::uint64_t seed) {
    Bytes bytes;
    ByteWriter writer(bytes);
    writer.u64(seed);
    writer.zeros(Secret::kSize - bytes.size());
    return Random(Secret(bytes));
}

// A new seed in every run, or the one in HEARSAY_SEED to see a failure again. Show it with INFO.
inline std::uint64_t test_seed() {
    if (const char* given = std::getenv("HEARSAY_SEED")) return std::strtoull(given, nullptr, 10);
    return ByteReader(random_secret().view()).u64();
}

inline Bytes random_bytes(Random& random, std::size_t size) {
    Bytes bytes(size);
    random.fill(bytes);
    return bytes;
}

}  // namespace hearsay::crypto::test

#define HEARSAY_RANDOM(name)                                                      \
    const std::uint64_t name##_seed = ::hearsay::crypto::test::test_seed();       \
    INFO("HEARSAY_SEED=" << name##_seed);                                         \
    ::hearsay::crypto::Random name = ::hearsay::crypto::test::random_from(name##_seed)
