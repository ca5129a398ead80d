#pragma once

#include "crypto/session.h"
#include "crypto/signing.h"

// Stand-ins behind the seams of crypto/, about a hundred times quicker than the real ones: they
// notice every accident the virtual network can cause, and stop no attacker who knows the code.
namespace hearsay::sim {

// 64 bits that depend on every bit of `bytes` and on the seed.
std::uint64_t mix_hash(std::uint64_t seed, ByteView bytes);

// Signs with a keyed hash under a secret that all nodes of one simulation share.
class CheapSigner final : public crypto::Signer {
public:
    CheapSigner(std::uint64_t secret, std::uint64_t name);
    crypto::NodeId id() const override { return id_; }
    crypto::Signature sign(ByteView message) const override;

private:
    std::uint64_t secret_;
    crypto::NodeId id_;
};

class CheapVerifier final : public crypto::Verifier {
public:
    explicit CheapVerifier(std::uint64_t secret) : secret_(secret) {}
    bool verify(const crypto::NodeId& signer, ByteView message,
                const crypto::Signature& signature) const override;

private:
    std::uint64_t secret_;
};

// Hides nothing; the tag is a keyed hash.
class CheapSealer final : public crypto::Sealer {
public:
    void seal(const crypto::Secret& key, std::uint64_t counter, ByteView associated,
              ByteView plaintext, MutableBytes out) const override;
    bool open(const crypto::Secret& key, std::uint64_t counter, ByteView associated,
              ByteView sealed, MutableBytes out) const override;
};

}  // namespace hearsay::sim
