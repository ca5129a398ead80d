#include "wire/codec_check.h"

#include <algorithm>
#include <ctime>

#include "wire/frame_limits.h"
#include "wire/sample_frames.h"

namespace hearsay::wire {
namespace {

constexpr std::size_t kProblemsMax = 50;
// Decoding a datagram is a microsecond's work. A thousand times that, as the best of three
// measures of processor time, is no noise and no sanitizer: it is work that grows faster than
// its input.
constexpr std::clock_t kDecodeClocksMax = CLOCKS_PER_SEC / 1000;

// Memory with a pattern around it that must survive.
class GuardedBuffer {
public:
    explicit GuardedBuffer(std::size_t size)
        : memory_(kGuard + size + kGuard, kPattern), size_(size) {}

    MutableBytes room() { return MutableBytes(memory_).subspan(kGuard, size_); }
    bool is_intact() const {
        const ByteView all = memory_;
        return is_pattern(all.first(kGuard)) && is_pattern(all.last(kGuard));
    }

private:
    static constexpr std::size_t kGuard = 64;
    static constexpr std::uint8_t kPattern = 0xa5;
    static bool is_pattern(ByteView bytes) {
        return std::all_of(bytes.begin(), bytes.end(),
                           [](std::uint8_t byte) { return byte == kPattern; });
    }

    Bytes memory_;
    std::size_t size_;
};

// Exactly `size` bytes of the heap, aligned to 8, so that a sanitizer sees a read beyond them.
class ExactBytes {
public:
    explicit ExactBytes(ByteView source)
        : memory_(new std::uint8_t[source.size()]), size_(source.size()) {
        std::copy(source.begin(), source.end(), memory_.get());
    }
    ByteView view() const { return {memory_.get(), size_}; }

private:
    std::unique_ptr<std::uint8_t[]> memory_;
    std::size_t size_;
};

class CodecCheck {
public:
    CodecCheck(Codec& codec, const CodecCheckOptions& options)
        : codec_(codec), options_(options), samples_(options.seed) {}

    std::vector<std::string> run() {
        check_name();
        for (const SampleFrame& sample : samples_.typical()) check_frame(sample);
        for (int i = 0; i < (options_.is_quick ? 20 : 500); ++i) check_frame(samples_.any());
        check_largest_chunks();
        for (const SampleFrame& sample : samples_.over_limits()) check_over_limit(sample);
        check_garbage();
        check_splices();
        return std::move(problems_);
    }

private:
    void report(const std::string& what, std::string problem) {
        if (problems_.size() >= kProblemsMax || is_reported(what, problem)) return;
        problems_.push_back(what + ": " + std::move(problem));
    }

    bool is_reported(const std::string& what, const std::string& problem) const {
        return std::find(problems_.begin(), problems_.end(), what + ": " + problem) !=
               problems_.end();
    }

    void check_name() {
        if (codec_.id() == 0) report("codec", "its id is 0, which is nobody's");
        if (codec_.name().empty()) report("codec", "has no name");
    }

    // Bytes of the encoded frame; empty, and reported, when there are none or too many.
    Bytes encode(const SampleFrame& sample, std::size_t room) {
        GuardedBuffer buffer(room);
        const std::size_t size = codec_.encode(sample.frame, buffer.room());
        if (!buffer.is_intact()) report(sample.name, "encode wrote outside its buffer");
        if (size > room) report(sample.name, "encode claims more bytes than there was room for");
        if (size == 0 || size > room) return {};
        const MutableBytes used = buffer.room().first(size);
        return {used.begin(), used.end()};
    }

    // Whether decode says yes, within its time.
    bool decode(const std::string& what, ByteView bytes, FrameArena& arena, Frame& frame) {
        std::clock_t best = kDecodeClocksMax + 1;
        bool is_accepted = false;
        for (int i = 0; i < 3 && best > kDecodeClocksMax; ++i) {
            arena.reset();
            const std::clock_t start = std::clock();
            is_accepted = codec_.decode(bytes, arena, frame);
            best = std::min(best, std::clock() - start);
        }
        if (best > kDecodeClocksMax) report(what, "decode takes longer than linear time allows");
        return is_accepted;
    }

    void check_frame(const SampleFrame& sample) {
        const Bytes encoded = encode(sample, kFrameSizeMax);
        if (encoded.empty()) return report(sample.name, "does not fit a datagram");
        check_round_trip(sample, encoded);
        check_small_buffers(sample, encoded.size());
        check_truncations(sample.name, encoded);
        check_flips(sample.name, encoded);
    }

    // A decoded frame must outlive the codec's next work: its views are into bytes and arena.
    void check_round_trip(const SampleFrame& sample, const Bytes& encoded) {
        const ExactBytes bytes(encoded);
        Frame frame;
        if (!decode(sample.name, bytes.view(), arena_, frame))
            return report(sample.name, "decode refuses what encode wrote");
        if (!is_same(frame, sample.frame)) return report(sample.name, "comes back changed");
        disturb();
        if (!is_same(frame, sample.frame))
            report(sample.name, "decoded views do not outlive the codec's next work");
    }

    void disturb() {
        Frame frame;
        for (const SampleFrame& other : others_) {
            const ExactBytes bytes(encode(other, kFrameSizeMax));
            other_arena_.reset();
            codec_.decode(bytes.view(), other_arena_, frame);
        }
    }

