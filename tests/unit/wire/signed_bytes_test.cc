#include "wire/signed_bytes.h"

#include "crypto/hash.h"
#include "tests/catch.h"
#include "wire/limits.h"

namespace hearsay::wire {
namespace {

// A batch of `count` chunks and one chunk of it, with the memory behind its views.
struct Piece {
    BatchHeader header;
    Chunk chunk;
    std::string topic;
    Bytes bytes;
    std::vector<crypto::Hash> path;

    bool is_consistent() {
        header.topic = topic;
        chunk.header = header;
        chunk.bytes = bytes;
        chunk.path = path;
        return wire::is_consistent(header, chunk);
    }
};

Piece lone_message() {
    Piece piece;
    piece.topic = "deploy";
    piece.bytes = Bytes(24, 1);
    piece.header.lifetime_ms = 60'000;
    piece.header.body_size = 24;
    return piece;
}

// Chunk `index` of five, 500 bytes each.
Piece one_of_five(std::uint16_t index) {
    Piece piece = lone_message();
    piece.bytes = Bytes(500, 1);
    piece.header.chunk_count = 5;
    piece.header.body_size = 2500;
    piece.chunk.index = index;
    piece.chunk.first_message = index;
    piece.path.resize(crypto::merkle_path_size(index, 5));
    return piece;
}

Piece record(Kind kind) {
    Piece piece = lone_message();
    piece.header.kind = kind;
    piece.topic.clear();
    return piece;
}

TEST_CASE("signed bytes lie as documented", "[signed_bytes]") {
    BatchHeader header;
    header.publisher.bytes.fill(0x11);
    header.epoch = 0x0102030405060708;
    header.seq = 0x1112131415161718;
    header.created_ms = 0x2122232425262728;
    header.lifetime_ms = 0x31323334;
    header.kind = static_cast<Kind>(0x4142);
    header.flags = 0x5152;
    header.chunk_count = 0x6162;
    header.body_size = 0x71727374;
    header.topic = "news";
    crypto::NetworkId network;
    network.bytes.fill(0x22);
    crypto::Hash root;
    root.bytes.fill(0x33);
    Bytes bytes{1, 2, 3};
    write_signed_bytes(network, header, root, bytes);

    REQUIRE(bytes.size() == kSignedBytesFixedSize + 4);
    const std::string label("hearsay/v1/batch");
    CHECK(std::equal(label.begin(), label.end(), bytes.begin()));
    CHECK(Bytes(bytes.begin() + 16, bytes.begin() + 32) == Bytes(16));
    CHECK(Bytes(bytes.begin() + 32, bytes.begin() + 64) == Bytes(32, 0x22));
    CHECK(Bytes(bytes.begin() + 64, bytes.begin() + 96) == Bytes(32, 0x11));
    const Bytes numbers{8,    7,    6,    5,    4,    3,    2,    1,     // epoch
                        0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,  // seq
                        0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21,  // created_ms
                        0x34, 0x33, 0x32, 0x31,                          // lifetime_ms
                        0x42, 0x41, 0x52, 0x51, 0x62, 0x61,              // kind, flags, count
                        4,    0,    0x74, 0x73, 0x72, 0x71};             // topic, body size
    CHECK(Bytes(bytes.begin() + 96, bytes.begin() + 136) == numbers);
    CHECK(Bytes(bytes.begin() + 136, bytes.begin() + 168) == Bytes(32, 0x33));
    CHECK(Bytes(bytes.begin() + 168, bytes.end()) == Bytes{'n', 'e', 'w', 's'});
}

TEST_CASE("writing signed bytes again allocates nothing", "[signed_bytes]") {
    Bytes bytes;
    BatchHeader header;
    header.topic = "a longer topic";
    write_signed_bytes({}, header, {}, bytes);
    const std::uint8_t* memory = bytes.data();
    header.topic = "short";
    write_signed_bytes({}, header, {}, bytes);
    CHECK(bytes.data() == memory);
    CHECK(bytes.size() == kSignedBytesFixedSize + 5);
}

TEST_CASE("a lone message is consistent", "[signed_bytes]") {
    CHECK(lone_message().is_consistent());
}

TEST_CASE("every chunk of a larger batch is consistent", "[signed_bytes]") {
    for (std::uint16_t index = 0; index < 5; ++index) CHECK(one_of_five(index).is_consistent());
}

TEST_CASE("an empty payload is a message too", "[signed_bytes]") {
    Piece piece = lone_message();
    piece.bytes = Bytes(kMessageOverhead);
    piece.header.body_size = kMessageOverhead;
    CHECK(piece.is_consistent());
}

TEST_CASE("a message has at least its length field", "[signed_bytes]") {
    for (std::uint32_t size = 0; size < kMessageOverhead; ++size) {
        Piece piece = lone_message();
        piece.bytes = Bytes(size);
        piece.header.body_size = size;
        CHECK_FALSE(piece.is_consistent());
    }
}

TEST_CASE("a batch has one to 4,096 chunks", "[signed_bytes]") {
    Piece none = lone_message();
    none.header.chunk_count = 0;
    CHECK_FALSE(none.is_consistent());

    Piece piece = lone_message();
    piece.header.body_size = 1 << 20;
    piece.bytes = Bytes(256);
    piece.header.chunk_count = 4096;
    piece.path.resize(12);
    CHECK(piece.is_consistent());
    piece.header.chunk_count = 4097;
    piece.path.resize(13);
    CHECK_FALSE(piece.is_consistent());
}

TEST_CASE("an index lies within the batch", "[signed_bytes]") {
    Piece piece = one_of_five(4);
    piece.chunk.index = 5;
    CHECK_FALSE(piece.is_consistent());
    Piece lone = lone_message();
    lone.chunk.index = 1;
    CHECK_FALSE(lone.is_consistent());
}

TEST_CASE("a path has exactly the length of its place", "[signed_bytes]") {
    Piece longer = one_of_five(0);
    longer.path.resize(4);
    CHECK_FALSE(longer.is_consistent());
    Piece shorter = one_of_five(0);
    shorter.path.resize(2);
    CHECK_FALSE(shorter.is_consistent());
    Piece last = one_of_five(4);
    REQUIRE(last.path.size() == 1);
    last.path.resize(3);
    CHECK_FALSE(last.is_consistent());
    Piece lone = lone_message();
    lone.path.resize(1);
    CHECK_FALSE(lone.is_consistent());
}

TEST_CASE("a lifetime is one second to one hour", "[signed_bytes]") {
    Piece piece = lone_message();
    const auto with = [&](std::uint32_t lifetime) {
        piece.header.lifetime_ms = lifetime;
        return piece.is_consistent();
    };
    CHECK_FALSE(with(0));
    CHECK_FALSE(with(999));
    CHECK(with(1'000));
    CHECK(with(3'600'000));
    CHECK_FALSE(with(3'600'001));
    CHECK_FALSE(with(0xffffffff));
}

TEST_CASE("the only chunk of a batch is its whole body", "[signed_bytes]") {
    Piece piece = lone_message();
    piece.header.body_size = 25;
    CHECK_FALSE(piece.is_consistent());
    piece.header.body_size = 23;
    CHECK_FALSE(piece.is_consistent());
}

TEST_CASE("a chunk keeps within the budget that its topic and path leave", "[signed_bytes]") {
    Piece lone = lone_message();
    const auto lone_of = [&](std::size_t size) {
        lone.bytes = Bytes(size);
        lone.header.body_size = static_cast<std::uint32_t>(size);
        return lone.is_consistent();
    };
    CHECK(lone_of(900 - 6));
    CHECK_FALSE(lone_of(900 - 6 + 1));

    Piece piece = one_of_five(0);
    piece.header.body_size = 3000;
    piece.bytes = Bytes(900 - 6 - 3 * 32);
    CHECK(piece.is_consistent());
    piece.bytes.push_back(0);
    CHECK_FALSE(piece.is_consistent());
}

// The last chunk of five has a path of one, but its room is that of the deepest in the batch.
TEST_CASE("a short path does not make room for more bytes", "[signed_bytes]") {
    Piece piece = one_of_five(4);
    piece.header.body_size = 3000;
    piece.bytes = Bytes(900 - 6 - 3 * 32 + 1);
    CHECK_FALSE(piece.is_consistent());
}

TEST_CASE("a body is no larger than its chunks can hold", "[signed_bytes]") {
    Piece piece = one_of_five(0);
    piece.header.body_size = 5 * (900 - 6 - 3 * 32);
    CHECK(piece.is_consistent());
    piece.header.body_size += 1;
    CHECK_FALSE(piece.is_consistent());
}

TEST_CASE("a body leaves at least a byte to every other chunk", "[signed_bytes]") {
    Piece piece = one_of_five(0);
    piece.header.body_size = 504;
    CHECK(piece.is_consistent());
    piece.header.body_size = 503;
    CHECK_FALSE(piece.is_consistent());
    piece.header.body_size = 2500;
    piece.bytes.clear();
    CHECK_FALSE(piece.is_consistent());
}

TEST_CASE("a lead lies within the chunk's bytes", "[signed_bytes]") {
    Piece piece = one_of_five(2);
    piece.chunk.lead = 500;
    CHECK(piece.is_consistent());
    piece.chunk.lead = 501;
    CHECK_FALSE(piece.is_consistent());
}

TEST_CASE("the first chunk begins with the first message", "[signed_bytes]") {
    Piece led = one_of_five(0);
    led.chunk.lead = 1;
    CHECK_FALSE(led.is_consistent());
    Piece later = one_of_five(0);
    later.chunk.first_message = 1;
    CHECK_FALSE(later.is_consistent());
}

TEST_CASE("a later chunk that begins a message begins a later message", "[signed_bytes]") {
    Piece piece = one_of_five(3);
    piece.chunk.first_message = 0;
    CHECK_FALSE(piece.is_consistent());
    piece.chunk.lead = 10;
    CHECK(piece.is_consistent());
}

TEST_CASE("no more messages come before a chunk than the body has room for", "[signed_bytes]") {
    Piece piece = one_of_five(3);
    piece.chunk.first_message = 2500 / 4 - 1;
    CHECK(piece.is_consistent());
    piece.chunk.first_message = 2500 / 4;
    CHECK_FALSE(piece.is_consistent());
    piece.chunk.first_message = 0xffffffff;
    CHECK_FALSE(piece.is_consistent());
}

TEST_CASE("a message has a topic", "[signed_bytes]") {
    Piece piece = lone_message();
    piece.topic.clear();
    CHECK_FALSE(piece.is_consistent());
    piece.topic = "a\nb";
    CHECK_FALSE(piece.is_consistent());
}

TEST_CASE("records have no topic and one chunk", "[signed_bytes]") {
    for (const Kind kind : {Kind::presence, Kind::suspect, Kind::leave}) {
        CHECK(record(kind).is_consistent());
        Piece topical = record(kind);
        topical.topic = "deploy";
        CHECK_FALSE(topical.is_consistent());
        Piece large = one_of_five(0);
        large.header.kind = kind;
        large.topic.clear();
        CHECK_FALSE(large.is_consistent());
    }
}

TEST_CASE("a record may have an empty body", "[signed_bytes]") {
    Piece piece = record(Kind::leave);
    piece.bytes.clear();
    piece.header.body_size = 0;
    CHECK(piece.is_consistent());
}

TEST_CASE("an unknown kind is consistent with a topic and without", "[signed_bytes]") {
    Piece piece = lone_message();
    piece.header.kind = static_cast<Kind>(999);
    CHECK(piece.is_consistent());
    piece.topic.clear();
    CHECK(piece.is_consistent());
    piece.topic = "\x7f";
    CHECK_FALSE(piece.is_consistent());
}

TEST_CASE("the flags of a batch are not judged", "[signed_bytes]") {
    Piece piece = lone_message();
    piece.header.flags = 0xffff;
    CHECK(piece.is_consistent());
}

}  // namespace
}  // namespace hearsay::wire
