#pragma once

#include <string>

#include "wire/codec.h"

// The conformance kit: what every codec must pass, as a library that any codec's test calls.
namespace hearsay::wire {

struct CodecCheckOptions {
    std::uint64_t seed = 1;
    // Few frames, a fraction of a second: what a daemon runs when it loads a codec.
    bool is_quick = false;
};

// One line for each thing that is wrong; empty when the codec conforms. Checks: round trip of
// every frame at ordinary, smallest and largest values; the size of the largest Chunk within
// kFrameSizeMax and of every list at its limit within a datagram; decode of every truncation and
// every bit flip refused or within limits; lists over their limits refused; encode into too
// small a buffer returns 0 and writes nothing outside; time linear in size.
std::vector<std::string> check_codec(Codec& codec, const CodecCheckOptions& options);

// Whether two frames say the same, views compared by content.
bool is_same(const Frame& a, const Frame& b);

}  // namespace hearsay::wire
