#include "crypto/handshake.h"

#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/keyed_hash.h"
#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

namespace {

struct Rfc7748 {
    Ephemeral alice{EphemeralKey::from(hex("8520f0098930a754748b7ddcb43ef75a"
                                           "0dbf3a0d26381af4eba4a98eaa9b4e6a")),
                    Secret(hex("77076d0a7318a57d3c16c17251b26645"
                               "df4c2f87ebc0992ab177fba51db92c2a"))};
    Ephemeral bob{EphemeralKey::from(hex("de9edb7d7b7dc1b4d35b61c2ece43537"
                                         "3f8343c85b78674dadfc7e146f882b4f")),
                  Secret(hex("5dab087e624a8a4b79e17f8b83800ee6"
                             "6f3bb1292618b6fd1c2f8b27ff88e0eb"))};
    Bytes shared = hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
};

struct Handshake {
    Ephemeral initiator;
    Ephemeral responder;
    Secret network_secret = counting_secret(0x60);
    Hash transcript = blake2b({bytes_of("transcript")});

    explicit Handshake(Random& random)
        : initiator(Ephemeral::make(random)), responder(Ephemeral::make(random)) {}

    HandshakeKeys initiator_keys() const {
        auto keys = derive_keys(Role::initiator, initiator, responder.public_key, network_secret,
                                transcript);
        REQUIRE(keys.has_value());
        return std::move(*keys);
    }
    HandshakeKeys responder_keys() const {
        auto keys = derive_keys(Role::responder, responder, initiator.public_key, network_secret,
                                transcript);
        REQUIRE(keys.has_value());
        return std::move(*keys);
    }
};

bool are_equal(const HandshakeKeys& a, const HandshakeKeys& b) {
    return a.handshake_initiator.equals(b.handshake_initiator) &&
           a.handshake_responder.equals(b.handshake_responder) &&
           a.session_initiator.equals(b.session_initiator) &&
           a.session_responder.equals(b.session_responder) && a.transcript == b.transcript;
}

bool have_a_key_in_common(const HandshakeKeys& a, const HandshakeKeys& b) {
    return a.handshake_initiator.equals(b.handshake_initiator) ||
           a.handshake_responder.equals(b.handshake_responder) ||
           a.session_initiator.equals(b.session_initiator) ||
           a.session_responder.equals(b.session_responder);
}

}  // namespace

TEST_CASE("both sides derive the same keys") {
    HEARSAY_RANDOM(random);
    for (int i = 0; i < 50; ++i) {
        const Handshake handshake(random);
        CHECK(are_equal(handshake.initiator_keys(), handshake.responder_keys()));
    }
}

TEST_CASE("the keys follow from the shared secret of RFC 7748 6.1") {
    const Rfc7748 rfc;
    const Secret network_secret = counting_secret(3);
    const Hash transcript = blake2b({bytes_of("transcript")});
    const auto keys = derive_keys(Role::initiator, rfc.alice, rfc.bob.public_key, network_secret,
                                  transcript);
    REQUIRE(keys.has_value());
    Bytes exchanged(64);
    keyed_blake2b(exchanged, {},
                  {rfc.shared, rfc.alice.public_key.view(), rfc.bob.public_key.view()});
    Secret expected;
    keyed_blake2b(expected.mutable_view(), ByteView(exchanged).subspan(32),
                  {kSessionKeyLabel.view(), transcript.view(), network_secret.view()});
    CHECK(keys->session_initiator.equals(expected));
}

TEST_CASE("the four keys of a handshake are all different") {
    HEARSAY_RANDOM(random);
    const HandshakeKeys keys = Handshake(random).initiator_keys();
    const Secret* all[] = {&keys.handshake_initiator, &keys.handshake_responder,
                           &keys.session_initiator, &keys.session_responder};
    for (const Secret* a : all)
        for (const Secret* b : all) CHECK(a->equals(*b) == (a == b));
}

TEST_CASE("an ephemeral is new each time and its public key belongs to its secret") {
    Random random = random_from(7);
    const Ephemeral first = Ephemeral::make(random);
    const Ephemeral second = Ephemeral::make(random);
    CHECK(first.public_key != second.public_key);
    CHECK_FALSE(first.secret.equals(second.secret));
}

TEST_CASE("with another network secret on one side no key is shared") {
    HEARSAY_RANDOM(random);
    Handshake handshake(random);
    const HandshakeKeys keys = handshake.initiator_keys();
    for (std::size_t bit = 0; bit < 256; ++bit) {
        handshake.network_secret = counting_secret(0x60);
        handshake.network_secret.mutable_view()[bit / 8] ^=
            static_cast<std::uint8_t>(1U << (bit % 8));
        CHECK_FALSE(have_a_key_in_common(keys, handshake.responder_keys()));
    }
}

TEST_CASE("with any bit of the transcript different no key is shared") {
    HEARSAY_RANDOM(random);
    Handshake handshake(random);
    const HandshakeKeys keys = handshake.initiator_keys();
    for (std::size_t bit = 0; bit < 256; ++bit) {
        const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
        handshake.transcript.bytes[bit / 8] ^= mask;
        CHECK_FALSE(have_a_key_in_common(keys, handshake.responder_keys()));
        handshake.transcript.bytes[bit / 8] ^= mask;
    }
}

