#include "wire/frame_limits.h"
#include "wire/protobuf/make.h"
#include "wire/protobuf/parts.h"

namespace hearsay::wire {
namespace {

class ProtobufCodec final : public Codec {
public:
    CodecId id() const override { return kProtobufId; }
    std::string_view name() const override { return "protobuf"; }

    std::size_t encode(const Frame& frame, MutableBytes out) override {
        pb::Writer measure;
        pb::write(frame, measure);
        if (measure.size() > out.size()) return 0;
        pb::Writer writer(out.data());
        pb::write(frame, writer);
        return writer.size();
    }

    bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
        return pb::read(bytes, arena, frame) && keeps_limits(frame);
    }
};

}  // namespace

Codec* make_protobuf_codec() { return new ProtobufCodec; }

}  // namespace hearsay::wire
