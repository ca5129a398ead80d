#pragma once

#include "base/bytes.h"

// ChaCha20-Poly1305 written down from RFC 8439, slow and plain, as the twin of the one in use.
namespace hearsay::crypto::test {

using ReferenceNonce = std::array<std::uint8_t, 12>;

Bytes reference_seal(ByteView key, const ReferenceNonce& nonce, ByteView associated,
                     ByteView plaintext);

}  // namespace hearsay::crypto::test
