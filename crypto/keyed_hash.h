#pragma once

#include <initializer_list>

#include "crypto/secret.h"

namespace hearsay::crypto {

// Keyed BLAKE2b (RFC 7693 2.9) of the parts in order, `out.size()` bytes of it: the size is part
// of the hash, so a shorter one is no prefix of a longer one. For other files of this folder.
// Precondition: 16 <= out.size() <= 64.
void keyed_blake2b(MutableBytes out, ByteView key, std::initializer_list<ByteView> parts);

}  // namespace hearsay::crypto
