#include <flatbuffers/base.h>

#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "tests/catch.h"
#include "tests/unit/wire/golden_frames.h"
#include "tests/unit/wire/vectors.h"
#include "wire/codec_check.h"
#include "wire/packet.h"
#include "wire/signed_bytes.h"

// The golden vectors: what older hosts hold to. Each was made apart from the code it is compared
// with, or is held to its annotation by hand.
namespace hearsay::wire {
namespace {

using test::counting;
using test::vector_of;

constexpr std::uint64_t kTag = 0x1122334455667788;
constexpr SessionId kCaller = 0x99aabbccddeeff00;
constexpr SessionId kResponder = 0x0807060504030201;

Bytes packet(const std::string& name) { return vector_of("wire_packets.txt", name); }
Bytes signed_vector(const std::string& name) { return vector_of("wire_signed.txt", name); }

crypto::Hash hash_vector(const std::string& name) {
    return crypto::Hash::from(signed_vector(name));
}

Hello golden_hello() {
    Hello hello;
    hello.network_tag = kTag;
    hello.session = kCaller;
    hello.nonce = counting<crypto::Nonce>(0x10);
    hello.ephemeral = counting<crypto::EphemeralKey>(0x20);
    return hello;
}

TEST_CASE("golden: HELLO", "[golden]") {
    Bytes written = write_hello(golden_hello());
    set_mac(written, counting<crypto::Mac>(0xf0));
    CHECK(written == packet("hello"));
    const auto hello = parse_hello(packet("hello"));
    REQUIRE(hello);
    CHECK(hello->network_tag == kTag);
    CHECK(hello->ephemeral == counting<crypto::EphemeralKey>(0x20));
}

TEST_CASE("golden: HELLO2", "[golden]") {
    Hello hello = golden_hello();
    hello.cookie = counting<crypto::Cookie>(0x40);
    Bytes written = write_hello(hello);
    set_mac(written, counting<crypto::Mac>(0xf0));
    CHECK(written == packet("hello2"));
    CHECK(parse_hello(packet("hello2"))->cookie == hello.cookie);
}

TEST_CASE("golden: COOKIE", "[golden]") {
    CHECK(write_cookie({kCaller, counting<crypto::Nonce>(0x10),
                        counting<crypto::Cookie>(0x40)}) == packet("cookie"));
    CHECK(parse_cookie(packet("cookie"))->session == kCaller);
}

TEST_CASE("golden: AUTH_R and AUTH_I", "[golden]") {
    CHECK(write_auth_r_clear(kCaller, kResponder, counting<crypto::EphemeralKey>(0x60)) ==
          packet("auth_r_clear"));
    CHECK(write_auth_i_clear(kResponder) == packet("auth_i_clear"));
}

TEST_CASE("golden: the payload of AUTH_R and AUTH_I", "[golden]") {
    AuthPayload payload;
    payload.node = counting<crypto::NodeId>(0x80);
    payload.signature = counting<crypto::Signature>(0xa0);
    payload.epoch = 1'700'000'000'000;
    payload.datagram_size = 1452;
    payload.codecs = {1, 9};
    CHECK(write_auth_payload(payload) == packet("auth_payload"));
    CHECK(parse_auth_payload(packet("auth_payload"))->codecs == payload.codecs);
}

TEST_CASE("golden: the header of SEALED", "[golden]") {
    Bytes written(kSealedHeaderSize);
    write_sealed_header(kFlatbuffersId, kResponder, 42, written);
    CHECK(written == packet("sealed_header"));
}

TEST_CASE("golden: BEACON", "[golden]") {
    Beacon beacon;
    beacon.port = 4327;
    beacon.network_tag = kTag;
    beacon.wall_ms = 1'700'000'000'000;
    beacon.node = counting<crypto::NodeId>(0x80);
    Bytes written = write_beacon(beacon);
    set_mac(written, counting<crypto::Mac>(0xf0));
    CHECK(written == packet("beacon"));
    CHECK(parse_beacon(packet("beacon"))->port == 4327);
}

TEST_CASE("golden: every frame in FlatBuffers", "[golden]") {
    const auto codec = make_flatbuffers_codec();
    alignas(8) std::array<std::uint8_t, kFrameSizeMax> memory;
    FrameArena arena;
    for (const char* name : test::kGoldenFrames) {
        INFO(name);
        const Frame expected = test::golden_frame(name);
        const Bytes golden = vector_of("wire_frames.txt", name);
        REQUIRE(golden.size() <= memory.size());
        std::copy(golden.begin(), golden.end(), memory.begin());
        Frame frame;
        REQUIRE(codec->decode(ByteView(memory).first(golden.size()), arena, frame));
        CHECK(is_same(frame, expected));
#if FLATBUFFERS_VERSION_MAJOR == 2
        // Another release may lay the same tables out otherwise; all must read all.
        const std::size_t size = codec->encode(expected, memory);
        CHECK(crypto::to_hex(ByteView(memory).first(size)) == crypto::to_hex(golden));
#endif
    }
}

BatchHeader golden_header(const crypto::NodeId& publisher) {
    BatchHeader header;
    header.publisher = publisher;
    header.epoch = 1'700'000'000'000;
    header.seq = 7;
    header.created_ms = 1'700'000'001'234;
    header.lifetime_ms = 60'000;
    header.chunk_count = 3;
    header.body_size = 80;
    header.topic = "deploy";
    return header;
}

crypto::Ed25519Signer golden_signer() {
    return crypto::Ed25519Signer(crypto::Secret(signed_vector("seed")));
}

// Chunk `index` of the golden batch; its bytes are a view into `body`.
Chunk golden_chunk(std::size_t index, ByteView body) {
    static constexpr std::size_t kStarts[] = {0, 20, 64, 80};
    Chunk chunk;
    chunk.index = static_cast<std::uint16_t>(index);
    chunk.first_message = index == 0 ? 0 : 1;
    chunk.lead = index == 0 ? 0 : index == 1 ? 44 : 7;
    chunk.bytes = body.subspan(kStarts[index], kStarts[index + 1] - kStarts[index]);
    return chunk;
}

std::vector<crypto::Hash> path_vector(const std::string& name) {
    const Bytes bytes = signed_vector(name);
    std::vector<crypto::Hash> path;
    for (std::size_t i = 0; i < bytes.size(); i += 32)
        path.push_back(crypto::Hash::from(ByteView(bytes).subspan(i)));
    return path;
}

TEST_CASE("golden: the leaves and paths of a batch lead to its root", "[golden]") {
    const Bytes body = signed_vector("body");
    for (std::size_t index = 0; index < 3; ++index) {
        INFO(index);
        const Chunk chunk = golden_chunk(index, body);
        const crypto::Hash leaf =
            crypto::leaf_hash({chunk.index, chunk.first_message, chunk.lead}, chunk.bytes);
        CHECK(leaf == hash_vector("leaf." + std::to_string(index)));
        CHECK(crypto::blake2b({signed_vector("leaf." + std::to_string(index) + ".input")}) == leaf);
        const auto path = path_vector("path." + std::to_string(index));
        CHECK(crypto::merkle_root_from_path(leaf, index, 3, path) == hash_vector("root"));
    }
}

TEST_CASE("golden: every chunk of the batch is consistent", "[golden]") {
    const Bytes body = signed_vector("body");
    for (std::size_t index = 0; index < 3; ++index) {
        Chunk chunk = golden_chunk(index, body);
        const auto path = path_vector("path." + std::to_string(index));
        chunk.path = path;
        CHECK(is_consistent(golden_header({}), chunk));
    }
}

TEST_CASE("golden: signed bytes, uid and signature of a batch", "[golden]") {
    const auto signer = golden_signer();
    Bytes bytes;
    write_signed_bytes(counting<crypto::NetworkId>(0x40), golden_header(signer.id()),
                       hash_vector("root"), bytes);
    CHECK(crypto::to_hex(bytes) == crypto::to_hex(signed_vector("signed")));
    CHECK(crypto::uid_of(bytes) == crypto::Uid::from(signed_vector("uid")));
    CHECK(signer.sign(bytes) == crypto::Signature::from(signed_vector("signature")));
}

TEST_CASE("golden: signed bytes and uid of a record", "[golden]") {
    BatchHeader header = golden_header(golden_signer().id());
    header.seq = 2;
    header.lifetime_ms = 3'600'000;
    header.kind = Kind::presence;
    header.chunk_count = 1;
    header.body_size = 3;
    header.topic = {};
    Bytes bytes;
    write_signed_bytes(counting<crypto::NetworkId>(0x40), header,
                       crypto::leaf_hash({}, Bytes{1, 2, 3}), bytes);
    CHECK(bytes == signed_vector("record.signed"));
    CHECK(crypto::uid_of(bytes) == crypto::Uid::from(signed_vector("record.uid")));
}

}  // namespace
}  // namespace hearsay::wire
