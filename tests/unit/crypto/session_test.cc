#include "crypto/session.h"

#include <limits>

#include "tests/unit/crypto/reference_aead.h"
#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

const ChaChaSealer kSealer;

Bytes seal(const Secret& key, std::uint64_t counter, ByteView associated, ByteView plaintext) {
    Bytes sealed(plaintext.size() + kTagSize);
    kSealer.seal(key, counter, associated, plaintext, sealed);
    return sealed;
}

// Two ends of one session, and one datagram between them.
struct Pair {
    Session alice{kSealer, counting_secret(1), counting_secret(2)};
    Session bob{kSealer, counting_secret(2), counting_secret(1)};
    Bytes header = counting(9, 12);

    struct Sealed {
        std::uint64_t counter;
        Bytes bytes;
    };
    Sealed seal(std::string_view text) {
        Bytes out(text.size() + kTagSize);
        const std::uint64_t counter = alice.seal(header, bytes_of(text), out);
        return {counter, out};
    }
    Result<std::size_t, OpenError> open(const Sealed& sealed) {
        Bytes out(sealed.bytes.size());
        return bob.open(sealed.counter, header, sealed.bytes, out);
    }
    OpenError refusal(const Sealed& sealed) {
        const Result<std::size_t, OpenError> result = open(sealed);
        REQUIRE_FALSE(result.has_value());
        return result.error();
    }
};

}  // namespace

TEST_CASE("the twin gives the vector of RFC 8439 2.8.2") {
    const std::string_view plaintext =
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        "future, sunscreen would be it.";
    const ReferenceNonce nonce{0x07, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47};
    const Bytes sealed = reference_seal(counting(0x80, 32), nonce, hex("50515253c0c1c2c3c4c5c6c7"),
                                        bytes_of(plaintext));
    CHECK(to_hex(sealed) ==
          "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
          "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
          "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
          "3ff4def08e4b7a9de576d26586cec64b6116"
          "1ae10b594f09e26a7e902ecbd0600691");
}

TEST_CASE("sealing is ChaCha20-Poly1305 with the counter as nonce, beside a plain twin") {
    HEARSAY_RANDOM(random);
    for (int round = 0; round < 200; ++round) {
        const Secret key = random.secret();
        const std::uint64_t counter = random.next();
        const Bytes associated = random_bytes(random, random.below(40));
        const Bytes plaintext = random_bytes(random, random.below(300));
        ReferenceNonce nonce{};
        for (unsigned i = 0; i < 8; ++i) nonce[i] = static_cast<std::uint8_t>(counter >> (8 * i));
        CHECK(seal(key, counter, associated, plaintext) ==
              reference_seal(key.view(), nonce, associated, plaintext));
    }
}

TEST_CASE("what is sealed opens again, of any size, also in place") {
    HEARSAY_RANDOM(random);
    const Secret key = random.secret();
    for (std::size_t size = 0; size < 200; ++size) {
        const Bytes plaintext = random_bytes(random, size);
        Bytes buffer = plaintext;
        buffer.resize(size + kTagSize);
        kSealer.seal(key, size, {}, MutableBytes(buffer).first(size), buffer);
        CHECK(buffer == seal(key, size, {}, plaintext));
        CHECK(kSealer.open(key, size, {}, buffer, buffer));
        buffer.resize(size);
        CHECK(buffer == plaintext);
    }
}

TEST_CASE("a sealed packet with any bit flipped does not open") {
    const Secret key = counting_secret(1);
    const Bytes associated = counting(5, 7);
    Bytes sealed = seal(key, 3, associated, counting(0, 20));
    Bytes out(20);
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
        sealed[bit / 8] ^= mask;
        CHECK_FALSE(kSealer.open(key, 3, associated, sealed, out));
        sealed[bit / 8] ^= mask;
    }
    CHECK(kSealer.open(key, 3, associated, sealed, out));
}

TEST_CASE("a sealed packet opens only with its key, counter and header") {
    const Secret key = counting_secret(1);
    const Bytes header = counting(5, 7);
    const Bytes sealed = seal(key, 3, header, counting(0, 20));
    Bytes out(20);
    CHECK(kSealer.open(key, 3, header, sealed, out));
    CHECK_FALSE(kSealer.open(counting_secret(2), 3, header, sealed, out));
    for (unsigned bit = 0; bit < 64; ++bit)
        CHECK_FALSE(kSealer.open(key, 3 ^ (std::uint64_t{1} << bit), header, sealed, out));
    CHECK_FALSE(kSealer.open(key, 3, ByteView(header).first(6), sealed, out));
    CHECK_FALSE(kSealer.open(key, 3, counting(6, 7), sealed, out));
}