    // One frame of each kind that has views.
    static std::vector<SampleFrame> others() {
        const auto values = SampleFrames::Values::random;
        SampleFrames samples(7);
        std::vector<SampleFrame> all;
        all.push_back(samples.chunk(values, {20, 300, 3, true}));
        all.push_back(samples.ack(values, 3, 3));
        all.push_back(samples.have(values, {3, 9}, 0, 3));
        all.push_back(samples.want(values, {3, 9}, 3, 3));
        all.push_back(samples.close(values, 3));
        return all;
    }

    void check_small_buffers(const SampleFrame& sample, std::size_t size) {
        if (encode(sample, size).size() != size)
            report(sample.name, "encode does not use a buffer that fits exactly");
        const std::size_t step = options_.is_quick ? 37 : 5;
        for (std::size_t room = 0; room < size; room += step) check_small_buffer(sample, room);
        check_small_buffer(sample, size - 1);
    }

    void check_small_buffer(const SampleFrame& sample, std::size_t room) {
        if (!encode(sample, room).empty())
            report(sample.name, "encode into too small a buffer does not return 0");
    }

    void check_truncations(const std::string& name, const Bytes& encoded) {
        const std::size_t step = options_.is_quick ? 11 : 1;
        for (std::size_t size = 0; size < encoded.size(); size += step)
            check_hostile(name + ", truncated", ByteView(encoded).first(size));
    }

    void check_flips(const std::string& name, Bytes encoded) {
        const std::size_t step = options_.is_quick ? 61 : 3;
        for (std::size_t bit = 0; bit < encoded.size() * 8; bit += step) {
            const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
            encoded[bit / 8] ^= mask;
            check_hostile(name + ", a bit flipped", encoded);
            encoded[bit / 8] ^= mask;
        }
    }

    // Whatever is accepted must be a frame like any other: within limits, and with an encoding
    // that says the same again.
    void check_hostile(const std::string& what, ByteView hostile) {
        const ExactBytes bytes(hostile);
        Frame frame;
        if (!decode(what, bytes.view(), arena_, frame)) return;
        if (!keeps_limits(frame)) return report(what, "decode accepts a frame over its limits");
        GuardedBuffer buffer(kFrameSizeMax);
        const std::size_t size = codec_.encode(frame, buffer.room());
        if (!buffer.is_intact()) report(what, "encode wrote outside its buffer");
        if (size == 0 || size > kFrameSizeMax) return;
        const ExactBytes again(buffer.room().first(size));
        Frame second;
        other_arena_.reset();
        if (!codec_.decode(again.view(), other_arena_, second) || !is_same(frame, second))
            report(what, "an accepted frame does not survive encoding again");
    }

    // Every way to spend the budget, so that no relay ever has to cut a chunk again.
    void check_largest_chunks() {
        const std::size_t step = options_.is_quick ? 51 : 1;
        for (std::size_t path = 0; path <= kPathSizeMax; ++path) {
            for (std::size_t topic = 0; topic <= kTopicSizeMax; topic += step) {
                const std::size_t bytes = kChunkBudget - 32 * path - topic;
                SampleFrame sample =
                    samples_.chunk(SampleFrames::Values::ones, {topic, bytes, path, true});
                sample.name = "chunk that spends the whole budget";
                if (encode(sample, kFrameSizeMax).empty())
                    report(sample.name, "does not fit a datagram");
            }
        }
    }

    // Encoding it breaks a precondition: a codec may answer 0, but if it writes bytes, a
    // stranger can send them.
    void check_over_limit(const SampleFrame& sample) {
        const Bytes encoded = encode(sample, 4 * kDatagramSizeMax);
        if (encoded.empty()) return;
        const ExactBytes bytes(encoded);
        Frame frame;
        if (decode(sample.name, bytes.view(), arena_, frame))
            report(sample.name, "decode accepts it");
    }

    void check_garbage() {
        for (int i = 0; i < (options_.is_quick ? 200 : 5000); ++i) {
            Bytes garbage(samples_.below(kPlaintextSizeMax));
            // Small numbers make plausible offsets and counts.
            const std::uint64_t bound = samples_.below(2) == 0 ? 256 : 24;
            for (std::uint8_t& byte : garbage)
                byte = static_cast<std::uint8_t>(samples_.below(bound));
            check_hostile("random bytes", garbage);
        }
    }

    void check_splices() {
        for (int i = 0; i < (options_.is_quick ? 50 : 2000); ++i) {
            Bytes one = encode(samples_.any(), kFrameSizeMax);
            const Bytes other = encode(samples_.any(), kFrameSizeMax);
            if (one.empty() || other.empty()) continue;
            one.resize(samples_.below(one.size()));
            const ByteView tail = ByteView(other).subspan(samples_.below(other.size()));
            one.insert(one.end(), tail.begin(), tail.end());
            check_hostile("two frames spliced", one);
        }
    }

    Codec& codec_;
    const CodecCheckOptions& options_;
    SampleFrames samples_;
    std::vector<SampleFrame> others_ = others();
    FrameArena arena_;
    FrameArena other_arena_;
    std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> check_codec(Codec& codec, const CodecCheckOptions& options) {
    return CodecCheck(codec, options).run();
}

}  // namespace hearsay::wire
