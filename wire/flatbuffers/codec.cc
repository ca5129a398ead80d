#include "wire/codec.h"

#include "wire/flatbuffers/parts.h"
#include "wire/frame_limits.h"

namespace hearsay::wire {
namespace {

// FlatBuffers 2.0.8 would walk a million tables 64 deep: 7 ms for a 488-byte buffer made for it.
// A frame is two tables, one in the other.
constexpr flatbuffers::uoffset_t kDepthMax = 8;
constexpr flatbuffers::uoffset_t kTablesMax = 64;

flatbuffers::Verifier verifier_of(ByteView bytes) {
    flatbuffers::Verifier::Options options;
    options.max_depth = kDepthMax;
    options.max_tables = kTablesMax;
    options.check_nested_flatbuffers = false;
    return flatbuffers::Verifier(bytes.data(), bytes.size(), options);
}

class FlatbuffersCodec final : public Codec {
public:
    CodecId id() const override { return kFlatbuffersId; }
    std::string_view name() const override { return "flatbuffers"; }

    std::size_t encode(const Frame& frame, MutableBytes out) override {
        fb::build(frame, builder_);
        const std::size_t size = builder_.GetSize();
        if (size > out.size()) return 0;
        std::copy_n(builder_.GetBufferPointer(), size, out.begin());
        return size;
    }

    bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
        // Accessors are no bounds checks: nothing may be read before the whole buffer is proven.
        flatbuffers::Verifier verifier = verifier_of(bytes);
        if (!verifier.VerifyBuffer<fb::Frame>(nullptr)) return false;
        return fb::read(*flatbuffers::GetRoot<fb::Frame>(bytes.data()), arena, frame) &&
               keeps_limits(frame);
    }

private:
    // Its first block holds any frame within the limits and the builder's notes beside it.
    flatbuffers::FlatBufferBuilder builder_{4096};
};

}  // namespace

std::unique_ptr<Codec> make_flatbuffers_codec() { return std::make_unique<FlatbuffersCodec>(); }

}  // namespace hearsay::wire
