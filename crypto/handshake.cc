#include "crypto/handshake.h"

#include <sodium.h>

#include "crypto/hash.h"
#include "crypto/keyed_hash.h"
#include "crypto/session.h"

namespace hearsay::crypto {

namespace {

using namespace std::chrono_literals;

constexpr Duration kCookieInterval = 120s;

static_assert(EphemeralKey::kSize == crypto_kx_PUBLICKEYBYTES);
static_assert(Secret::kSize == crypto_kx_SECRETKEYBYTES);
static_assert(Secret::kSize == crypto_kx_SESSIONKEYBYTES);

struct DirectionKeys {
    Secret initiator;  // of what the initiator sends
    Secret responder;
};

std::optional<DirectionKeys> exchange_keys(Role mine, const Ephemeral& my_key,
                                           const EphemeralKey& theirs) {
    DirectionKeys keys;
    const std::uint8_t* my_public = my_key.public_key.bytes.data();
    const std::uint8_t* my_secret = my_key.secret.view().data();
    std::uint8_t* initiator = keys.initiator.mutable_view().data();
    std::uint8_t* responder = keys.responder.mutable_view().data();
    // Both fail when the shared point is zero: a low-order `theirs` would fix it beforehand.
    const int status =
        mine == Role::initiator
            ? crypto_kx_client_session_keys(responder, initiator, my_public, my_secret,
                                            theirs.bytes.data())
            : crypto_kx_server_session_keys(initiator, responder, my_public, my_secret,
                                            theirs.bytes.data());
    if (status != 0) return std::nullopt;
    return keys;
}

Secret derive_key(const Secret& direction, const Label& label, const Hash& transcript,
                  const Secret& network_secret) {
    Secret key;
    keyed_blake2b(key.mutable_view(), direction.view(),
                  {label.view(), transcript.view(), network_secret.view()});
    return key;
}

}  // namespace

Ephemeral Ephemeral::make(Random& random) {
    Ephemeral result;
    result.secret = random.secret();
    crypto_scalarmult_base(result.public_key.bytes.data(), result.secret.view().data());
    return result;
}

Hash handshake_transcript(const NetworkId& id, std::initializer_list<ByteView> parts) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, Hash::kSize);
    crypto_generichash_update(&state, kTranscriptLabel.bytes.data(), Label::kSize);
    crypto_generichash_update(&state, id.bytes.data(), NetworkId::kSize);
    for (const ByteView part : parts)
        crypto_generichash_update(&state, part.data(), part.size());
    Hash transcript;
    crypto_generichash_final(&state, transcript.bytes.data(), Hash::kSize);
    return transcript;
}

std::optional<HandshakeKeys> derive_keys(Role mine, const Ephemeral& my_key,
                                         const EphemeralKey& theirs, const Secret& network_secret,
                                         const Hash& transcript) {
    const std::optional<DirectionKeys> shared = exchange_keys(mine, my_key, theirs);
    if (!shared) return std::nullopt;
    const auto key = [&](const Secret& direction, const Label& label) {
        return derive_key(direction, label, transcript, network_secret);
    };
    return HandshakeKeys{.handshake_initiator = key(shared->initiator, kHandshakeKeyLabel),
                         .handshake_responder = key(shared->responder, kHandshakeKeyLabel),
                         .session_initiator = key(shared->initiator, kSessionKeyLabel),
                         .session_responder = key(shared->responder, kSessionKeyLabel),
                         .transcript = transcript};
}

Bytes handshake_signed_bytes(Role signer, const NetworkId& id, const EphemeralKey& initiator,
                             const EphemeralKey& responder, const Hash& transcript) {
    const Label& label = signer == Role::initiator ? kInitiatorLabel : kResponderLabel;
    Bytes bytes;
    bytes.reserve(160);
    for (const ByteView part : {label.view(), id.view(), initiator.view(), responder.view(),
                                transcript.view()})
        bytes.insert(bytes.end(), part.begin(), part.end());
    return bytes;
}

Bytes seal_handshake(const Secret& key, const Hash& transcript, ByteView plaintext) {
    Bytes sealed(plaintext.size() + kTagSize);
    ChaChaSealer().seal(key, 0, transcript.view(), plaintext, sealed);
    return sealed;
}

std::optional<Bytes> open_handshake(const Secret& key, const Hash& transcript, ByteView sealed) {
    if (sealed.size() < kTagSize) return std::nullopt;
    Bytes plaintext(sealed.size() - kTagSize);
    if (!ChaChaSealer().open(key, 0, transcript.view(), sealed, plaintext)) return std::nullopt;
    return plaintext;
}

CookieJar::CookieJar(Random random) : random_(std::move(random)) {}

Cookie CookieJar::make(const Endpoint& at, const Nonce& nonce, const EphemeralKey& key,
                       Instant now) {
    rotate(now);
    return bake(current_, at, nonce, key);
}

bool CookieJar::check(const Cookie& cookie, const Endpoint& at, const Nonce& nonce,
                      const EphemeralKey& key, Instant now) {
    rotate(now);
    const auto is_from = [&](const Secret& secret) {
        return equal_in_constant_time(cookie.view(), bake(secret, at, nonce, key).view());
    };
    return is_from(current_) || is_from(previous_);
}

void CookieJar::rotate(Instant now) {
    if (!is_fresh_ && now < rotate_at_) return;
    // Asked so seldom that even the current key is older than any key may be: forget both.
    const bool is_stale = is_fresh_ || now - rotate_at_ >= kCookieInterval;
    previous_ = is_stale ? random_.secret() : std::move(current_);
    current_ = random_.secret();
    rotate_at_ = (is_stale ? now : rotate_at_) + kCookieInterval;
    is_fresh_ = false;
}

Cookie CookieJar::bake(const Secret& secret, const Endpoint& at, const Nonce& nonce,
                       const EphemeralKey& key) {
    const auto byte = [](std::uint32_t value, unsigned index) {
        return static_cast<std::uint8_t>(value >> (8 * index));
    };
    const std::array<std::uint8_t, 6> where{byte(at.port, 0),  byte(at.port, 1),
                                            byte(at.scope, 0), byte(at.scope, 1),
                                            byte(at.scope, 2), byte(at.scope, 3)};
    Cookie cookie;
    keyed_blake2b(cookie.mutable_view(), secret.view(),
                  {kCookieLabel.view(), at.address, where, nonce.view(), key.view()});
    return cookie;
}

}  // namespace hearsay::crypto
