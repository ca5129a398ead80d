#include "tests/catch.h"
#include "wire/frame_limits.h"
#include "wire/sample_frames.h"

namespace hearsay::wire {
namespace {

bool keeps(std::vector<NumberRange> ranges) { return keeps_limits(Ack{0, ranges, {}}); }

bool have_keeps(std::vector<NumberRange> ranges) {
    StreamRanges stream;
    stream.ranges = ranges;
    return keeps_limits(Have{{&stream, 1}, {}, 0, {}});
}

TEST_CASE("every sample within limits keeps them", "[limits]") {
    SampleFrames samples(Catch::rngSeed());
    for (const SampleFrame& sample : samples.typical()) {
        INFO(sample.name);
        CHECK(keeps_limits(sample.frame));
    }
    for (int i = 0; i < 500; ++i) CHECK(keeps_limits(samples.any().frame));
}

TEST_CASE("every sample over a limit breaks it", "[limits]") {
    for (const SampleFrame& sample : SampleFrames(Catch::rngSeed()).over_limits()) {
        INFO(sample.name);
        CHECK_FALSE(keeps_limits(sample.frame));
    }
}

TEST_CASE("ranges of an ack descend and are apart", "[limits]") {
    CHECK(keeps({}));
    CHECK(keeps({{5, 5}}));
    CHECK(keeps({{8, 9}, {5, 6}}));
    CHECK(keeps({{8, 9}, {5, 7}}));
    CHECK_FALSE(keeps({{8, 9}, {5, 8}}));
    CHECK_FALSE(keeps({{5, 6}, {8, 9}}));
    CHECK_FALSE(keeps({{8, 9}, {8, 9}}));
    CHECK_FALSE(keeps({{9, 8}}));
    CHECK(keeps({{0xffffffffffffffff, 0xffffffffffffffff}, {0, 0xfffffffffffffffe}}));
}

TEST_CASE("ranges of a stream ascend and are apart", "[limits]") {
    CHECK(have_keeps({}));
    CHECK(have_keeps({{5, 6}, {8, 9}}));
    CHECK(have_keeps({{5, 7}, {8, 9}}));
    CHECK_FALSE(have_keeps({{5, 8}, {8, 9}}));
    CHECK_FALSE(have_keeps({{8, 9}, {5, 6}}));
    CHECK_FALSE(have_keeps({{9, 8}}));
    CHECK(have_keeps({{0, 0}, {1, 0xffffffffffffffff}}));
}

TEST_CASE("ranges are counted over all streams", "[limits]") {
    std::vector<NumberRange> ranges;
    for (std::uint64_t i = 0; i < 17; ++i) ranges.push_back({2 * i, 2 * i});
    StreamRanges streams[2];
    streams[0].ranges = std::span(ranges).first(16);
    streams[1].ranges = std::span(ranges).first(16);
    CHECK(keeps_limits(Have{streams, {}, 0, {}}));
    CHECK(keeps_limits(Want{streams, {}, {}}));
    streams[1].ranges = ranges;
    CHECK_FALSE(keeps_limits(Have{streams, {}, 0, {}}));
    CHECK_FALSE(keeps_limits(Want{streams, {}, {}}));
}

TEST_CASE("a topic counts against the budget only where it travels", "[limits]") {
    const Bytes bytes(kChunkBudget);
    Chunk chunk;
    chunk.bytes = bytes;
    chunk.has_header = false;
    chunk.header.topic = "unused";
    CHECK(keeps_limits(chunk));
    chunk.has_header = true;
    CHECK_FALSE(keeps_limits(chunk));
    chunk.bytes = ByteView(bytes).first(kChunkBudget - 6);
    CHECK(keeps_limits(chunk));
}

TEST_CASE("kinds and reasons of later versions keep the limits", "[limits]") {
    Chunk chunk;
    chunk.header.kind = static_cast<Kind>(40'000);
    CHECK(keeps_limits(chunk));
    CHECK(keeps_limits(Close{static_cast<CloseReason>(250), {}}));
}

TEST_CASE("the arithmetic of the chunk budget holds at its ends", "[limits]") {
    CHECK(path_size_max(1) == 0);
    CHECK(path_size_max(2) == 1);
    CHECK(path_size_max(3) == 2);
    CHECK(path_size_max(4096) == kPathSizeMax);
    CHECK(chunk_bytes_max(6, 1) == 894);
    CHECK(chunk_bytes_max(255, 4096) == 261);
    for (const std::size_t topic : std::vector<std::size_t>{1, 100, 255}) {
        // The largest message there may be fits the most chunks there may be.
        CHECK(chunk_bytes_max(topic, kChunksPerBatchMax) * kChunksPerBatchMax >=
              kPayloadSizeMax + kMessageOverhead);
    }
}

TEST_CASE("a frame at its largest leaves its padding room in a datagram", "[limits]") {
    CHECK(kFrameSizeMax % 8 == 0);
    CHECK(kSealedOverhead + kFrameHeaderSize + kFrameSizeMax <= kDatagramSizeDefault);
    CHECK(kSealedOverhead + kFrameHeaderSize + kFrameSizeMax + 8 > kDatagramSizeDefault);
}

}  // namespace
}  // namespace hearsay::wire
