#include "wire/plaintext.h"

#include "tests/catch.h"
#include "wire/codec_check.h"
#include "wire/sample_frames.h"

namespace hearsay::wire {
namespace {

using Step = PlaintextReader::Step;
constexpr auto kRandom = SampleFrames::Values::random;

class Plaintext {
public:
    std::unique_ptr<Codec> codec = make_flatbuffers_codec();
    FrameArena arena;
    Frame frame;

    PlaintextWriter writer(std::size_t room) {
        return PlaintextWriter(MutableBytes(memory_).first(room));
    }
    // What a reader of these bytes, moved to an aligned address, says first.
    Step first_step(ByteView bytes) {
        std::copy(bytes.begin(), bytes.end(), received_.begin());
        PlaintextReader reader(ByteView(received_).first(bytes.size()), *codec, arena);
        return reader.next(frame);
    }

private:
    alignas(8) std::array<std::uint8_t, 4096> memory_{};
    alignas(8) std::array<std::uint8_t, 4096> received_{};
};

// A codec to which any bytes are a frame: what it does not read, the container refused.
class AnythingGoes final : public Codec {
public:
    CodecId id() const override { return 9; }
    std::string_view name() const override { return "anything goes"; }
    std::size_t encode(const Frame&, MutableBytes) override { return 0; }
    bool decode(ByteView, FrameArena&, Frame& frame) override {
        frame = Prune{};
        return true;
    }
};

Bytes one_prune(Plaintext& plaintext) {
    PlaintextWriter writer = plaintext.writer(256);
    REQUIRE(writer.add(*plaintext.codec, Prune{}));
    return {writer.written().begin(), writer.written().end()};
}

TEST_CASE("frames come back in the order they were added", "[plaintext]") {
    Plaintext plaintext;
    SampleFrames samples(Catch::rngSeed());
    PlaintextWriter writer = plaintext.writer(kPlaintextSizeMax);
    const SampleFrame beat = samples.heartbeat(kRandom);
    const SampleFrame ack = samples.ack(kRandom, 3, 1);
    const SampleFrame chunk = samples.chunk(kRandom, {5, 333, 2, true});
    for (const SampleFrame* sample : {&beat, &ack, &chunk})
        REQUIRE(writer.add(*plaintext.codec, sample->frame));

    PlaintextReader reader(writer.written(), *plaintext.codec, plaintext.arena);
    for (const SampleFrame* sample : {&beat, &ack, &chunk}) {
        REQUIRE(reader.next(plaintext.frame) == Step::frame);
        CHECK(is_same(plaintext.frame, sample->frame));
    }
    CHECK(reader.next(plaintext.frame) == Step::end);
    CHECK(reader.next(plaintext.frame) == Step::end);
}

TEST_CASE("earlier frames stay readable while later ones are read", "[plaintext]") {
    Plaintext plaintext;
    SampleFrames samples(Catch::rngSeed());
    PlaintextWriter writer = plaintext.writer(kPlaintextSizeMax);
    const SampleFrame have = samples.have(kRandom, {2, 5}, 0, 2);
    const SampleFrame want = samples.want(kRandom, {2, 5}, 2, 2);
    REQUIRE(writer.add(*plaintext.codec, have.frame));
    REQUIRE(writer.add(*plaintext.codec, want.frame));

    PlaintextReader reader(writer.written(), *plaintext.codec, plaintext.arena);
    Frame first;
    Frame second;
    REQUIRE(reader.next(first) == Step::frame);
    REQUIRE(reader.next(second) == Step::frame);
    CHECK(is_same(first, have.frame));
    CHECK(is_same(second, want.frame));
}

TEST_CASE("a frame encoded once can be added to many datagrams", "[plaintext]") {
    Plaintext plaintext;
    alignas(8) std::array<std::uint8_t, kFrameSizeMax> memory;
    const SampleFrame chunk = SampleFrames(1).chunk(kRandom, {5, 100, 0, true});
    const std::size_t size = plaintext.codec->encode(chunk.frame, memory);
    PlaintextWriter encoded = plaintext.writer(kPlaintextSizeDefault);
    REQUIRE(encoded.add_encoded(ByteView(memory).first(size)));
    const Bytes once(encoded.written().begin(), encoded.written().end());

    PlaintextWriter direct = plaintext.writer(kPlaintextSizeDefault);
    REQUIRE(direct.add(*plaintext.codec, chunk.frame));
    CHECK(once == Bytes(direct.written().begin(), direct.written().end()));
}

TEST_CASE("the container is size, zeros, frame and padding to eight", "[plaintext]") {
    Plaintext plaintext;
    const Bytes frame{1, 2, 3, 4, 5};
    PlaintextWriter writer = plaintext.writer(64);
    REQUIRE(writer.add_encoded(frame));
    const Bytes expected{5, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0};
    CHECK(Bytes(writer.written().begin(), writer.written().end()) == expected);
    CHECK(writer.size() == 16);
    CHECK(writer.room() == 48);
}

TEST_CASE("the writer clears memory it did not write to before", "[plaintext]") {
    alignas(8) std::array<std::uint8_t, 32> memory;
    memory.fill(0xff);
    PlaintextWriter writer(memory);
    REQUIRE(writer.add_encoded(Bytes{9}));
    CHECK(Bytes(writer.written().begin(), writer.written().end()) ==
          Bytes{1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0});
    CHECK(memory[16] == 0xff);
}

TEST_CASE("a writer is empty until a frame is in", "[plaintext]") {
    Plaintext plaintext;
    PlaintextWriter writer = plaintext.writer(64);
    CHECK(writer.is_empty());
    CHECK(writer.written().empty());
    REQUIRE(writer.add_encoded(Bytes{1}));
    CHECK_FALSE(writer.is_empty());
}

TEST_CASE("a frame that does not fit changes nothing", "[plaintext]") {
    Plaintext plaintext;
    PlaintextWriter writer = plaintext.writer(64);
    REQUIRE(writer.add_encoded(Bytes(20, 1)));
    const std::size_t used = writer.size();
    CHECK_FALSE(writer.add_encoded(Bytes(25, 2)));
    CHECK_FALSE(writer.add(*plaintext.codec, Heartbeat{}));
    CHECK(writer.size() == used);
    CHECK(writer.add_encoded(Bytes(24, 3)));
    CHECK(writer.room() == 0);
    CHECK_FALSE(writer.add_encoded(Bytes{1}));
}

TEST_CASE("an empty frame is not added", "[plaintext]") {
    Plaintext plaintext;
    PlaintextWriter writer = plaintext.writer(64);
    CHECK_FALSE(writer.add_encoded({}));
    CHECK(writer.is_empty());
}

TEST_CASE("the largest frame fits the plaintext of an unprobed datagram", "[plaintext]") {
    Plaintext plaintext;
    PlaintextWriter writer = plaintext.writer(kPlaintextSizeDefault);
    CHECK(writer.add_encoded(Bytes(kFrameSizeMax, 1)));
    CHECK(writer.size() <= kPlaintextSizeDefault);
}

TEST_CASE("a larger datagram does not carry a larger frame", "[plaintext]") {
    Plaintext plaintext;
    PlaintextWriter writer = plaintext.writer(kPlaintextSizeMax);
    CHECK_FALSE(writer.add_encoded(Bytes(kFrameSizeMax + 1, 1)));
    CHECK(writer.add_encoded(Bytes(kFrameSizeMax, 1)));
}

TEST_CASE("a datagram carries at most 64 frames", "[plaintext]") {
    Plaintext plaintext;
    PlaintextWriter writer = plaintext.writer(4096);
    for (std::size_t i = 0; i < kFramesPerDatagramMax; ++i)
        REQUIRE(writer.add_encoded(Bytes{1}));
    CHECK(writer.room() > 100);
    CHECK_FALSE(writer.add_encoded(Bytes{1}));
    CHECK_FALSE(writer.add(*plaintext.codec, Prune{}));
}

TEST_CASE("the 65th frame of a datagram is malformed", "[plaintext]") {
    AnythingGoes codec;
    alignas(8) std::array<std::uint8_t, 65 * 16> memory{};
    for (std::size_t i = 0; i < memory.size(); i += 16) memory[i] = 1;
    FrameArena arena;
    Frame frame;
    PlaintextReader reader(memory, codec, arena);
    for (int i = 0; i < 64; ++i) REQUIRE(reader.next(frame) == Step::frame);
    CHECK(reader.next(frame) == Step::malformed);
    CHECK(reader.next(frame) == Step::malformed);
}

TEST_CASE("an empty plaintext is malformed", "[plaintext]") {
    Plaintext plaintext;
    CHECK(plaintext.first_step({}) == Step::malformed);
}

TEST_CASE("a frame of size zero is malformed", "[plaintext]") {
    Plaintext plaintext;
    CHECK(plaintext.first_step(Bytes(8)) == Step::malformed);
    CHECK(plaintext.first_step(Bytes(16)) == Step::malformed);
}

TEST_CASE("every truncation of a plaintext is malformed", "[plaintext]") {
    Plaintext plaintext;
    const Bytes whole = one_prune(plaintext);
    REQUIRE(plaintext.first_step(whole) == Step::frame);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        INFO(size);
        REQUIRE(plaintext.first_step(ByteView(whole).first(size)) == Step::malformed);
    }
}

TEST_CASE("bytes after the last frame are malformed, and so is all that follows", "[plaintext]") {
    Plaintext plaintext;
    Bytes whole = one_prune(plaintext);
    whole.push_back(0);
    alignas(8) std::array<std::uint8_t, 256> memory;
    std::copy(whole.begin(), whole.end(), memory.begin());
    PlaintextReader reader(ByteView(memory).first(whole.size()), *plaintext.codec,
                           plaintext.arena);
    REQUIRE(reader.next(plaintext.frame) == Step::frame);
    CHECK(reader.next(plaintext.frame) == Step::malformed);
    CHECK(reader.next(plaintext.frame) == Step::malformed);
}

TEST_CASE("a size that overruns the plaintext is malformed", "[plaintext]") {
    Plaintext plaintext;
    const Bytes whole = one_prune(plaintext);
    for (std::size_t size = whole.size() - 7; size <= 0xffff; size += 7) {
        Bytes spoiled = whole;
        spoiled[0] = static_cast<std::uint8_t>(size);
        spoiled[1] = static_cast<std::uint8_t>(size >> 8);
        INFO(size);
        REQUIRE(plaintext.first_step(spoiled) == Step::malformed);
    }
}

TEST_CASE("a frame over the largest size is malformed though it is all there", "[plaintext]") {
    AnythingGoes codec;
    alignas(8) std::array<std::uint8_t, 8 + kFrameSizeMax + 8> memory{};
    FrameArena arena;
    Frame frame;
    const auto first_step = [&](std::size_t size) {
        memory[0] = static_cast<std::uint8_t>(size);
        memory[1] = static_cast<std::uint8_t>(size >> 8);
        const std::size_t whole = 8 + (size + 7) / 8 * 8;
        return PlaintextReader(ByteView(memory).first(whole), codec, arena).next(frame);
    };
    CHECK(first_step(kFrameSizeMax) == Step::frame);
    CHECK(first_step(kFrameSizeMax + 1) == Step::malformed);
}

TEST_CASE("the zeros of a frame header are zero", "[plaintext]") {
    Plaintext plaintext;
    const Bytes whole = one_prune(plaintext);
    for (std::size_t i = 2; i < kFrameHeaderSize; ++i) {
        Bytes spoiled = whole;
        spoiled[i] = 1;
        INFO(i);
        REQUIRE(plaintext.first_step(spoiled) == Step::malformed);
    }
}

TEST_CASE("the padding of a frame is zero", "[plaintext]") {
    Plaintext plaintext;
    alignas(8) std::array<std::uint8_t, kFrameSizeMax> memory;
    const std::size_t size = plaintext.codec->encode(Heartbeat{}, memory);
    Bytes frame(memory.begin(), memory.begin() + static_cast<std::ptrdiff_t>(size));
    // FlatBuffers ignores what follows its tables: one byte more makes seven of padding.
    frame.push_back(0);
    PlaintextWriter writer = plaintext.writer(256);
    REQUIRE(writer.add_encoded(frame));
    const Bytes whole(writer.written().begin(), writer.written().end());
    REQUIRE(plaintext.first_step(whole) == Step::frame);
    for (std::size_t i = 1; i <= 7; ++i) {
        Bytes spoiled = whole;
        spoiled[whole.size() - i] = 0x80;
        INFO(i);
        REQUIRE(plaintext.first_step(spoiled) == Step::malformed);
    }
}

TEST_CASE("a frame the codec refuses is malformed", "[plaintext]") {
    Plaintext plaintext;
    PlaintextWriter writer = plaintext.writer(64);
    REQUIRE(writer.add_encoded(Bytes(20, 0xff)));
    CHECK(plaintext.first_step(Bytes(writer.written().begin(), writer.written().end())) ==
          Step::malformed);
}

}  // namespace
}  // namespace hearsay::wire
