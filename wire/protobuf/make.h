#pragma once

#include "wire/codec.h"

namespace hearsay::wire {

inline constexpr CodecId kProtobufId = 2;
// Of the caller's. Linked by tests and by the plugin, not by the daemon.
Codec* make_protobuf_codec();

}  // namespace hearsay::wire