TEST_CASE("a sealed packet cut short does not open") {
    const Secret key = counting_secret(1);
    const Bytes sealed = seal(key, 3, {}, counting(0, 20));
    Bytes out(20);
    for (std::size_t size = 0; size < sealed.size(); ++size)
        CHECK_FALSE(kSealer.open(key, 3, {}, ByteView(sealed).first(size), out));
}

TEST_CASE("a session opens what its other end sealed, counting from 1") {
    Pair pair;
    for (std::uint64_t i = 1; i <= 100; ++i) {
        CHECK(pair.alice.next_counter() == i);
        const Pair::Sealed sealed = pair.seal("hello");
        CHECK(sealed.counter == i);
        Bytes out(5);
        const auto size = pair.bob.open(sealed.counter, pair.header, sealed.bytes, out);
        REQUIRE(size.has_value());
        CHECK(*size == 5);
        CHECK(text_of(out) == "hello");
    }
}

TEST_CASE("a session never seals the same way twice") {
    Pair pair;
    CHECK(pair.seal("hello").bytes != pair.seal("hello").bytes);
}

TEST_CASE("the two directions of a session have keys of their own") {
    Pair pair;
    const Pair::Sealed sealed = pair.seal("hello");
    Bytes out(5);
    const auto reflected = pair.alice.open(sealed.counter, pair.header, sealed.bytes, out);
    REQUIRE_FALSE(reflected.has_value());
    CHECK(reflected.error() == OpenError::forged);
}

TEST_CASE("a replayed packet is refused, and so is a packet older than the window") {
    Pair pair;
    const Pair::Sealed first = pair.seal("first");
    const Pair::Sealed second = pair.seal("second");
    CHECK(pair.open(second).has_value());
    CHECK(pair.refusal(second) == OpenError::replayed);
    for (std::uint64_t i = 2; i < ReplayWindow::kWidth; ++i) pair.seal("");
    CHECK(pair.open(pair.seal("ahead")).has_value());
    CHECK(pair.refusal(first) == OpenError::replayed);
}

TEST_CASE("packets out of order open once each") {
    Pair pair;
    std::vector<Pair::Sealed> sealed;
    for (int i = 0; i < 50; ++i) sealed.push_back(pair.seal("text"));
    std::reverse(sealed.begin(), sealed.end());
    for (const Pair::Sealed& one : sealed) CHECK(pair.open(one).has_value());
    for (const Pair::Sealed& one : sealed) CHECK(pair.refusal(one) == OpenError::replayed);
}

TEST_CASE("a forged packet does not move the window") {
    Pair pair;
    const Pair::Sealed honest = pair.seal("hello");
    Pair::Sealed forged = honest;
    forged.counter = kMax - 1;
    CHECK(pair.refusal(forged) == OpenError::forged);
    forged = honest;
    forged.bytes[0] ^= 1;
    CHECK(pair.refusal(forged) == OpenError::forged);
    CHECK(pair.open(honest).has_value());
}

TEST_CASE("counters that no session uses are refused even when they open") {
    Pair pair;
    const Bytes zero = seal(counting_secret(1), 0, pair.header, bytes_of("hello"));
    CHECK(pair.refusal({0, zero}) == OpenError::forged);
    const Bytes last = seal(counting_secret(1), kMax, pair.header, bytes_of("hello"));
    CHECK(pair.refusal({kMax, last}) == OpenError::exhausted);
    const Bytes highest = seal(counting_secret(1), kMax - 1, pair.header, bytes_of("hello"));
    CHECK(pair.open({kMax - 1, highest}).has_value());
    CHECK(pair.refusal({kMax - 1, highest}) == OpenError::replayed);
}

TEST_CASE("a session refuses a packet too short to hold a tag, whatever its sealer says") {
    class Trusting final : public Sealer {
        void seal(const Secret&, std::uint64_t, ByteView, ByteView, MutableBytes) const override {}
        bool open(const Secret&, std::uint64_t, ByteView, ByteView, MutableBytes) const override {
            return true;
        }
    };
    const Trusting trusting;
    for (const Sealer* sealer : {static_cast<const Sealer*>(&trusting),
                                 static_cast<const Sealer*>(&kSealer)}) {
        Session session(*sealer, Secret{}, Secret{});
        for (std::size_t size = 0; size < kTagSize; ++size) {
            const auto result = session.open(1, {}, Bytes(size), {});
            REQUIRE_FALSE(result.has_value());
            CHECK(result.error() == OpenError::forged);
        }
    }
}

}  // namespace hearsay::crypto::test
