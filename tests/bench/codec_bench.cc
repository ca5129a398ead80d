#include <benchmark/benchmark.h>

#include "wire/codec.h"
#include "wire/plaintext.h"
#include "wire/sample_frames.h"

// What a codec costs per frame. Promised: encode and decode of a chunk of about 1,000 bytes at
// most 1 us each.
namespace hearsay::wire {
namespace {

constexpr auto kRandom = SampleFrames::Values::random;
alignas(8) std::array<std::uint8_t, kPlaintextSizeMax> memory;

void encode(benchmark::State& state, const SampleFrame& sample) {
    const auto codec = make_flatbuffers_codec();
    std::size_t size = 0;
    for (auto _ : state) {
        size = codec->encode(sample.frame, memory);
        benchmark::DoNotOptimize(memory.data());
    }
    state.counters["frame_bytes"] = static_cast<double>(size);
}

void decode(benchmark::State& state, const SampleFrame& sample) {
    const auto codec = make_flatbuffers_codec();
    const ByteView bytes = ByteView(memory).first(codec->encode(sample.frame, memory));
    FrameArena arena;
    Frame frame;
    for (auto _ : state) {
        arena.reset();
        benchmark::DoNotOptimize(codec->decode(bytes, arena, frame));
        benchmark::DoNotOptimize(frame);
    }
}

SampleFrame chunk() { return SampleFrames(1).chunk(kRandom, {6, 890, 0, true}); }
SampleFrame later_chunk() { return SampleFrames(1).chunk(kRandom, {0, 580, 10, false}); }
SampleFrame ack() { return SampleFrames(1).ack(kRandom, 2, 0); }
SampleFrame have() { return SampleFrames(1).have(kRandom, {4, 16}, 0, 0); }
SampleFrame heartbeat() { return SampleFrames(1).heartbeat(kRandom); }

void encode_chunk(benchmark::State& state) { encode(state, chunk()); }
void decode_chunk(benchmark::State& state) { decode(state, chunk()); }
void encode_chunk_without_header(benchmark::State& state) { encode(state, later_chunk()); }
void decode_chunk_without_header(benchmark::State& state) { decode(state, later_chunk()); }
void encode_ack(benchmark::State& state) { encode(state, ack()); }
void decode_ack(benchmark::State& state) { decode(state, ack()); }
void encode_have(benchmark::State& state) { encode(state, have()); }
void decode_have(benchmark::State& state) { decode(state, have()); }
void encode_heartbeat(benchmark::State& state) { encode(state, heartbeat()); }
void decode_heartbeat(benchmark::State& state) { decode(state, heartbeat()); }

BENCHMARK(encode_chunk);
BENCHMARK(decode_chunk);
BENCHMARK(encode_chunk_without_header);
BENCHMARK(decode_chunk_without_header);
BENCHMARK(encode_ack);
BENCHMARK(decode_ack);
BENCHMARK(encode_have);
BENCHMARK(decode_have);
BENCHMARK(encode_heartbeat);
BENCHMARK(decode_heartbeat);

}  // namespace
}  // namespace hearsay::wire
