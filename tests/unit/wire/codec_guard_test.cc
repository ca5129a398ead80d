#include "wire/codec_guard.h"

#include <functional>

#include "tests/catch.h"
#include "wire/codec_check.h"
#include "wire/plaintext.h"
#include "wire/sample_frames.h"

// Goal: what a codec says is believed only where it can be checked. Method: codecs that say one
// thing they must not, for the same valid bytes.
namespace hearsay::wire {
namespace {

class Liar : public Codec {
public:
    CodecId id() const override { return 9; }
    std::string_view name() const override { return "liar"; }
    std::size_t encode(const Frame&, MutableBytes out) override { return encode_says(out); }
    bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
        return decode_says(bytes, arena, frame);
    }

    std::function<std::size_t(MutableBytes)> encode_says;
    std::function<bool(ByteView, FrameArena&, Frame&)> decode_says;
};

alignas(8) constexpr std::uint8_t kBytes[64] = {};
std::uint8_t foreign[4096];

// Whether what the codec decodes gets through the guard.
bool passes(std::function<bool(ByteView, FrameArena&, Frame&)> says) {
    auto liar = std::make_unique<Liar>();
    liar->decode_says = std::move(says);
    const auto guarded = guard(std::move(liar));
    FrameArena arena;
    Frame frame;
    return guarded->decode(kBytes, arena, frame);
}

bool passes_chunk(std::function<void(ByteView, FrameArena&, Chunk&)> spoil) {
    return passes([&](ByteView bytes, FrameArena& arena, Frame& frame) {
        spoil(bytes, arena, frame.emplace<Chunk>());
        return true;
    });
}

std::size_t encoded_size(std::function<std::size_t(MutableBytes)> says) {
    auto liar = std::make_unique<Liar>();
    liar->encode_says = std::move(says);
    const auto guarded = guard(std::move(liar));
    Bytes out(100);
    return guarded->encode(Heartbeat{}, out);
}

template <typename T>
std::span<const T> list_at(const void* start, std::size_t count) {
    return {static_cast<const T*>(start), count};
}

TEST_CASE("a guarded codec conforms as the codec itself does", "[guard]") {
    const auto codec = guard(make_flatbuffers_codec());
    CHECK(codec->id() == kFlatbuffersId);
    CHECK(codec->name() == "flatbuffers");
    CHECK(check_codec(*codec, {.seed = 5, .is_quick = true}) == std::vector<std::string>{});
}

TEST_CASE("views into the bytes and the arena pass", "[guard]") {
    CHECK(passes_chunk([](ByteView bytes, FrameArena& arena, Chunk& chunk) {
        chunk.header.topic = text_of(bytes.first(10));
        chunk.bytes = bytes;
        chunk.path = arena.take<crypto::Hash>(2);
    }));
    CHECK(passes_chunk([](ByteView bytes, FrameArena&, Chunk& chunk) {
        chunk.bytes = bytes.last(1);
        chunk.path = list_at<crypto::Hash>(bytes.data(), 2);
    }));
    CHECK(passes([](ByteView, FrameArena& arena, Frame& frame) {
        const auto streams = arena.take<StreamRanges>(2);
        const auto ranges = arena.take<NumberRange>(1);
        streams[1].ranges = ranges;
        frame = Have{streams, {}, 0, {}};
        return true;
    }));
}

TEST_CASE("views outside the bytes and the arena are refused", "[guard]") {
    CHECK_FALSE(passes_chunk([](ByteView, FrameArena&, Chunk& chunk) { chunk.bytes = foreign; }));
    CHECK_FALSE(passes_chunk([](ByteView bytes, FrameArena&, Chunk& chunk) {
        chunk.bytes = {bytes.data() + 1, bytes.size()};  // one byte beyond the end
    }));
    CHECK_FALSE(passes_chunk([](ByteView bytes, FrameArena&, Chunk& chunk) {
        chunk.bytes = {bytes.data() - 1, 10};
    }));
    CHECK_FALSE(passes_chunk([](ByteView bytes, FrameArena&, Chunk& chunk) {
        chunk.header.topic = {reinterpret_cast<const char*>(bytes.data()) + 60, 5};
    }));
    CHECK_FALSE(passes_chunk([](ByteView bytes, FrameArena&, Chunk& chunk) {
        chunk.path = list_at<crypto::Hash>(bytes.data() + 1, 2);
    }));
    CHECK_FALSE(passes([](ByteView, FrameArena& arena, Frame& frame) {
        const auto ranges = arena.take<NumberRange>(4);
        frame = Ack{0, {ranges.data(), 5}, {}};  // one beyond what was taken
        return true;
    }));
    CHECK_FALSE(passes([](ByteView, FrameArena& arena, Frame& frame) {
        const auto nodes = arena.take<crypto::NodeId>(4);
        arena.reset();  // and so given back
        frame = Want{{}, {}, nodes};
        return true;
    }));
    CHECK_FALSE(passes([](ByteView, FrameArena&, Frame& frame) {
        frame = Close{CloseReason::full, list_at<Endpoint>(foreign, 3)};
        return true;
    }));
}

TEST_CASE("lists inside lists are held to the same", "[guard]") {
    const auto passes_with = [](std::span<const NumberRange> ranges) {
        return passes([ranges](ByteView, FrameArena& arena, Frame& frame) {
            const auto streams = arena.take<StreamRanges>(2);
            streams[1].ranges = ranges;
            frame = Want{streams, {}, {}};
            return true;
        });
    };
    CHECK(passes_with({}));
    CHECK_FALSE(passes_with(list_at<NumberRange>(foreign, 1)));
    // The outer list is proven before its entries are looked at: this one would fault.
    CHECK_FALSE(passes([](ByteView, FrameArena&, Frame& frame) {
        frame = Have{list_at<StreamRanges>(reinterpret_cast<const void*>(8), 8), {}, 0, {}};
        return true;
    }));
}

TEST_CASE("huge lengths are refused, however they overflow", "[guard]") {
    for (const std::size_t count :
         {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / sizeof(NumberRange) + 2, std::size_t{1} << 60}) {
        CHECK_FALSE(passes([count](ByteView, FrameArena& arena, Frame& frame) {
            frame = Ack{0, {arena.take<NumberRange>(1).data(), count}, {}};
            return true;
        }));
        CHECK_FALSE(passes_chunk([count](ByteView bytes, FrameArena&, Chunk& chunk) {
            chunk.bytes = {bytes.data(), count};
        }));
    }
}

TEST_CASE("numbers at addresses that are not theirs are refused", "[guard]") {
    CHECK(passes([](ByteView bytes, FrameArena&, Frame& frame) {
        frame = Ack{0, {}, list_at<Credit>(bytes.data() + 4, 1)};
        return true;
    }));
    CHECK_FALSE(passes([](ByteView bytes, FrameArena&, Frame& frame) {
        frame = Ack{0, {}, list_at<Credit>(bytes.data() + 2, 1)};
        return true;
    }));
}

TEST_CASE("frames over their limits are refused", "[guard]") {
    CHECK_FALSE(passes([](ByteView, FrameArena& arena, Frame& frame) {
        frame = Close{CloseReason::full, arena.take<Endpoint>(kCandidatesMax + 1)};
        return true;
    }));
    CHECK_FALSE(passes([](ByteView, FrameArena& arena, Frame& frame) {
        frame = Ack{0, arena.take<NumberRange>(2), {}};  // the same range twice
        return true;
    }));
}

TEST_CASE("what a codec throws ends at its guard", "[guard]") {
    CHECK_FALSE(passes([](ByteView, FrameArena&, Frame&) -> bool { throw 1; }));
    CHECK(encoded_size([](MutableBytes) -> std::size_t { throw 1; }) == 0);
}

TEST_CASE("an encoder that claims more than its room has written nothing", "[guard]") {
    CHECK(encoded_size([](MutableBytes out) { return out.size(); }) == 100);
    CHECK(encoded_size([](MutableBytes out) { return out.size() + 1; }) == 0);
    CHECK(encoded_size([](MutableBytes) { return SIZE_MAX; }) == 0);
}

TEST_CASE("a writer survives an encoder that lies", "[guard]") {
    auto liar = std::make_unique<Liar>();
    liar->encode_says = [](MutableBytes) { return std::size_t{70'000}; };
    const auto guarded = guard(std::move(liar));
    alignas(8) std::array<std::uint8_t, kPlaintextSizeDefault> memory;
    PlaintextWriter writer(memory);
    CHECK_FALSE(writer.add(*guarded, Heartbeat{}));
    CHECK(writer.is_empty());
}

}  // namespace
}  // namespace hearsay::wire
