#include "crypto/ed25519.h"

#include <sodium.h>

namespace hearsay::crypto {

static_assert(NodeId::kSize == crypto_sign_PUBLICKEYBYTES);
static_assert(Signature::kSize == crypto_sign_BYTES);
static_assert(Secret::kSize == crypto_sign_SEEDBYTES);

Ed25519Signer::Ed25519Signer(const Secret& seed) {
    static_assert(std::tuple_size_v<decltype(expanded_)> == crypto_sign_SECRETKEYBYTES);
    crypto_sign_seed_keypair(id_.bytes.data(), expanded_.data(), seed.view().data());
}

Ed25519Signer::~Ed25519Signer() { wipe(expanded_); }

Signature Ed25519Signer::sign(ByteView message) const {
    Signature signature;
    crypto_sign_detached(signature.bytes.data(), nullptr, message.data(), message.size(),
                         expanded_.data());
    return signature;
}

bool Ed25519Verifier::verify(const NodeId& signer, ByteView message,
                             const Signature& signature) const {
    return crypto_sign_verify_detached(signature.bytes.data(), message.data(), message.size(),
                                       signer.bytes.data()) == 0;
}

}  // namespace hearsay::crypto
