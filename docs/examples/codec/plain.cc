// A codec of one's own, whole: every number little-endian at its full size, every list behind a
// count of two bytes. Builds to a shared object that hearsayd loads (docs/CODECS.md).
#include "wire/codec_plugin.h"
#include "wire/frame_limits.h"

namespace hearsay::wire {
namespace {

// Passes the fields of a frame one after the other, either way: with an arena it reads them, else
// it writes them. So what is written and what is read cannot differ.
class Coder {
public:
    explicit Coder(MutableBytes out) : out_(out) {}
    Coder(ByteView in, FrameArena& arena) : in_(in), arena_(&arena) {}

    bool pass(Frame& frame) {
        auto kind = static_cast<std::uint8_t>(frame.index());
        if (!number(kind)) return false;
        if (arena_ != nullptr && !make(kind, frame)) return false;
        return std::visit([this](auto& each) { return fields(each); }, frame);
    }
    std::size_t used() const { return used_; }
    bool is_at_end() const { return used_ == in_.size(); }

private:
    static bool make(std::uint8_t kind, Frame& frame) {
        switch (kind) {
            case 0: frame.emplace<Chunk>(); return true;
            case 1: frame.emplace<Ack>(); return true;
            case 2: frame.emplace<Have>(); return true;
            case 3: frame.emplace<Want>(); return true;
            case 4: frame.emplace<Heartbeat>(); return true;
            case 5: frame.emplace<Prune>(); return true;
            case 6: frame.emplace<Graft>(); return true;
            case 7: frame.emplace<Close>(); return true;
            default: return false;
        }
    }

    bool fields(Chunk& chunk) {
        if (!flag(chunk.has_header)) return false;
        if (!(chunk.has_header ? fields(chunk.header) && array(chunk.signature.bytes)
                               : array(chunk.uid.bytes)))
            return false;
        return numbers(chunk.index, chunk.first_message, chunk.lead, chunk.hops) &&
               view(chunk.bytes) && list(chunk.path);
    }
    bool fields(BatchHeader& header) {
        ByteView topic = bytes_of(header.topic);
        if (!array(header.publisher.bytes) || !view(topic)) return false;
        header.topic = text_of(topic);
        return numbers(header.epoch, header.seq, header.created_ms, header.lifetime_ms,
                       header.kind, header.flags, header.chunk_count, header.body_size);
    }
    bool fields(Ack& ack) {
        return number(ack.delay_us) && list(ack.ranges) && list(ack.credits);
    }
    bool fields(Have& have) {
        return list(have.streams) && list(have.bucket_hashes) && number(have.expanded) &&
               list(have.records);
    }
    bool fields(Want& want) {
        return list(want.streams) && list(want.chunks) && list(want.records);
    }
    bool fields(Heartbeat& beat) {
        return numbers(beat.sent_us, beat.echo_us, beat.echo_delay_us, beat.wall_ms, beat.lost,
                       beat.known_epoch, beat.known_version) &&
               flag(beat.wants_reply);
    }
    bool fields(Prune& prune) { return fields(prune.publisher); }
    bool fields(Graft& graft) { return fields(graft.publisher); }
    bool fields(Close& close) { return number(close.reason) && list(close.candidates); }

    bool fields(std::uint64_t& hash) { return number(hash); }
    bool fields(crypto::NodeId& id) { return array(id.bytes); }
    bool fields(crypto::Hash& hash) { return array(hash.bytes); }
    bool fields(NumberRange& range) { return numbers(range.first, range.last); }
    bool fields(Credit& credit) { return fields(credit.publisher) && number(credit.bytes); }
    bool fields(StreamRanges& stream) {
        return fields(stream.publisher) && numbers(stream.epoch, stream.floor, stream.top) &&
               list(stream.ranges);
    }
    bool fields(RecordVersion& record) {
        return fields(record.member) && numbers(record.epoch, record.version);
    }
    bool fields(WantedChunks& wanted) {
        return array(wanted.uid.bytes) && numbers(wanted.first, wanted.last);
    }
    bool fields(Endpoint& at) { return array(at.address) && number(at.port); }

    template <typename... Numbers>
    bool numbers(Numbers&... all) {
        return (number(all) && ...);
    }
    template <typename Number>
    bool number(Number& value) {
        std::array<std::uint8_t, sizeof(Number)> bytes{};
        auto rest = static_cast<std::uint64_t>(value);
        for (std::uint8_t& byte : bytes) {
            byte = static_cast<std::uint8_t>(rest);
            rest >>= 8;
        }
        if (!array(bytes)) return false;
        for (std::size_t i = sizeof(Number); i-- > 0;) rest = rest << 8 | bytes[i];
        value = static_cast<Number>(rest);
        return true;
    }
    bool flag(bool& value) {
        std::uint8_t byte = value ? 1 : 0;
        if (!number(byte) || byte > 1) return false;
        value = byte == 1;
        return true;
    }
    template <std::size_t N>
    bool array(std::array<std::uint8_t, N>& bytes) {
        ByteView all = bytes;
        if (!piece(all, N)) return false;
        if (arena_ != nullptr) std::copy(all.begin(), all.end(), bytes.begin());
        return true;
    }
    bool view(ByteView& bytes) {
        auto size = static_cast<std::uint16_t>(bytes.size());
        return number(size) && piece(bytes, size);
    }
    template <typename T>
    bool list(std::span<const T>& entries) {
        auto count = static_cast<std::uint16_t>(entries.size());
        if (!number(count)) return false;
        if (arena_ == nullptr)
            return std::all_of(entries.begin(), entries.end(),
                               [this](T entry) { return fields(entry); });
        const std::span<T> taken = arena_->take<T>(count);
        entries = taken;
        return taken.size() == count && std::all_of(taken.begin(), taken.end(), [this](T& entry) {
            return fields(entry);
        });
    }
    // The next `size` bytes: written from `bytes`, or `bytes` made a view of them.
    bool piece(ByteView& bytes, std::size_t size) {
        const std::size_t room = (arena_ == nullptr ? out_.size() : in_.size()) - used_;
        if (size > room) return false;
        if (arena_ == nullptr)
            std::copy_n(bytes.begin(), size, out_.subspan(used_).begin());
        else
            bytes = in_.subspan(used_, size);
        used_ += size;
        return true;
    }

    MutableBytes out_;
    ByteView in_;
    FrameArena* arena_ = nullptr;
    std::size_t used_ = 0;
};

class PlainCodec final : public Codec {
public:
    CodecId id() const override { return 200; }  // 128 to 255 are for private use
    std::string_view name() const override { return "plain"; }

    std::size_t encode(const Frame& frame, MutableBytes out) override {
        Frame copy = frame;  // of the views, not of what they show
        Coder coder(out);
        return coder.pass(copy) ? coder.used() : 0;
    }
    bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
        Coder coder(bytes, arena);
        return coder.pass(frame) && coder.is_at_end() && keeps_limits(frame);
    }
};

}  // namespace
}  // namespace hearsay::wire

const hearsay::wire::CodecPlugin hearsay_codec_plugin_v1 = {
    .make = []() -> hearsay::wire::Codec* { return new hearsay::wire::PlainCodec; }};
