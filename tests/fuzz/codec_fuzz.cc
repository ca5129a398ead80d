#include "tests/fuzz/codec_fuzz.h"

namespace hearsay::wire {

std::unique_ptr<Codec> make_fuzzed_codec() { return make_flatbuffers_codec(); }

}  // namespace hearsay::wire
