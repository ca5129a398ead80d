#pragma once

#include <cstdlib>

#include "wire/codec_check.h"
#include "wire/frame_limits.h"
#include "wire/plaintext.h"
#include "wire/sample_frames.h"

// The plaintext of a SEALED packet, as a neighbour gone bad would send it. Included by one source
// of a target, which says whose plaintext.
namespace hearsay::wire {

std::unique_ptr<Codec> make_fuzzed_codec();

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

// What was accepted keeps its limits and survives being said again.
void check_frame(Codec& codec, const Frame& frame) {
    alignas(8) static std::array<std::uint8_t, kFrameSizeMax> memory;
    static FrameArena arena;
    require(keeps_limits(frame));
    const std::size_t size = codec.encode(frame, memory);
    if (size == 0) return;
    Frame again;
    arena.reset();
    require(codec.decode(ByteView(memory).first(size), arena, again));
    require(is_same(frame, again));
}

void check_plaintext(ByteView plaintext) {
    static const auto codec = make_fuzzed_codec();
    static FrameArena arena;
    arena.reset();
    PlaintextReader reader(plaintext, *codec, arena);
    Frame frame;
    std::size_t frames = 0;
    while (reader.next(frame) == PlaintextReader::Step::frame) {
        check_frame(*codec, frame);
        require(++frames <= kFramesPerDatagramMax);
    }
}

// Some valid frames, so that mutations begin beyond the first check.
std::size_t write_sample(std::uint8_t* data, std::size_t most, unsigned int seed) {
    alignas(8) std::array<std::uint8_t, kPlaintextSizeMax> memory;
    const auto codec = make_fuzzed_codec();
    PlaintextWriter writer(memory);
    SampleFrames samples(seed);
    for (std::uint64_t i = samples.below(3); i < 3; ++i) writer.add(*codec, samples.any().frame);
    const std::size_t size = std::min(writer.size(), most);
    std::copy_n(memory.begin(), size, data);
    return size;
}

}  // namespace
}  // namespace hearsay::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > hearsay::wire::kPlaintextSizeMax) return 0;
    // A copy of exactly this size, aligned to 8, as every receive buffer is.
    const std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[size]);
    std::copy_n(data, size, copy.get());
    hearsay::wire::check_plaintext({copy.get(), size});
    return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned int seed) {
    if (seed % 8 == 0) return hearsay::wire::write_sample(data, most, seed);
    return LLVMFuzzerMutate(data, size, most);
}
