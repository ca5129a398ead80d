#pragma once

#include <cstddef>

#include "wire/codec.h"

// A codec in a shared object that this tree knows nothing of. The object defines one symbol,
// `hearsay_codec_plugin_v1`; docs/CODECS.md shows how. `_v1` is the form of CodecPlugin itself.
//
// The frames that pass between program and plugin are C++ (spans, string views, a variant), so
// both must agree on far more than a function's name: on every struct of wire/frame.h, on the
// classes of wire/codec.h and on the C++ library. `abi` says which edition of these headers a
// plugin was compiled with, `layout` what its compiler made of them; a program takes only what
// agrees with its own in both. A plugin is therefore built again for every new `abi`.
namespace hearsay::wire {

// Raised with any change to wire/codec.h, wire/frame.h, base/bytes.h, base/endpoint.h,
// crypto/ids.h or a limit of wire/limits.h that a codec checks.
inline constexpr std::uint32_t kCodecAbi = 1;

// A number made of the sizes and places of all that crosses the border (FNV-1a, over words).
constexpr std::uint64_t frame_layout() {
    const std::size_t facts[] = {
        sizeof(Codec), sizeof(FrameArena), FrameArena::kCapacity,
        std::variant_size_v<Frame>, sizeof(Frame), alignof(Frame),
        sizeof(BatchHeader), offsetof(BatchHeader, seq), offsetof(BatchHeader, created_ms),
        offsetof(BatchHeader, lifetime_ms), offsetof(BatchHeader, kind),
        offsetof(BatchHeader, flags), offsetof(BatchHeader, chunk_count),
        offsetof(BatchHeader, body_size), offsetof(BatchHeader, topic),
        sizeof(Chunk), offsetof(Chunk, header), offsetof(Chunk, signature), offsetof(Chunk, uid),
        offsetof(Chunk, index), offsetof(Chunk, first_message), offsetof(Chunk, lead),
        offsetof(Chunk, hops), offsetof(Chunk, bytes), offsetof(Chunk, path),
        sizeof(NumberRange), sizeof(Credit), sizeof(Ack), offsetof(Ack, ranges),
        offsetof(Ack, credits), sizeof(StreamRanges), offsetof(StreamRanges, floor),
        offsetof(StreamRanges, top), offsetof(StreamRanges, ranges), sizeof(RecordVersion),
        sizeof(Have), offsetof(Have, bucket_hashes), offsetof(Have, expanded),
        offsetof(Have, records), sizeof(WantedChunks), sizeof(Want), offsetof(Want, chunks),
        offsetof(Want, records), sizeof(Heartbeat), offsetof(Heartbeat, echo_delay_us),
        offsetof(Heartbeat, wall_ms), offsetof(Heartbeat, lost), offsetof(Heartbeat, wants_reply),
        offsetof(Heartbeat, known_version), sizeof(Close), offsetof(Close, candidates),
        sizeof(Endpoint), offsetof(Endpoint, port), offsetof(Endpoint, scope),
    };
    std::uint64_t mixed = 0xcbf29ce484222325;
    for (const std::size_t fact : facts) mixed = (mixed ^ fact) * 0x100000001b3;
    return mixed;
}

struct CodecPlugin {
    std::uint32_t abi = kCodecAbi;
    std::uint32_t reserved = 0;
    std::uint64_t layout = frame_layout();
    // A codec of the caller's; null when it cannot be made. Called once per program.
    Codec* (*make)() = nullptr;
};
inline constexpr const char* kCodecPluginSymbol = "hearsay_codec_plugin_v1";

}  // namespace hearsay::wire

// Defined by the plugin, by nobody else.
extern "C" [[gnu::visibility("default")]] const hearsay::wire::CodecPlugin hearsay_codec_plugin_v1;
