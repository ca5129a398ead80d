#include "tests/unit/wire/golden_frames.h"

#include "tests/catch.h"
#include "tests/unit/wire/vectors.h"

namespace hearsay::wire::test {
namespace {

constexpr std::uint8_t kBytes[] = {4, 0, 0, 0, 'v', '2', '.', '1'};
constexpr std::uint64_t kEpoch = 1'700'000'000'000;

Frame chunk() {
    static const crypto::Hash path[] = {counting<crypto::Hash>(0x80),
                                        counting<crypto::Hash>(0xa0)};
    Chunk chunk;
    chunk.header.publisher = counting<crypto::NodeId>(0x00);
    chunk.header.epoch = kEpoch;
    chunk.header.seq = 7;
    chunk.header.created_ms = kEpoch + 1234;
    chunk.header.lifetime_ms = 60'000;
    chunk.header.kind = Kind::message;
    chunk.header.chunk_count = 3;
    chunk.header.body_size = 2'000;
    chunk.header.topic = "deploy";
    chunk.signature = counting<crypto::Signature>(0x40);
    chunk.index = 1;
    chunk.first_message = 2;
    chunk.lead = 3;
    chunk.hops = 4;
    chunk.bytes = kBytes;
    chunk.path = path;
    return chunk;
}

Frame chunk_without_header() {
    Chunk chunk;
    chunk.has_header = false;
    chunk.uid = counting<crypto::Uid>(0x10);
    chunk.index = 0;
    chunk.bytes = kBytes;
    return chunk;
}

Frame ack() {
    static const NumberRange ranges[] = {{90, 100}, {80, 88}};
    static const Credit credits[] = {{counting<crypto::NodeId>(0x00), 65'536}};
    return Ack{2'500, ranges, credits};
}

std::span<const StreamRanges> streams(bool is_have) {
    static const NumberRange ranges[] = {{11, 14}, {16, 16}, {3, 4}};
    static StreamRanges have[2];
    static StreamRanges want[2];
    StreamRanges* streams = is_have ? have : want;
    streams[0].publisher = counting<crypto::NodeId>(0x00);
    streams[0].epoch = kEpoch;
    streams[0].ranges = std::span(ranges).first(2);
    streams[1].publisher = counting<crypto::NodeId>(0x20);
    streams[1].epoch = kEpoch + 1;
    streams[1].ranges = std::span(ranges).last(1);
    if (is_have) {
        streams[0].floor = 9;
        streams[0].top = 16;
        streams[1].floor = 1;
        streams[1].top = 4;
    }
    return {streams, 2};
}

Frame have() {
    static const RecordVersion records[] = {{counting<crypto::NodeId>(0x40), kEpoch, 5}};
    return Have{streams(true), {}, 0x8000000000000001, records};
}

Frame want() {
    static const WantedChunks chunks[] = {{counting<crypto::Uid>(0x10), 1, 15}};
    static const crypto::NodeId records[] = {counting<crypto::NodeId>(0x40)};
    return Want{streams(false), chunks, records};
}

Frame heartbeat() {
    Heartbeat beat;
    beat.sent_us = 5'000'000;
    beat.echo_us = 4'500'000;
    beat.echo_delay_us = 800;
    beat.wall_ms = kEpoch + 99;
    beat.lost = 2;
    beat.wants_reply = true;
    beat.known_epoch = kEpoch;
    beat.known_version = 3;
    return beat;
}

Frame close() {
    Endpoint v6;
    v6.address = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    v6.port = 4327;
    static const Endpoint candidates[] = {Endpoint::ipv4(192, 0, 2, 1, 4327), v6};
    return Close{CloseReason::full, candidates};
}

}  // namespace

Frame golden_frame(const std::string& name) {
    if (name == "chunk") return chunk();
    if (name == "chunk_without_header") return chunk_without_header();
    if (name == "ack") return ack();
    if (name == "have") return have();
    if (name == "want") return want();
    if (name == "heartbeat") return heartbeat();
    if (name == "prune") return Prune{counting<crypto::NodeId>(0x00)};
    if (name == "graft") return Graft{counting<crypto::NodeId>(0x20)};
    REQUIRE(name == "close");
    return close();
}

}  // namespace hearsay::wire::test
