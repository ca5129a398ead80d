#include "wire/plaintext.h"

#include <algorithm>

#include "base/insist.h"

namespace hearsay::wire {
namespace {

constexpr std::size_t kAlignment = 8;

constexpr std::size_t padded(std::size_t size) {
    return (size + kAlignment - 1) / kAlignment * kAlignment;
}

bool is_all_zero(ByteView bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool is_aligned(ByteView bytes) {
    return reinterpret_cast<std::uintptr_t>(bytes.data()) % kAlignment == 0;
}

void write_frame_header(MutableBytes at, std::size_t size) {
    std::fill_n(at.begin(), kFrameHeaderSize, std::uint8_t{0});
    at[0] = static_cast<std::uint8_t>(size);
    at[1] = static_cast<std::uint8_t>(size >> 8);
}

}  // namespace

std::size_t PlaintextWriter::frame_room() const {
    if (frames_ == kFramesPerDatagramMax || room() < kFrameHeaderSize + kAlignment) return 0;
    return std::min(kFrameSizeMax, (room() - kFrameHeaderSize) / kAlignment * kAlignment);
}

void PlaintextWriter::close_frame(std::size_t size) {
    const MutableBytes frame = buffer_.subspan(used_, kFrameHeaderSize + padded(size));
    write_frame_header(frame, size);
    const MutableBytes padding = frame.subspan(kFrameHeaderSize + size);
    std::fill(padding.begin(), padding.end(), std::uint8_t{0});
    used_ += frame.size();
    ++frames_;
}

bool PlaintextWriter::add(Codec& codec, const Frame& frame) {
    const std::size_t most = frame_room();
    if (most == 0) return false;
    const std::size_t size = codec.encode(frame, buffer_.subspan(used_ + kFrameHeaderSize, most));
    if (size == 0) return false;
    INSIST(size <= most);
    close_frame(size);
    return true;
}

bool PlaintextWriter::add_encoded(ByteView frame) {
    if (frame.empty() || frame.size() > frame_room()) return false;
    std::copy(frame.begin(), frame.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(
                                                                used_ + kFrameHeaderSize));
    close_frame(frame.size());
    return true;
}

PlaintextReader::PlaintextReader(ByteView plaintext, Codec& codec, FrameArena& arena)
    : rest_(plaintext), codec_(codec), arena_(arena) {
    INSIST(is_aligned(plaintext));
}

PlaintextReader::Step PlaintextReader::next(Frame& frame) {
    if (is_malformed_) return Step::malformed;
    if (rest_.empty() && frames_ > 0) return Step::end;
    if (read(frame)) return Step::frame;
    is_malformed_ = true;
    return Step::malformed;
}

bool PlaintextReader::read(Frame& frame) {
    if (frames_ == kFramesPerDatagramMax || rest_.size() < kFrameHeaderSize) return false;
    const std::size_t size = rest_[0] | static_cast<std::size_t>(rest_[1]) << 8;
    if (size == 0 || size > kFrameSizeMax) return false;
    const std::size_t whole = kFrameHeaderSize + padded(size);
    if (whole > rest_.size()) return false;
    // Bytes nobody reads are bytes a stranger could hide things in or later versions misread.
    if (!is_all_zero(rest_.subspan(2, kFrameHeaderSize - 2))) return false;
    if (!is_all_zero(rest_.subspan(kFrameHeaderSize + size, padded(size) - size))) return false;
    if (!codec_.decode(rest_.subspan(kFrameHeaderSize, size), arena_, frame)) return false;
    rest_ = rest_.subspan(whole);
    ++frames_;
    return true;
}

}  // namespace hearsay::wire
