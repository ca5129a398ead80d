#include "wire/codec_check.h"

#include <algorithm>

#include "tests/catch.h"
#include "wire/sample_frames.h"

namespace hearsay::wire {
namespace {

// The default codec with one fault planted by overriding.
class FaultyCodec : public Codec {
public:
    CodecId id() const override { return 200; }
    std::string_view name() const override { return "faulty"; }
    std::size_t encode(const Frame& frame, MutableBytes out) override {
        return sound_->encode(frame, out);
    }
    bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
        return sound_->decode(bytes, arena, frame);
    }

protected:
    std::unique_ptr<Codec> sound_ = make_flatbuffers_codec();
};

std::vector<std::string> quick_problems(Codec& codec) {
    return check_codec(codec, {.seed = Catch::rngSeed(), .is_quick = true});
}

bool is_named(const std::vector<std::string>& problems, const std::string& text) {
    return std::any_of(problems.begin(), problems.end(), [&](const std::string& problem) {
        return problem.find(text) != std::string::npos;
    });
}

TEST_CASE("the default codec conforms", "[codec_check]") {
    const auto codec = make_flatbuffers_codec();
    CAPTURE(Catch::rngSeed());
    CHECK(check_codec(*codec, {.seed = Catch::rngSeed()}) == std::vector<std::string>{});
}

TEST_CASE("the quick check finds nothing wrong with the default codec", "[codec_check]") {
    const auto codec = make_flatbuffers_codec();
    CAPTURE(Catch::rngSeed());
    CHECK(quick_problems(*codec) == std::vector<std::string>{});
}

TEST_CASE("a wrapper without a fault conforms", "[codec_check]") {
    FaultyCodec codec;
    CHECK(quick_problems(codec).empty());
}

TEST_CASE("a codec that swaps two fields is named", "[codec_check]") {
    class Swapping final : public FaultyCodec {
        bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
            if (!sound_->decode(bytes, arena, frame)) return false;
            if (auto* chunk = std::get_if<Chunk>(&frame))
                std::swap(chunk->header.epoch, chunk->header.seq);
            return true;
        }
    } codec;
    CHECK(is_named(quick_problems(codec), "ordinary chunk: comes back changed"));
}

TEST_CASE("a codec that drops the end of a list is named", "[codec_check]") {
    class Dropping final : public FaultyCodec {
        bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
            if (!sound_->decode(bytes, arena, frame)) return false;
            auto* ack = std::get_if<Ack>(&frame);
            if (ack != nullptr && ack->ranges.size() > 16) ack->ranges = ack->ranges.first(16);
            return true;
        }
    } codec;
    CHECK(is_named(quick_problems(codec), "largest ack: comes back changed"));
}

TEST_CASE("a codec that forgets a field at its largest value is named", "[codec_check]") {
    class Narrowing final : public FaultyCodec {
        bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
            if (!sound_->decode(bytes, arena, frame)) return false;
            if (auto* beat = std::get_if<Heartbeat>(&frame)) beat->wall_ms &= 0xffffffff;
            return true;
        }
    } codec;
    CHECK(is_named(quick_problems(codec), "heartbeat: comes back changed"));
}

// Encodes any list of credits; its decoder makes them up and never counts.
TEST_CASE("a codec that accepts a list over its limit is named", "[codec_check]") {
    class Uncounting final : public FaultyCodec {
        std::size_t encode(const Frame& frame, MutableBytes out) override {
            const auto* ack = std::get_if<Ack>(&frame);
            if (ack == nullptr || ack->credits.size() <= kCreditsMax)
                return sound_->encode(frame, out);
            out[0] = kMark;
            return 1;
        }
        bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
            if (bytes.size() != 1 || bytes[0] != kMark)
                return sound_->decode(bytes, arena, frame);
            Ack ack;
            ack.credits = arena.take<Credit>(kCreditsMax + 1);
            frame = ack;
            return true;
        }
        const std::uint8_t kMark = 0xee;
    } codec;
    CHECK(is_named(quick_problems(codec), "ack with too many credits: decode accepts it"));
}

TEST_CASE("a codec that accepts ranges in the wrong order is named", "[codec_check]") {
    class Sorting final : public FaultyCodec {
        std::size_t encode(const Frame& frame, MutableBytes out) override {
            const auto* ack = std::get_if<Ack>(&frame);
            if (ack == nullptr) return sound_->encode(frame, out);
            Ack sorted = *ack;
            ranges_.assign(ack->ranges.begin(), ack->ranges.end());
            std::sort(ranges_.begin(), ranges_.end(),
                      [](NumberRange a, NumberRange b) { return a.first > b.first; });
            sorted.ranges = ranges_;
            return sound_->encode(sorted, out);
        }
        std::vector<NumberRange> ranges_;
    } codec;
    CHECK(is_named(quick_problems(codec), "ack with ascending ranges: decode accepts it"));
}

TEST_CASE("a codec that writes past its buffer is named", "[codec_check]") {
    class Overrunning final : public FaultyCodec {
        std::size_t encode(const Frame& frame, MutableBytes out) override {
            out.data()[out.size()] = 0;
            return sound_->encode(frame, out);
        }
    } codec;
    CHECK(is_named(quick_problems(codec), "encode wrote outside its buffer"));
}

TEST_CASE("a codec that writes before its buffer is named", "[codec_check]") {
    class Underrunning final : public FaultyCodec {
        std::size_t encode(const Frame& frame, MutableBytes out) override {
            *(out.data() - 1) = 0;
            return sound_->encode(frame, out);
        }
    } codec;
    CHECK(is_named(quick_problems(codec), "encode wrote outside its buffer"));
}

