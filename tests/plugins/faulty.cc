#include "wire/codec_plugin.h"

// The default codec under another name, with the fault that the build names (CMakeLists.txt).
namespace hearsay::wire {
namespace {

enum class Fault {
    no_symbol,
    other_edition,
    other_layout,
    no_codec,
    no_name,
    taken_id,
    taken_name,
    swaps_fields,
    slow_to_lie,  // sound until it meets a chunk of the topic "lie"
};
constexpr Fault kFault = Fault::PLUGIN_FAULT;

class FaultyCodec final : public Codec {
public:
    CodecId id() const override { return kFault == Fault::taken_id ? kFlatbuffersId : 201; }
    std::string_view name() const override {
        if (kFault == Fault::no_name) return "No Name";
        return kFault == Fault::taken_name ? "flatbuffers" : "faulty";
    }
    std::size_t encode(const Frame& frame, MutableBytes out) override {
        return sound_->encode(frame, out);
    }
    bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
        if (!sound_->decode(bytes, arena, frame)) return false;
        auto* chunk = std::get_if<Chunk>(&frame);
        if (chunk == nullptr) return true;
        if (kFault == Fault::swaps_fields) std::swap(chunk->header.epoch, chunk->header.seq);
        if (kFault == Fault::slow_to_lie && chunk->header.topic == "lie")
            chunk->bytes = {bytes.data() - 100, 300};
        return true;
    }

private:
    std::unique_ptr<Codec> sound_ = make_flatbuffers_codec();
};

Codec* make() { return kFault == Fault::no_codec ? nullptr : new FaultyCodec; }

}  // namespace
}  // namespace hearsay::wire

using hearsay::wire::Fault;
using hearsay::wire::kFault;

extern "C" [[gnu::visibility("default")]] const hearsay::wire::CodecPlugin PLUGIN_SYMBOL;
const hearsay::wire::CodecPlugin PLUGIN_SYMBOL = {
    .abi = hearsay::wire::kCodecAbi + (kFault == Fault::other_edition ? 1 : 0),
    .layout = hearsay::wire::frame_layout() + (kFault == Fault::other_layout ? 1 : 0),
    .make = hearsay::wire::make,
};