TEST_CASE("with any bit of an ephemeral flipped on the way no key is shared") {
    HEARSAY_RANDOM(random);
    const Handshake handshake(random);
    const HandshakeKeys keys = handshake.initiator_keys();
    // The highest bit is left out: RFC 7748 ignores it, the transcript covers it.
    for (std::size_t bit = 0; bit < 255; ++bit) {
        EphemeralKey flipped = handshake.initiator.public_key;
        flipped.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        const auto theirs = derive_keys(Role::responder, handshake.responder, flipped,
                                        handshake.network_secret, handshake.transcript);
        if (theirs) CHECK_FALSE(have_a_key_in_common(keys, *theirs));
    }
}

TEST_CASE("two sides in the same role share no key") {
    HEARSAY_RANDOM(random);
    const Handshake handshake(random);
    const auto other = derive_keys(Role::initiator, handshake.responder,
                                   handshake.initiator.public_key, handshake.network_secret,
                                   handshake.transcript);
    REQUIRE(other.has_value());
    CHECK_FALSE(have_a_key_in_common(handshake.initiator_keys(), *other));
}

TEST_CASE("low-order points are refused in both roles") {
    Random random = random_from(7);
    const Ephemeral mine = Ephemeral::make(random);
    const char* points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    for (const char* point : points) {
        CAPTURE(point);
        const EphemeralKey theirs = EphemeralKey::from(hex(point));
        for (const Role role : {Role::initiator, Role::responder})
            CHECK_FALSE(derive_keys(role, mine, theirs, Secret{}, Hash{}).has_value());
    }
}

TEST_CASE("a transcript depends on the network and on every byte, but not on where parts meet") {
    const NetworkId id = NetworkId::from(counting(1, 32));
    Bytes packet = counting(0, 60);
    const ByteView view = packet;
    const Hash transcript = handshake_transcript(id, {view});
    CHECK(handshake_transcript(id, {view.first(20), view.subspan(20)}) == transcript);
    CHECK(handshake_transcript(NetworkId{}, {view}) != transcript);
    CHECK(handshake_transcript(id, {view.first(59)}) != transcript);
    for (std::uint8_t& byte : packet) {
        byte ^= 1;
        CHECK(handshake_transcript(id, {packet}) != transcript);
        byte ^= 1;
    }
}

TEST_CASE("what a side signs is 160 bytes and names its role, network, keys and transcript") {
    const NetworkId id = NetworkId::from(counting(1, 32));
    const EphemeralKey initiator = EphemeralKey::from(counting(2, 32));
    const EphemeralKey responder = EphemeralKey::from(counting(3, 32));
    const Hash transcript = Hash::from(counting(4, 32));
    const Bytes mine =
        handshake_signed_bytes(Role::initiator, id, initiator, responder, transcript);
    const Bytes theirs =
        handshake_signed_bytes(Role::responder, id, initiator, responder, transcript);
    CHECK(mine.size() == 160);
    CHECK(to_hex(ByteView(mine).first(32)) == to_hex(kInitiatorLabel.view()));
    CHECK(to_hex(ByteView(theirs).first(32)) == to_hex(kResponderLabel.view()));
    CHECK(to_hex(ByteView(mine).subspan(32)) == to_hex(counting(1, 32)) + to_hex(counting(2, 32)) +
                                                    to_hex(counting(3, 32)) +
                                                    to_hex(counting(4, 32)));
    CHECK(std::equal(mine.begin() + 32, mine.end(), theirs.begin() + 32, theirs.end()));
}

TEST_CASE("a signature of one role does not serve the other") {
    const Ed25519Signer signer{counting_secret(1)};
    const auto bytes = [](Role role) { return handshake_signed_bytes(role, {}, {}, {}, {}); };
    const Signature signature = signer.sign(bytes(Role::initiator));
    CHECK(Ed25519Verifier().verify(signer.id(), bytes(Role::initiator), signature));
    CHECK_FALSE(Ed25519Verifier().verify(signer.id(), bytes(Role::responder), signature));
}

TEST_CASE("a handshake packet opens with its key and transcript and nothing else") {
    const Secret key = counting_secret(1);
    const Hash transcript = blake2b({});
    const Bytes plaintext = counting(0, 96);
    Bytes sealed = seal_handshake(key, transcript, plaintext);
    CHECK(sealed.size() == plaintext.size() + 16);
    CHECK(open_handshake(key, transcript, sealed) == plaintext);
    CHECK_FALSE(open_handshake(counting_secret(2), transcript, sealed).has_value());
    CHECK_FALSE(open_handshake(key, Hash{}, sealed).has_value());
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
        sealed[bit / 8] ^= mask;
        CHECK_FALSE(open_handshake(key, transcript, sealed).has_value());
        sealed[bit / 8] ^= mask;
    }
    for (std::size_t size = 0; size < sealed.size(); ++size)
        CHECK_FALSE(open_handshake(key, transcript, ByteView(sealed).first(size)).has_value());
}

}  // namespace hearsay::crypto::test
