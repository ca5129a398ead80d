#include <bit>

#include "crypto/hash.h"
#include "tests/catch.h"
#include "wire/codec_check.h"
#include "wire/flatbuffers/hearsay_generated.h"
#include "wire/sample_frames.h"

// Buffers that FlatBuffers' own verifier passes and the codec must still judge, and buffers made
// to hurt.
namespace hearsay::wire {
namespace {

using flatbuffers::FlatBufferBuilder;

// What the codec says to what a builder finished.
class Judge {
public:
    Frame frame;

    bool accepts(ByteView bytes) {
        REQUIRE(bytes.size() <= memory_.size());
        std::copy(bytes.begin(), bytes.end(), memory_.begin());
        arena_.reset();
        return codec_->decode(ByteView(memory_).first(bytes.size()), arena_, frame);
    }
    bool accepts(const FlatBufferBuilder& builder) {
        return accepts(ByteView(builder.GetBufferPointer(), builder.GetSize()));
    }

private:
    std::unique_ptr<Codec> codec_ = make_flatbuffers_codec();
    FrameArena arena_;
    alignas(8) std::array<std::uint8_t, 8192> memory_{};
};

const fb::SignedHeader kHeader;
const fb::Uid kUid;
const fb::ChunkPlace kPlace;
const fb::NodeId kNode;

// A Chunk with these parts, null for none.
FlatBufferBuilder chunk_of(const fb::SignedHeader* header, const fb::Uid* uid,
                           const fb::ChunkPlace* place, std::size_t topic_size) {
    FlatBufferBuilder builder;
    const std::vector<std::uint8_t> text(topic_size, 'a');
    const auto topic = topic_size == 0 ? 0 : builder.CreateVector(text);
    const auto chunk = fb::CreateChunk(builder, header, uid, place, topic);
    builder.Finish(fb::CreateFrame(builder, chunk));
    return builder;
}

TEST_CASE("a chunk has a header or a uid", "[flatbuffers]") {
    Judge judge;
    CHECK(judge.accepts(chunk_of(&kHeader, nullptr, &kPlace, 3)));
    CHECK(std::get<Chunk>(judge.frame).has_header);
    CHECK(std::get<Chunk>(judge.frame).header.topic == "aaa");
    CHECK(judge.accepts(chunk_of(nullptr, &kUid, &kPlace, 0)));
    CHECK_FALSE(std::get<Chunk>(judge.frame).has_header);
}

TEST_CASE("a chunk has not both a header and a uid, nor neither", "[flatbuffers]") {
    Judge judge;
    CHECK_FALSE(judge.accepts(chunk_of(&kHeader, &kUid, &kPlace, 3)));
    CHECK_FALSE(judge.accepts(chunk_of(nullptr, nullptr, &kPlace, 0)));
}

TEST_CASE("a topic travels with its header only", "[flatbuffers]") {
    Judge judge;
    CHECK_FALSE(judge.accepts(chunk_of(nullptr, &kUid, &kPlace, 3)));
}

TEST_CASE("a chunk has a place", "[flatbuffers]") {
    Judge judge;
    CHECK_FALSE(judge.accepts(chunk_of(&kHeader, nullptr, nullptr, 3)));
}

TEST_CASE("a frame that holds none is refused", "[flatbuffers]") {
    Judge judge;
    FlatBufferBuilder builder;
    builder.Finish(fb::CreateFrame(builder));
    CHECK_FALSE(judge.accepts(builder));
}

TEST_CASE("a frame that holds two is refused", "[flatbuffers]") {
    Judge judge;
    FlatBufferBuilder builder;
    builder.Finish(fb::CreateFrame(builder, 0, 0, 0, 0, nullptr, &kNode, &kNode));
    CHECK_FALSE(judge.accepts(builder));
    FlatBufferBuilder other;
    const auto ack = fb::CreateAck(other);
    other.Finish(fb::CreateFrame(other, 0, ack, 0, 0, nullptr, &kNode));
    CHECK_FALSE(judge.accepts(other));
}

// A Have whose one stream claims `claimed` of the `given` ranges in the flat list.
FlatBufferBuilder have_of(std::uint16_t claimed, std::uint64_t given) {
    FlatBufferBuilder builder;
    std::vector<fb::NumberRange> ranges;
    for (std::uint64_t i = 0; i < given; ++i) ranges.emplace_back(10 * i, 10 * i + 1);
    const fb::HaveStream stream(kNode, 1, 2, 3, claimed);
    const auto flat = builder.CreateVectorOfStructs(ranges);
    const auto streams = builder.CreateVectorOfStructs(&stream, 1);
    builder.Finish(fb::CreateFrame(builder, 0, 0, fb::CreateHave(builder, streams, flat)));
    return builder;
}

TEST_CASE("the streams use up the ranges exactly", "[flatbuffers]") {
    Judge judge;
    CHECK(judge.accepts(have_of(3, 3)));
    CHECK(std::get<Have>(judge.frame).streams[0].ranges.size() == 3);
    CHECK_FALSE(judge.accepts(have_of(2, 3)));
    CHECK_FALSE(judge.accepts(have_of(4, 3)));
    CHECK_FALSE(judge.accepts(have_of(0xffff, 3)));
    CHECK_FALSE(judge.accepts(have_of(1, 0)));
}

TEST_CASE("ranges without a stream are refused", "[flatbuffers]") {
    Judge judge;
    FlatBufferBuilder builder;
    const fb::NumberRange range(1, 2);
    const auto flat = builder.CreateVectorOfStructs(&range, 1);
    builder.Finish(fb::CreateFrame(builder, 0, 0, 0, fb::CreateWant(builder, 0, flat)));
    CHECK_FALSE(judge.accepts(builder));
}

TEST_CASE("lists at their limits pass and one more is refused", "[flatbuffers]") {
    const auto with_candidates = [](std::size_t count) {
        FlatBufferBuilder builder;
        const std::vector<fb::Address> list(count);
        const auto candidates = builder.CreateVectorOfStructs(list);
        const auto close = fb::CreateClose(builder, 1, candidates);
        builder.Finish(fb::CreateFrame(builder, 0, 0, 0, 0, nullptr, nullptr, nullptr, close));
        return builder;
    };
    Judge judge;
    CHECK(judge.accepts(with_candidates(kCandidatesMax)));
    CHECK_FALSE(judge.accepts(with_candidates(kCandidatesMax + 1)));
    CHECK_FALSE(judge.accepts(with_candidates(300)));
}

TEST_CASE("every sample over a limit is refused by the codec", "[flatbuffers]") {
    const auto codec = make_flatbuffers_codec();
    Judge judge;
    Bytes memory(4096);
    for (const SampleFrame& sample : SampleFrames(Catch::rngSeed()).over_limits()) {
        INFO(sample.name);
        // This codec does write such frames, so what is refused here is really on the wire.
        const std::size_t size = codec->encode(sample.frame, memory);
        REQUIRE(size > 0);
        CHECK_FALSE(judge.accepts(ByteView(memory).first(size)));
    }
}

// The verifier of FlatBuffers 2.0.8 aligns a vector's length to 4 but not its elements to 8.
TEST_CASE("a list whose elements are not aligned is refused", "[flatbuffers]") {
    FlatBufferBuilder builder;
    const fb::NumberRange range(7, 7);
    const auto ranges = builder.CreateVectorOfStructs(&range, 1);
    builder.Finish(fb::CreateFrame(builder, 0, fb::CreateAck(builder, 0, ranges)));
    Bytes bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
    Judge judge;
    REQUIRE(judge.accepts(bytes));

    // Move the list by four bytes, and with it the offset that points at it.
    const auto* list = flatbuffers::GetRoot<fb::Frame>(bytes.data())->ack()->ranges();
    const auto* field = flatbuffers::GetRoot<fb::Frame>(bytes.data())->ack();
    const auto start = reinterpret_cast<const std::uint8_t*>(list) - bytes.data();
    const auto table = reinterpret_cast<const std::uint8_t*>(field) - bytes.data();
    const auto* table_bytes = reinterpret_cast<const flatbuffers::Table*>(field);
    const auto slot = table + table_bytes->GetOptionalFieldOffset(fb::Ack::VT_RANGES);
    bytes.insert(bytes.begin() + start, 4, std::uint8_t{0});
    bytes[static_cast<std::size_t>(slot)] =
        static_cast<std::uint8_t>(bytes[static_cast<std::size_t>(slot)] + 4);
    CHECK_FALSE(judge.accepts(bytes));
}

TEST_CASE("nothing and next to nothing is refused", "[flatbuffers]") {
    Judge judge;
    CHECK_FALSE(judge.accepts(ByteView{}));
    for (std::size_t size = 1; size < 12; ++size) {
        CHECK_FALSE(judge.accepts(Bytes(size)));
        CHECK_FALSE(judge.accepts(Bytes(size, 0xff)));
    }
}

TEST_CASE("a root that points at itself or outside is refused", "[flatbuffers]") {
    Judge judge;
    FlatBufferBuilder builder;
    builder.Finish(fb::CreateFrame(builder, 0, 0, 0, 0, nullptr, &kNode));
    Bytes bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
    REQUIRE(judge.accepts(bytes));
    for (const std::uint8_t offset : Bytes{0, 1, 2, 3, 255}) {
        bytes[0] = offset;
        CHECK_FALSE(judge.accepts(bytes));
    }
}

// Rule 3 of the schema: what a later version adds is skipped by this one.
TEST_CASE("a field of a later version is passed over", "[flatbuffers]") {
    FlatBufferBuilder builder;
    const auto start = builder.StartTable();
    builder.AddStruct(fb::Frame::VT_PRUNE, &kNode);
    builder.AddElement<std::uint64_t>(fb::Frame::VT_CLOSE + 2, 12345, 0);
    builder.Finish(flatbuffers::Offset<fb::Frame>(builder.EndTable(start)));
    Judge judge;
    CHECK(judge.accepts(builder));
    CHECK(std::holds_alternative<Prune>(judge.frame));
}

TEST_CASE("a frame of a later version alone is refused", "[flatbuffers]") {
    FlatBufferBuilder builder;
    const auto start = builder.StartTable();
    builder.AddElement<std::uint64_t>(fb::Frame::VT_CLOSE + 2, 12345, 0);
    builder.Finish(flatbuffers::Offset<fb::Frame>(builder.EndTable(start)));
    Judge judge;
    CHECK_FALSE(judge.accepts(builder));
}

TEST_CASE("chunk bytes are not copied", "[flatbuffers]") {
    const auto codec = make_flatbuffers_codec();
    alignas(8) std::array<std::uint8_t, kFrameSizeMax> memory;
    const SampleFrame sample =
        SampleFrames(1).chunk(SampleFrames::Values::random, {6, 600, 3, true});
    const ByteView bytes = ByteView(memory).first(codec->encode(sample.frame, memory));
    FrameArena arena;
    Frame frame;
    REQUIRE(codec->decode(bytes, arena, frame));
    const auto& chunk = std::get<Chunk>(frame);
    const auto is_inside = [&](const void* at) {
        return at >= bytes.data() && at < bytes.data() + bytes.size();
    };
    CHECK(is_inside(chunk.bytes.data()));
    CHECK(is_inside(chunk.path.data()));
    CHECK(is_inside(chunk.header.topic.data()));
}

TEST_CASE("a full arena refuses, and works again after reset", "[flatbuffers]") {
    const auto codec = make_flatbuffers_codec();
    alignas(8) std::array<std::uint8_t, kFrameSizeMax> memory;
    const SampleFrame sample = SampleFrames(1).ack(SampleFrames::Values::random, 5, 1);
    const ByteView bytes = ByteView(memory).first(codec->encode(sample.frame, memory));
    FrameArena arena;
    Frame frame;
    REQUIRE(arena.take<std::uint8_t>(FrameArena::kCapacity - 40).size() > 0);
    CHECK_FALSE(codec->decode(bytes, arena, frame));
    arena.reset();
    CHECK(codec->decode(bytes, arena, frame));
}

// The most a datagram can ask of the arena fits it: 64 frames of the longest lists would not
// even fit the datagram, so fill one with as many as do.
TEST_CASE("the arena holds what any datagram asks for", "[flatbuffers]") {
    const auto codec = make_flatbuffers_codec();
    alignas(8) std::array<std::uint8_t, kFrameSizeMax> memory;
    FrameArena arena;
    Frame frame;
    for (const SampleFrame& sample : SampleFrames(1).typical()) {
        INFO(sample.name);
        arena.reset();
        const ByteView bytes = ByteView(memory).first(codec->encode(sample.frame, memory));
        const std::size_t copies =
            std::min(kFramesPerDatagramMax, kPlaintextSizeMax / (bytes.size() + 8));
        for (std::size_t i = 0; i < copies; ++i) REQUIRE(codec->decode(bytes, arena, frame));
    }
}

}  // namespace
}  // namespace hearsay::wire
