#pragma once

#include <optional>

#include "base/endpoint.h"
#include "base/time.h"
#include "crypto/labels.h"
#include "crypto/network.h"

// The cryptography of the link handshake, without its packets (wire/packet.h) and its state
// (daemon/gossip/handshake.h): SIGMA-I (Krawczyk 2003) over X25519 (RFC 7748), with the network
// secret mixed in, behind a stateless cookie (RFC 6347 4.2.1).
namespace hearsay::crypto {

using EphemeralKey = FixedBytes<32, struct EphemeralKeyTag>;  // X25519, public
using Nonce = FixedBytes<16, struct NonceTag>;
using Cookie = FixedBytes<32, struct CookieTag>;

struct Ephemeral {
    EphemeralKey public_key;
    Secret secret;
    static Ephemeral make(Random& random);
};

enum class Role { initiator, responder };

// Four keys and the transcript they are bound to.
struct HandshakeKeys {
    Secret handshake_initiator;  // seals what the initiator sends during the handshake (AUTH_I)
    Secret handshake_responder;  // (AUTH_R)
    Secret session_initiator;    // seals what the initiator sends afterwards
    Secret session_responder;
    Hash transcript;
};

// transcript = H(kTranscriptLabel | network id | parts...): call with the HELLO2 packet and the
// clear part of AUTH_R.
Hash handshake_transcript(const NetworkId& id, std::initializer_list<ByteView> parts);

// Each key is BLAKE2b-256 keyed with the crypto_kx output of its direction over
// label | transcript | network secret. nullopt when `theirs` is a low-order point.
std::optional<HandshakeKeys> derive_keys(Role mine, const Ephemeral& my_key,
                                         const EphemeralKey& theirs, const Secret& network_secret,
                                         const Hash& transcript);

// What each side signs: label of its role | network id | initiator ephemeral |
// responder ephemeral | transcript. 160 bytes.
Bytes handshake_signed_bytes(Role signer, const NetworkId& id, const EphemeralKey& initiator,
                             const EphemeralKey& responder, const Hash& transcript);

// ChaCha20-Poly1305 with the transcript as associated data and nonce 0: each handshake key seals
// exactly one packet. Sealed is 16 bytes longer.
Bytes seal_handshake(const Secret& key, const Hash& transcript, ByteView plaintext);
std::optional<Bytes> open_handshake(const Secret& key, const Hash& transcript, ByteView sealed);

// Stateless proof that an address can receive: a keyed hash of address, port, scope, nonce and
// ephemeral. The key changes every 120 s; the one before is still accepted, so a cookie is good
// for 120 to 240 s. No memory per caller.
class CookieJar {
public:
    explicit CookieJar(Random random);
    Cookie make(const Endpoint& at, const Nonce& nonce, const EphemeralKey& key, Instant now);
    bool check(const Cookie& cookie, const Endpoint& at, const Nonce& nonce,
               const EphemeralKey& key, Instant now);

private:
    void rotate(Instant now);
    static Cookie bake(const Secret& secret, const Endpoint& at, const Nonce& nonce,
                       const EphemeralKey& key);

    Random random_;
    Secret current_;
    Secret previous_;
    Instant rotate_at_{};
    bool is_fresh_ = true;
};

}  // namespace hearsay::crypto
