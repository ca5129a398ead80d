#include "tests/catch.h"
#include "wire/codec_check.h"
#include "wire/plaintext.h"
#include "wire/sample_frames.h"

namespace hearsay::wire {
namespace {

constexpr auto kRandom = SampleFrames::Values::random;

// A frame through the default codec and back.
class RoundTrip {
public:
    std::size_t size = 0;
    Frame frame;

    bool survives(const SampleFrame& sample) {
        size = codec_->encode(sample.frame, memory_);
        arena_.reset();
        return size > 0 && codec_->decode(ByteView(memory_).first(size), arena_, frame) &&
               is_same(frame, sample.frame);
    }

private:
    std::unique_ptr<Codec> codec_ = make_flatbuffers_codec();
    FrameArena arena_;
    alignas(8) std::array<std::uint8_t, kFrameSizeMax> memory_{};
};

// Replay a failure with --rng-seed.
TEST_CASE("ten thousand random frames come back as they were", "[round_trip]") {
    CAPTURE(Catch::rngSeed());
    RoundTrip trip;
    SampleFrames samples(Catch::rngSeed());
    for (int i = 0; i < 10'000; ++i) {
        const SampleFrame sample = samples.any();
        INFO(i << ": " << sample.name);
        REQUIRE(trip.survives(sample));
    }
}

TEST_CASE("random datagrams come back frame by frame", "[round_trip]") {
    CAPTURE(Catch::rngSeed());
    SampleFrames samples(Catch::rngSeed());
    const auto codec = make_flatbuffers_codec();
    alignas(8) std::array<std::uint8_t, kPlaintextSizeMax> memory;
    FrameArena arena;
    for (int round = 0; round < 500; ++round) {
        PlaintextWriter writer(memory);
        std::vector<SampleFrame> sent;
        for (SampleFrame next = samples.any(); writer.add(*codec, next.frame);
             next = samples.any())
            sent.push_back(std::move(next));
        arena.reset();
        PlaintextReader reader(writer.written(), *codec, arena);
        Frame frame;
        for (const SampleFrame& sample : sent) {
            REQUIRE(reader.next(frame) == PlaintextReader::Step::frame);
            REQUIRE(is_same(frame, sample.frame));
        }
        REQUIRE(reader.next(frame) == PlaintextReader::Step::end);
    }
}

TEST_CASE("every size of chunk comes back", "[round_trip]") {
    RoundTrip trip;
    SampleFrames samples(1);
    for (std::size_t size = 0; size <= kChunkBudget - 6; ++size) {
        INFO(size);
        REQUIRE(trip.survives(samples.chunk(kRandom, {6, size, 0, true})));
    }
}

TEST_CASE("every length of every list comes back", "[round_trip]") {
    RoundTrip trip;
    SampleFrames samples(1);
    for (std::size_t i = 0; i <= kAckRangesMax; ++i)
        CHECK(trip.survives(samples.ack(kRandom, i, 1)));
    for (std::size_t i = 0; i <= kCreditsMax; ++i)
        CHECK(trip.survives(samples.ack(kRandom, 1, i)));
    for (std::size_t i = 0; i <= kPathSizeMax; ++i)
        CHECK(trip.survives(samples.chunk(kRandom, {1, 9, i, true})));
    for (std::size_t i = 1; i <= kStreamsPerFrameMax; ++i) {
        CHECK(trip.survives(samples.have(kRandom, {i, kRangesPerFrameMax}, 0, 0)));
        CHECK(trip.survives(samples.want(kRandom, {i, kRangesPerFrameMax}, 0, 0)));
    }
    for (std::size_t i = 0; i <= kRecordsPerFrameMax; ++i) {
        CHECK(trip.survives(samples.have(kRandom, {}, 0, i)));
        CHECK(trip.survives(samples.want(kRandom, {}, i, i)));
    }
    for (std::size_t i = 0; i <= kCandidatesMax; ++i)
        CHECK(trip.survives(samples.close(kRandom, i)));
}

TEST_CASE("the scope of a candidate stays at home", "[round_trip]") {
    RoundTrip trip;
    SampleFrame sample = SampleFrames(1).close(kRandom, 1);
    sample.candidates[0].scope = 3;
    REQUIRE(trip.survives(sample));
    CHECK(std::get<Close>(trip.frame).candidates[0].scope == 0);
}

TEST_CASE("kinds and reasons of later versions come back as numbers", "[round_trip]") {
    RoundTrip trip;
    SampleFrames samples(1);
    SampleFrame chunk = samples.chunk(kRandom, {3, 3, 0, true});
    std::get<Chunk>(chunk.frame).header.kind = static_cast<Kind>(65'535);
    REQUIRE(trip.survives(chunk));
    CHECK(static_cast<int>(std::get<Chunk>(trip.frame).header.kind) == 65'535);

    SampleFrame close = samples.close(kRandom, 0);
    std::get<Close>(close.frame).reason = static_cast<CloseReason>(255);
    REQUIRE(trip.survives(close));
    CHECK(static_cast<int>(std::get<Close>(trip.frame).reason) == 255);
}

TEST_CASE("small frames are small", "[round_trip]") {
    RoundTrip trip;
    SampleFrames samples(1);
    REQUIRE(trip.survives(samples.heartbeat(kRandom)));
    CHECK(trip.size <= 80);
    REQUIRE(trip.survives(samples.ack(kRandom, 1, 0)));
    CHECK(trip.size <= 64);
    REQUIRE(trip.survives(samples.prune(kRandom)));
    CHECK(trip.size <= 56);
    REQUIRE(trip.survives(samples.chunk(kRandom, {6, 0, 0, true})));
    CHECK(trip.size <= 224);
}

TEST_CASE("frames that say different things are not the same", "[round_trip]") {
    SampleFrames samples(Catch::rngSeed());
    const auto typical = samples.typical();
    for (std::size_t i = 0; i < typical.size(); ++i) {
        CHECK(is_same(typical[i].frame, typical[i].frame));
        if (i > 0) CHECK_FALSE(is_same(typical[i].frame, typical[i - 1].frame));
    }
}

}  // namespace
}  // namespace hearsay::wire