TEST_CASE("a codec that cuts what does not fit is named", "[codec_check]") {
    class Cutting final : public FaultyCodec {
        std::size_t encode(const Frame& frame, MutableBytes out) override {
            const std::size_t size = sound_->encode(frame, whole_);
            std::copy_n(whole_.begin(), std::min(size, out.size()), out.begin());
            return std::min(size, out.size());
        }
        Bytes whole_ = Bytes(8192);
    } codec;
    CHECK(is_named(quick_problems(codec), "too small a buffer does not return 0"));
}

TEST_CASE("a codec that claims more than it was given is named", "[codec_check]") {
    class Boasting final : public FaultyCodec {
        std::size_t encode(const Frame& frame, MutableBytes out) override {
            const std::size_t size = sound_->encode(frame, out);
            return size == 0 ? out.size() + 1 : size;
        }
    } codec;
    CHECK(is_named(quick_problems(codec), "claims more bytes than there was room for"));
}

TEST_CASE("a codec that needs more room than its frame is named", "[codec_check]") {
    class Roomy final : public FaultyCodec {
        std::size_t encode(const Frame& frame, MutableBytes out) override {
            const std::size_t size = sound_->encode(frame, out);
            return size + 16 > out.size() ? 0 : size;
        }
    } codec;
    CHECK(is_named(quick_problems(codec), "encode does not use a buffer that fits exactly"));
}

TEST_CASE("a codec too wordy for the largest chunk is named", "[codec_check]") {
    class Wordy final : public FaultyCodec {
        std::size_t encode(const Frame& frame, MutableBytes out) override {
            const std::size_t size = sound_->encode(frame, out);
            return size == 0 || size + 100 > out.size() ? 0 : size + 100;
        }
    } codec;
    CHECK(is_named(quick_problems(codec), "chunk that spends the whole budget: does not fit"));
}

TEST_CASE("a codec whose views point into itself is named", "[codec_check]") {
    class Keeping final : public FaultyCodec {
        bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
            if (!sound_->decode(bytes, arena, frame)) return false;
            auto* chunk = std::get_if<Chunk>(&frame);
            if (chunk == nullptr) return true;
            std::fill(kept_.begin(), kept_.end(), std::uint8_t{0});
            std::copy(chunk->bytes.begin(), chunk->bytes.end(), kept_.begin());
            chunk->bytes = ByteView(kept_).first(chunk->bytes.size());
            return true;
        }
        Bytes kept_ = Bytes(kChunkBudget);
    } codec;
    CHECK(is_named(quick_problems(codec), "decoded views do not outlive"));
}

TEST_CASE("a codec that accepts hostile frames over their limits is named", "[codec_check]") {
    class Lenient final : public FaultyCodec {
        bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
            if (sound_->decode(bytes, arena, frame)) return true;
            Close close;
            close.candidates = arena.take<Endpoint>(kCandidatesMax + 1);
            frame = close;
            return true;
        }
    } codec;
    CHECK(is_named(quick_problems(codec), "truncated: decode accepts a frame over its limits"));
}

TEST_CASE("a codec that accepts what it cannot say again is named", "[codec_check]") {
    class Forgetful final : public FaultyCodec {
        bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
            if (sound_->decode(bytes, arena, frame)) return true;
            Heartbeat beat;
            beat.sent_us = ++count_;
            frame = beat;
            return true;
        }
        std::size_t encode(const Frame& frame, MutableBytes out) override {
            const auto* beat = std::get_if<Heartbeat>(&frame);
            return sound_->encode(beat == nullptr ? frame : Frame(Heartbeat{}), out);
        }
        std::uint64_t count_ = 0;
    } codec;
    CHECK(is_named(quick_problems(codec), "does not survive encoding again"));
}

TEST_CASE("a codec that refuses its own frames is named", "[codec_check]") {
    class Refusing final : public FaultyCodec {
        bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
            return sound_->decode(bytes, arena, frame) && !std::holds_alternative<Graft>(frame);
        }
    } codec;
    CHECK(is_named(quick_problems(codec), "graft: decode refuses what encode wrote"));
}

// Goal: work that outgrows its input is seen. Method: burn processor time on one kind of input.
TEST_CASE("a codec that takes its time over some inputs is named", "[codec_check]") {
    class Slow final : public FaultyCodec {
        bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
            const bool is_accepted = sound_->decode(bytes, arena, frame);
            if (is_accepted && std::holds_alternative<Prune>(frame)) burn();
            return is_accepted;
        }
        void burn() {
            for (std::uint32_t i = 0; i < 5'000'000; ++i) work_ = work_ + i;
        }
        volatile std::uint32_t work_ = 0;
    } codec;
    CHECK(is_named(quick_problems(codec), "prune: decode takes longer"));
}

TEST_CASE("a codec without id or name is named", "[codec_check]") {
    class Nameless final : public FaultyCodec {
        CodecId id() const override { return 0; }
        std::string_view name() const override { return {}; }
    } codec;
    const auto problems = quick_problems(codec);
    CHECK(is_named(problems, "codec: its id is 0"));
    CHECK(is_named(problems, "codec: has no name"));
}

TEST_CASE("the same seed makes the same frames", "[codec_check]") {
    SampleFrames one(3);
    SampleFrames other(3);
    SampleFrames different(4);
    int differing = 0;
    for (int i = 0; i < 50; ++i) {
        const SampleFrame a = one.any();
        CHECK(is_same(a.frame, other.any().frame));
        differing += !is_same(a.frame, different.any().frame);
    }
    CHECK(differing > 40);
}

}  // namespace
}  // namespace hearsay::wire
