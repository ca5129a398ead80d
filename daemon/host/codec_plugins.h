#pragma once

#include <string>

#include "config/config.h"
#include "wire/codec.h"

// Codecs from shared objects (wire/codec_plugin.h). A shared object stays loaded until the
// process ends: its codec and what it links may have left anything anywhere.
namespace hearsay::host {

class Log;

// The codec of the shared object at `path`, as it is: neither tested nor guarded. nullptr, and
// `problem` says in a few words what is wrong: not there, other users may write it, no shared
// object, no codec, for another interface.
std::unique_ptr<wire::Codec> open_codec(const std::string& path, std::string& problem);

// The same for use: it has passed the quick part of the conformance kit (wire/codec_check.h,
// a fraction of a second) and is guarded (wire/codec_guard.h).
std::unique_ptr<wire::Codec> load_codec(const std::string& path, std::string& problem);

// The codecs that [wire] names, in its order. Throws StartupError (kExitConfig) for a plugin that
// cannot be loaded, an id or name that is taken and a name that nobody has; warns of a plugin
// that is loaded but not named.
wire::CodecRegistry make_codecs(const config::Wire& wire, Log& log);

// "flatbuffers, number 77": the name where this program knows it.
std::string codec_names(std::span<const wire::CodecId> ids, const wire::CodecRegistry& ours);
std::string codec_names(const wire::CodecRegistry& ours);

}  // namespace hearsay::host
