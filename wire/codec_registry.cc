#include <algorithm>

#include "wire/codec.h"

namespace hearsay::wire {

bool CodecRegistry::add(std::unique_ptr<Codec> codec) {
    if (codec == nullptr || codec->id() == 0 || codecs_.size() >= kCodecsMax) return false;
    if (find(codec->id()) != nullptr || find(codec->name()) != nullptr) return false;
    codecs_.push_back(std::move(codec));
    return true;
}

Codec* CodecRegistry::find(CodecId id) const {
    for (const auto& codec : codecs_)
        if (codec->id() == id) return codec.get();
    return nullptr;
}

Codec* CodecRegistry::find(std::string_view name) const {
    for (const auto& codec : codecs_)
        if (codec->name() == name) return codec.get();
    return nullptr;
}

Codec* CodecRegistry::preferred_of(std::span<const CodecId> readable) const {
    for (const auto& codec : codecs_)
        if (std::find(readable.begin(), readable.end(), codec->id()) != readable.end())
            return codec.get();
    return nullptr;
}

}  // namespace hearsay::wire
