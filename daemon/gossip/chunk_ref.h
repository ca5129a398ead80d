#pragma once

#include <cstdint>

namespace hearsay::gossip {

// Names a stored chunk: the place of its batch in the store, how often that place has been used
// (so that a name outlives its batch harmlessly), and the chunk's index.
struct ChunkRef {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    std::uint16_t index = 0;
    bool operator==(const ChunkRef&) const = default;
};

}  // namespace hearsay::gossip
