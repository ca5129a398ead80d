#include "crypto/ed25519.h"

#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

namespace {

struct Rfc8032 {
    const char* seed;
    const char* id;
    const char* message;
    const char* signature;
};

// RFC 8032 7.1: TEST 1, 2, 3 and SHA(abc).
constexpr Rfc8032 kRfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

// Every encoding of a point of order 1, 2, 4 or 8: signatures by such a key fit many messages.
constexpr const char* kSmallOrder[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
};

// The order of the group, 2^252 + 27742317777372353535851937790883648493, little-endian.
constexpr const char* kOrder = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

}  // namespace

TEST_CASE("Ed25519 signs and verifies the vectors of RFC 8032") {
    const Ed25519Verifier verifier;
    for (const Rfc8032& vector : kRfc8032) {
        const Ed25519Signer signer{Secret(hex(vector.seed))};
        const Signature signature = signer.sign(hex(vector.message));
        CHECK(to_hex(signer.id().view()) == vector.id);
        CHECK(to_hex(signature.view()) == vector.signature);
        CHECK(verifier.verify(signer.id(), hex(vector.message), signature));
    }
}

TEST_CASE("a signature with any bit flipped is refused") {
    const Ed25519Signer signer{counting_secret(1)};
    const Bytes message = counting(0, 50);
    const Signature signature = signer.sign(message);
    for (std::size_t bit = 0; bit < 512; ++bit) {
        Signature other = signature;
        other.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        CHECK_FALSE(Ed25519Verifier().verify(signer.id(), message, other));
    }
}

TEST_CASE("a message with any byte changed, added or removed is refused") {
    const Ed25519Signer signer{counting_secret(1)};
    Bytes message = counting(0, 50);
    const Signature signature = signer.sign(message);
    const Ed25519Verifier verifier;
    for (std::uint8_t& byte : message) {
        byte ^= 1;
        CHECK_FALSE(verifier.verify(signer.id(), message, signature));
        byte ^= 1;
    }
    CHECK_FALSE(verifier.verify(signer.id(), ByteView(message).first(49), signature));
    message.push_back(0);
    CHECK_FALSE(verifier.verify(signer.id(), message, signature));
}

TEST_CASE("a signature is refused under another key") {
    const Ed25519Signer signer{counting_secret(1)};
    const Ed25519Signer other{counting_secret(2)};
    const Bytes message = counting(0, 50);
    CHECK_FALSE(Ed25519Verifier().verify(other.id(), message, signer.sign(message)));
}

TEST_CASE("a key of small order is refused even with the signature that fits everything") {
    // S = 0 and R = the neutral point satisfy the plain equation for a neutral key.
    Signature universal;
    universal.bytes[0] = 1;
    for (const char* encoding : kSmallOrder) {
        const NodeId key = NodeId::from(hex(encoding));
        for (std::uint8_t i = 0; i < 20; ++i)
            CHECK_FALSE(Ed25519Verifier().verify(key, counting(i, 10), universal));
    }
}

TEST_CASE("the second way to write the same signature is refused") {
    const Ed25519Signer signer{counting_secret(1)};
    const Bytes message = counting(0, 50);
    Signature signature = signer.sign(message);
    const Bytes order = hex(kOrder);
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        carry += unsigned{signature.bytes[32 + i]} + order[i];
        signature.bytes[32 + i] = static_cast<std::uint8_t>(carry);
        carry >>= 8;
    }
    REQUIRE(carry == 0);
    CHECK_FALSE(Ed25519Verifier().verify(signer.id(), message, signature));
}

}  // namespace hearsay::crypto::test
