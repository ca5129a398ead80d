#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "wire/frame.h"
#include "wire/limits.h"

// The pluggable wire. A codec turns one frame into bytes and back; the list of frames that makes
// a datagram is the same for all (wire/plaintext.h), so a relay encodes a chunk once however many
// neighbours get it. Signatures never cover an encoding, so nodes may differ in theirs.
namespace hearsay::wire {

using CodecId = std::uint8_t;  // travels in every SEALED header; 0 is nobody's

// Memory for the lists of decoded frames: fixed size, no allocation after construction. What is
// taken stays valid until reset().
class FrameArena {
public:
    // The most a datagram can ask for: its lists at one element per byte would not pass the
    // limits; 64 KiB holds kFramesPerDatagramMax lists of the longest kinds.
    static constexpr std::size_t kCapacity = 64 << 10;

    // Not initialised, so that the kernel need give only the pages that were ever used.
    FrameArena() : memory_(std::make_unique_for_overwrite<std::byte[]>(kCapacity)) {}

    // An uninitialised list of `count` trivial values; empty (and count != 0) when exhausted.
    template <typename T>
    std::span<T> take(std::size_t count) {
        const std::size_t start = (used_ + alignof(T) - 1) / alignof(T) * alignof(T);
        if (count > (kCapacity - start) / sizeof(T)) return {};
        used_ = start + count * sizeof(T);
        T* first = reinterpret_cast<T*>(memory_.get() + start);
        for (std::size_t i = 0; i < count; ++i) new (first + i) T();
        return {first, count};
    }
    void reset() { used_ = 0; }
    // What has been taken since reset().
    std::span<const std::byte> taken() const { return {memory_.get(), used_}; }

private:
    std::unique_ptr<std::byte[]> memory_;
    std::size_t used_ = 0;
};

class Codec {
public:
    virtual ~Codec() = default;
    virtual CodecId id() const = 0;
    virtual std::string_view name() const = 0;

    // Writes `frame` to the start of `out` and returns the bytes used; 0 when it does not fit.
    // Precondition: the frame keeps the limits of wire/limits.h.
    virtual std::size_t encode(const Frame& frame, MutableBytes out) = 0;

    // Reads one frame from exactly `bytes` (aligned to 8), which came from a stranger: whatever
    // they are, this returns, in time linear in their size, without reading outside them. False:
    // malformed or over a limit, `frame` unspecified. Views in `frame` point into `bytes` and
    // `arena`. Encodings need not be unique: several byte strings may decode to one frame.
    virtual bool decode(ByteView bytes, FrameArena& arena, Frame& frame) = 0;
};

// Codecs by id and name, in the order of the operator's preference. Owns them.
class CodecRegistry {
public:
    // False, and nothing is added, when id or name is taken, id is 0 or kCodecsMax are there.
    bool add(std::unique_ptr<Codec> codec);
    Codec* find(CodecId id) const;
    Codec* find(std::string_view name) const;
    std::span<const std::unique_ptr<Codec>> all() const { return codecs_; }
    // Our most preferred among those the other side reads; nullptr when there is none.
    Codec* preferred_of(std::span<const CodecId> readable) const;

private:
    std::vector<std::unique_ptr<Codec>> codecs_;
};

inline constexpr CodecId kFlatbuffersId = 1;
std::unique_ptr<Codec> make_flatbuffers_codec();

}  // namespace hearsay::wire
