#pragma once

#include "crypto/secret.h"
#include "crypto/signing.h"

namespace hearsay::crypto {

// Ed25519 (RFC 8032) by libsodium, whose verification refuses small-order keys and
// non-canonical signatures.
class Ed25519Signer final : public Signer {
public:
    // `seed` is the whole identity; the expanded key lives only in this object and is wiped.
    explicit Ed25519Signer(const Secret& seed);
    ~Ed25519Signer() override;
    Ed25519Signer(const Ed25519Signer&) = delete;
    Ed25519Signer& operator=(const Ed25519Signer&) = delete;

    NodeId id() const override { return id_; }
    Signature sign(ByteView message) const override;

private:
    NodeId id_;
    std::array<std::uint8_t, 64> expanded_{};
};

class Ed25519Verifier final : public Verifier {
public:
    bool verify(const NodeId& signer, ByteView message, const Signature& signature) const override;
};

}  // namespace hearsay::crypto
