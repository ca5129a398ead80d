#pragma once

#include <bit>

#include "wire/codec.h"
#include "wire/flatbuffers/hearsay_generated.h"

// The two halves of the FlatBuffers codec, for codec.cc alone.
namespace hearsay::wire::fb {

// Builds `frame` in `builder`, which is cleared first and keeps its memory from call to call, and
// finishes it.
void build(const wire::Frame& frame, flatbuffers::FlatBufferBuilder& builder);

// Copies or points at what a verified buffer holds. False when it says something that no frame
// says; counts and order are left to keeps_limits().
bool read(const Frame& source, FrameArena& arena, wire::Frame& frame);

// Ours and FlatBuffers' byte arrays have one layout.
inline NodeId to_fb(const crypto::NodeId& id) { return std::bit_cast<NodeId>(id); }
inline crypto::NodeId from_fb(const NodeId& id) { return std::bit_cast<crypto::NodeId>(id); }

}  // namespace hearsay::wire::fb
