#include "wire/codec_guard.h"

#include <string>

#include "wire/frame_limits.h"

namespace hearsay::wire {
namespace {

// The memory that a decoded frame may point into.
class Ground {
public:
    Ground(ByteView bytes, const FrameArena& arena)
        : bytes_(bytes), arena_(arena.taken().data(), arena.taken().size()) {}

    template <typename T>
    bool holds(std::span<const T> list) const {
        if (list.empty()) return true;
        const auto start = reinterpret_cast<std::uintptr_t>(list.data());
        return start % alignof(T) == 0 &&
               (is_inside(start, list.size(), sizeof(T), address_of(bytes_), bytes_.size()) ||
                is_inside(start, list.size(), sizeof(T), address_of(arena_), arena_.size()));
    }

private:
    template <typename Byte>
    static std::uintptr_t address_of(std::span<const Byte> memory) {
        return reinterpret_cast<std::uintptr_t>(memory.data());
    }

    // In subtractions and divisions, which cannot overflow as sums and products can.
    static bool is_inside(std::uintptr_t start, std::size_t count, std::size_t each,
                          std::uintptr_t memory, std::size_t size) {
        if (start < memory || start - memory > size) return false;
        return count <= (size - (start - memory)) / each;
    }

    ByteView bytes_;
    std::span<const std::byte> arena_;
};

struct ViewsOf {
    const Ground& ground;

    bool operator()(const Chunk& chunk) const {
        const bool has_topic = !chunk.has_header || ground.holds(bytes_of(chunk.header.topic));
        return has_topic && ground.holds(chunk.bytes) && ground.holds(chunk.path);
    }
    bool operator()(const Ack& ack) const {
        return ground.holds(ack.ranges) && ground.holds(ack.credits);
    }
    bool operator()(const Have& have) const {
        return are_held(have.streams) && ground.holds(have.bucket_hashes) &&
               ground.holds(have.records);
    }
    bool operator()(const Want& want) const {
        return are_held(want.streams) && ground.holds(want.chunks) && ground.holds(want.records);
    }
    bool operator()(const Heartbeat&) const { return true; }
    bool operator()(const Prune&) const { return true; }
    bool operator()(const Graft&) const { return true; }
    bool operator()(const Close& close) const { return ground.holds(close.candidates); }

    // The list itself first: its entries hold views too.
    bool are_held(std::span<const StreamRanges> streams) const {
        if (!ground.holds(streams)) return false;
        return std::all_of(streams.begin(), streams.end(), [this](const StreamRanges& stream) {
            return ground.holds(stream.ranges);
        });
    }
};

class GuardedCodec final : public Codec {
public:
    explicit GuardedCodec(std::unique_ptr<Codec> codec)
        : codec_(std::move(codec)), id_(codec_->id()), name_(codec_->name()) {}

    CodecId id() const override { return id_; }
    std::string_view name() const override { return name_; }

    std::size_t encode(const Frame& frame, MutableBytes out) override {
        try {
            const std::size_t size = codec_->encode(frame, out);
            return size <= out.size() ? size : 0;
        } catch (...) {
            return 0;
        }
    }

    bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
        try {
            if (!codec_->decode(bytes, arena, frame)) return false;
        } catch (...) {
            return false;
        }
        if (frame.valueless_by_exception()) return false;
        // Views before limits: the check of limits looks into lists.
        const Ground ground(bytes, arena);
        return std::visit(ViewsOf{ground}, frame) && keeps_limits(frame);
    }

private:
    std::unique_ptr<Codec> codec_;
    CodecId id_;
    std::string name_;  // what the codec says later moves nothing
};

}  // namespace

std::unique_ptr<Codec> guard(std::unique_ptr<Codec> codec) {
    return std::make_unique<GuardedCodec>(std::move(codec));
}

}  // namespace hearsay::wire
