#include "wire/codec_plugin.h"
#include "wire/protobuf/make.h"

const hearsay::wire::CodecPlugin hearsay_codec_plugin_v1 = {
    .make = hearsay::wire::make_protobuf_codec};
