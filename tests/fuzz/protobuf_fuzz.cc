#include "tests/fuzz/codec_fuzz.h"
#include "wire/protobuf/make.h"

namespace hearsay::wire {

std::unique_ptr<Codec> make_fuzzed_codec() {
    return std::unique_ptr<Codec>(make_protobuf_codec());
}

}  // namespace hearsay::wire
