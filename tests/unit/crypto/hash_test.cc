#include "crypto/hash.h"

#include "crypto/keyed_hash.h"
#include "crypto/short_hash.h"
#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

namespace {

// The generator of RFC 7693 appendix E.
Bytes selftest_sequence(std::size_t size) {
    auto a = static_cast<std::uint32_t>(0xDEAD4BADU * size);
    std::uint32_t b = 1;
    Bytes bytes;
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint32_t next = a + b;
        a = b;
        b = next;
        bytes.push_back(static_cast<std::uint8_t>(next >> 24));
    }
    return bytes;
}

Bytes blake2b_of_size(std::size_t size, ByteView key, ByteView input) {
    Bytes out(size);
    keyed_blake2b(out, key, {input});
    return out;
}

}  // namespace

TEST_CASE("BLAKE2b gives the vector of RFC 7693 appendix A") {
    CHECK(to_hex(blake2b_of_size(64, {}, bytes_of("abc"))) ==
          "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
          "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

TEST_CASE("BLAKE2b passes the self test of RFC 7693 appendix E, keyed and unkeyed") {
    Bytes all;
    for (const std::size_t size : {20U, 32U, 48U, 64U}) {
        for (const std::size_t length : {0U, 3U, 128U, 129U, 255U, 1024U}) {
            const Bytes input = selftest_sequence(length);
            for (const Bytes& key : {Bytes{}, selftest_sequence(size)}) {
                const Bytes out = blake2b_of_size(size, key, input);
                all.insert(all.end(), out.begin(), out.end());
            }
        }
    }
    CHECK(to_hex(blake2b({all}).view()) ==
          "c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475");
}

TEST_CASE("BLAKE2b-256 of known inputs") {
    CHECK(to_hex(blake2b({}).view()) ==
          "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    CHECK(to_hex(blake2b({bytes_of("abc")}).view()) ==
          "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

TEST_CASE("hashing parts is hashing what they join to") {
    HEARSAY_RANDOM(random);
    const Bytes bytes = random_bytes(random, 300);
    const ByteView view = bytes;
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
        CHECK(blake2b({view.first(cut), ByteView{}, view.subspan(cut)}) == blake2b({bytes}));
}

TEST_CASE("a uid is the first half of the hash") {
    const Bytes bytes = counting(3, 200);
    const Hash hash = blake2b({bytes});
    CHECK(to_hex(uid_of(bytes).view()) == to_hex(hash.view().first(16)));
}

TEST_CASE("every field of its position is part of a leaf") {
    const LeafPosition position{.index = 0x0102, .first_message = 0x03040506, .lead = 0x0708};
    const Bytes bytes = counting(0, 30);
    const Bytes expected = hex("000201060504030807");
    CHECK(leaf_hash(position, bytes) == blake2b({expected, bytes}));
    CHECK(leaf_hash({.index = 1}, bytes) != leaf_hash({.first_message = 1}, bytes));
    CHECK(leaf_hash({.index = 1}, bytes) != leaf_hash({.lead = 1}, bytes));
    CHECK(leaf_hash({}, bytes) != leaf_hash({}, ByteView(bytes).first(29)));
}

TEST_CASE("SipHash-2-4 gives the vectors of its authors") {
    ShortHashKey key{};
    for (std::uint8_t i = 0; i < 16; ++i) key[i] = i;
    CHECK(short_hash(key, {}) == 0x726fdb47dd0e0e31);
    CHECK(short_hash(key, counting(0, 1)) == 0x74f839c593dc67fd);
    CHECK(short_hash(key, counting(0, 2)) == 0x0d6c8009d9a94f5a);
    CHECK(short_hash(key, counting(0, 8)) == 0x93f5f5799a932462);
    CHECK(short_hash(key, counting(0, 15)) == 0xa129ca6149be45e5);
    CHECK(short_hash(key, counting(0, 63)) == 0x958a324ceb064572);
}

TEST_CASE("a short hash depends on every bit of its key") {
    const Bytes bytes = counting(0, 20);
    const ShortHashKey key{};
    for (std::size_t bit = 0; bit < 128; ++bit) {
        ShortHashKey other = key;
        other[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        CHECK(short_hash(other, bytes) != short_hash(key, bytes));
    }
}

}  // namespace hearsay::crypto::test
