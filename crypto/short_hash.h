#pragma once

#include "base/bytes.h"

namespace hearsay::crypto {

using ShortHashKey = std::array<std::uint8_t, 16>;

// SipHash-2-4 (Aumasson, Bernstein 2012): for tables whose keys strangers choose. The key must
// be secret and random per process.
std::uint64_t short_hash(const ShortHashKey& key, ByteView bytes);

}  // namespace hearsay::crypto
