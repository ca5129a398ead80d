#include <benchmark/benchmark.h>

#include "wire/codec.h"
#include "wire/protobuf/make.h"
#include "wire/sample_frames.h"

// What each codec costs per frame, in time and bytes. Promised: encode and decode of a chunk of
// about 1,000 bytes at most 1 us each, and decode in FlatBuffers at most 300 ns.
namespace hearsay::wire {
namespace {

constexpr auto kRandom = SampleFrames::Values::random;
alignas(8) std::array<std::uint8_t, kPlaintextSizeMax> memory;

struct FrameMaker {
    const char* name;
    SampleFrame (*make)();
};

// Numbers of the size that a network of some weeks has: a codec may write small ones shorter.
SampleFrame ordinary(SampleFrame sample) {
    constexpr std::uint64_t kNow = 1'800'000'000'000;
    if (auto* chunk = std::get_if<Chunk>(&sample.frame); chunk != nullptr) {
        chunk->header.epoch = chunk->header.created_ms = kNow;
        chunk->header.seq = 10'000;
        chunk->header.lifetime_ms = 60'000;
        chunk->header.kind = Kind::message;
        chunk->header.flags = chunk->index = chunk->lead = 0;
        chunk->first_message = 0;
        chunk->header.chunk_count = 1;
        chunk->header.body_size = 890;
        chunk->hops = 2;
    }
    if (auto* beat = std::get_if<Heartbeat>(&sample.frame); beat != nullptr)
        *beat = {1'000'000'000, 999'500'000, 500, kNow, 3, false, kNow, 40};
    return sample;
}

const FrameMaker kFrames[] = {
    {"chunk", [] { return ordinary(SampleFrames(1).chunk(kRandom, {6, 890, 0, true})); }},
    {"chunk_without_header",
     [] { return ordinary(SampleFrames(1).chunk(kRandom, {0, 580, 10, false})); }},
    {"ack", [] { return SampleFrames(1).ack(kRandom, 2, 0); }},
    {"have", [] { return SampleFrames(1).have(kRandom, {4, 16}, 0, 0); }},
    {"heartbeat", [] { return ordinary(SampleFrames(1).heartbeat(kRandom)); }},
};

void encode(benchmark::State& state, Codec& codec, const FrameMaker& maker) {
    const SampleFrame sample = maker.make();
    std::size_t size = 0;
    for (auto _ : state) {
        size = codec.encode(sample.frame, memory);
        benchmark::DoNotOptimize(memory.data());
    }
    state.counters["frame_bytes"] = static_cast<double>(size);
}

void decode(benchmark::State& state, Codec& codec, const FrameMaker& maker) {
    const SampleFrame sample = maker.make();
    const ByteView bytes = ByteView(memory).first(codec.encode(sample.frame, memory));
    FrameArena arena;
    Frame frame;
    for (auto _ : state) {
        arena.reset();
        benchmark::DoNotOptimize(codec.decode(bytes, arena, frame));
        benchmark::DoNotOptimize(frame);
    }
    state.counters["frame_bytes"] = static_cast<double>(bytes.size());
}

// FlatBuffers under the plain names encode_chunk and so on, the other with its name behind.
void enlist(Codec& codec, const std::string& suffix) {
    for (const FrameMaker& maker : kFrames) {
        benchmark::RegisterBenchmark(
            ("encode_" + std::string(maker.name) + suffix).c_str(),
            [&codec, &maker](benchmark::State& state) { encode(state, codec, maker); });
        benchmark::RegisterBenchmark(
            ("decode_" + std::string(maker.name) + suffix).c_str(),
            [&codec, &maker](benchmark::State& state) { decode(state, codec, maker); });
    }
}

const bool is_enlisted = [] {
    static const auto flatbuffers = make_flatbuffers_codec();
    static const std::unique_ptr<Codec> protobuf(make_protobuf_codec());
    enlist(*flatbuffers, "");
    enlist(*protobuf, "_protobuf");
    return true;
}();

}  // namespace
}  // namespace hearsay::wire
