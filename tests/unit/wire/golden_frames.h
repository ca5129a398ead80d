#pragma once

#include <string>

#include "wire/frame.h"

namespace hearsay::wire::test {

// The frame that the golden vector `name` of tests/vectors/wire_frames.txt holds. Its views live
// as long as the program.
Frame golden_frame(const std::string& name);

inline constexpr const char* kGoldenFrames[] = {
    "chunk", "chunk_without_header", "ack",   "have",  "want",
    "heartbeat", "prune",            "graft", "close",
};

}  // namespace hearsay::wire::test
