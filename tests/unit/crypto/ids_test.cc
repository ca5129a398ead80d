#include "crypto/ids.h"

#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

TEST_CASE("base32 writes the vectors of RFC 4648 in lower case without padding") {
    CHECK(base32(bytes_of("")) == "");
    CHECK(base32(bytes_of("f")) == "my");
    CHECK(base32(bytes_of("fo")) == "mzxq");
    CHECK(base32(bytes_of("foo")) == "mzxw6");
    CHECK(base32(bytes_of("foob")) == "mzxw6yq");
    CHECK(base32(bytes_of("fooba")) == "mzxw6ytb");
    CHECK(base32(bytes_of("foobar")) == "mzxw6ytboi");
}

TEST_CASE("base32 reads back what it wrote, at every length") {
    HEARSAY_RANDOM(random);
    for (std::size_t size = 0; size < 100; ++size) {
        const Bytes bytes = random_bytes(random, size);
        CHECK(from_base32(base32(bytes)) == bytes);
    }
}

TEST_CASE("base32 ignores case when reading") {
    CHECK(from_base32("MZXW6yTBoi") == from_base32("mzxw6ytboi"));
    CHECK(from_base32("MZXW6YTBOI").has_value());
}

TEST_CASE("base32 refuses characters outside its alphabet") {
    for (int c = 0; c < 256; ++c) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool is_in_alphabet = is_letter || (c >= '2' && c <= '7');
        const std::string text = "aaaa" + std::string(1, static_cast<char>(c)) + "aaa";
        CHECK(from_base32(text).has_value() == is_in_alphabet);
    }
}

TEST_CASE("base32 refuses lengths that no bytes have") {
    for (std::size_t size = 0; size < 40; ++size) {
        const std::size_t rest = size % 8;
        const bool is_impossible = rest == 1 || rest == 3 || rest == 6;
        CHECK(from_base32(std::string(size, 'a')).has_value() == !is_impossible);
    }
}

TEST_CASE("base32 refuses stray bits after the last byte") {
    CHECK(from_base32("my").has_value());
    for (const char* stray : {"mz", "m7", "mzxr", "mzxw7", "mzxw6yr"})
        CHECK_FALSE(from_base32(stray).has_value());
}

TEST_CASE("a node id is 52 characters of text and comes back from them") {
    HEARSAY_RANDOM(random);
    for (int i = 0; i < 100; ++i) {
        const NodeId id = NodeId::from(random_bytes(random, 32));
        const std::string text = to_text(id);
        CHECK(text.size() == 52);
        CHECK(node_id_from_text(text) == id);
        CHECK(short_text(id) == text.substr(0, 16));
    }
}

TEST_CASE("a node id is not read from text of another length or with stray bits") {
    const std::string text = to_text(NodeId{});
    CHECK(node_id_from_text(text) == NodeId{});
    CHECK_FALSE(node_id_from_text(text.substr(1)).has_value());
    CHECK_FALSE(node_id_from_text(text + "a").has_value());
    CHECK_FALSE(node_id_from_text("").has_value());
    CHECK_FALSE(node_id_from_text(text.substr(1) + "b").has_value());
    CHECK_FALSE(node_id_from_text(text.substr(1) + " ").has_value());
}

TEST_CASE("hex is written in lower case and read in either") {
    CHECK(to_hex(Bytes{0x00, 0x9a, 0xbc, 0xff}) == "009abcff");
    CHECK(from_hex("009abcff") == Bytes{0x00, 0x9a, 0xbc, 0xff});
    CHECK(from_hex("009AbCfF") == Bytes{0x00, 0x9a, 0xbc, 0xff});
    CHECK(from_hex("") == Bytes{});
}

TEST_CASE("hex refuses half bytes and other characters") {
    for (const char* wrong : {"0", "000", "0g", "g0", "0x", " 0", "0 ", "/0", ":0", "@0", "`0"})
        CHECK_FALSE(from_hex(wrong).has_value());
}

}  // namespace hearsay::crypto::test
