#pragma once

#include "wire/codec.h"

// The plaintext of a SEALED packet: a list of frames, each
//     size u16 | zero[6] | frame[size] | zeros up to a multiple of 8
// Nothing follows the last one. Between 1 and kFramesPerDatagramMax frames, none longer than
// kFrameSizeMax however large the datagram: what one link carries, every other link can.
namespace hearsay::wire {

class PlaintextWriter {
public:
    // `buffer` must outlive the writer and be aligned to 8.
    explicit PlaintextWriter(MutableBytes buffer) : buffer_(buffer) {}

    // False when the frame does not fit what is left; nothing is written then.
    bool add(Codec& codec, const Frame& frame);
    // Adds a frame that is already encoded.
    bool add_encoded(ByteView frame);

    std::size_t size() const { return used_; }
    std::size_t room() const { return buffer_.size() - used_; }
    bool is_empty() const { return used_ == 0; }
    ByteView written() const { return buffer_.first(used_); }

private:
    // The longest frame that may be added now; 0 when none.
    std::size_t frame_room() const;
    void close_frame(std::size_t size);

    MutableBytes buffer_;
    std::size_t used_ = 0;
    std::size_t frames_ = 0;
};

class PlaintextReader {
public:
    enum class Step { frame, end, malformed };

    // `plaintext` must be aligned to 8 and outlive the frames read.
    PlaintextReader(ByteView plaintext, Codec& codec, FrameArena& arena);

    // After `malformed` nothing more is read. An empty plaintext is malformed.
    Step next(Frame& frame);

private:
    bool read(Frame& frame);

    ByteView rest_;
    Codec& codec_;
    FrameArena& arena_;
    std::size_t frames_ = 0;
    bool is_malformed_ = false;
};

}  // namespace hearsay::wire
