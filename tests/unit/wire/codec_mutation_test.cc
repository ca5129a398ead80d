#include <functional>

#include "tests/catch.h"
#include "wire/codec_check.h"

// Goal: no field of any frame can be lost, mixed up or damaged by a codec without the conformance
// kit naming the frame. Method: the default codec with one field at a time spoilt after decoding.
namespace hearsay::wire {
namespace {

// One faulty field; false where the frame at hand does not have it.
using Spoil = std::function<bool(Frame&)>;

class Spoiling final : public Codec {
public:
    explicit Spoiling(Spoil spoil) : spoil_(std::move(spoil)) {}
    CodecId id() const override { return 202; }
    std::string_view name() const override { return "spoiling"; }
    std::size_t encode(const Frame& frame, MutableBytes out) override {
        return sound_->encode(frame, out);
    }
    bool decode(ByteView bytes, FrameArena& arena, Frame& frame) override {
        if (!sound_->decode(bytes, arena, frame)) return false;
        spoil_(frame);
        return true;
    }

private:
    std::unique_ptr<Codec> sound_ = make_flatbuffers_codec();
    Spoil spoil_;
};

template <typename T, typename Change>
Spoil in(Change change) {
    return [change](Frame& frame) {
        auto* found = std::get_if<T>(&frame);
        if (found == nullptr) return false;
        change(*found);
        return true;
    };
}

// The first entry of a list, which lies in the arena and so may be changed.
template <typename T>
T* first_of(std::span<const T> list) {
    return list.empty() ? nullptr : const_cast<T*>(list.data());
}

template <typename T, typename Change>
void change_first(std::span<const T> list, Change change) {
    if (T* first = first_of(list)) change(*first);
}

struct Field {
    const char* name;
    Spoil spoil;
};

std::vector<Field> chunk_fields() {
    return {
        {"publisher", in<Chunk>([](Chunk& c) { c.header.publisher.bytes[31] ^= 1; })},
        {"epoch", in<Chunk>([](Chunk& c) { c.header.epoch &= 0xffffffff; })},
        {"seq", in<Chunk>([](Chunk& c) { c.header.seq ^= 1; })},
        {"created_ms", in<Chunk>([](Chunk& c) { c.header.created_ms = 0; })},
        {"lifetime_ms", in<Chunk>([](Chunk& c) { c.header.lifetime_ms &= 0xffff; })},
        {"kind", in<Chunk>([](Chunk& c) { c.header.kind = Kind::message; })},
        {"flags", in<Chunk>([](Chunk& c) { c.header.flags &= 0xff; })},
        {"chunk_count", in<Chunk>([](Chunk& c) { c.header.chunk_count ^= 0x8000; })},
        {"body_size", in<Chunk>([](Chunk& c) { c.header.body_size &= 0xffffff; })},
        {"topic", in<Chunk>([](Chunk& c) {
             if (c.header.topic.size() > 20) c.header.topic.remove_suffix(1);
         })},
        {"signature", in<Chunk>([](Chunk& c) { c.signature.bytes[63] |= 1; })},
        {"uid", in<Chunk>([](Chunk& c) { c.uid.bytes[0] ^= c.has_header ? 0 : 1; })},
        {"index", in<Chunk>([](Chunk& c) { c.index &= 0xff; })},
        {"first_message", in<Chunk>([](Chunk& c) { c.first_message = c.index; })},
        {"lead", in<Chunk>([](Chunk& c) { c.lead &= 0x7fff; })},
        {"hops", in<Chunk>([](Chunk& c) { c.hops &= 0x7f; })},
        {"bytes", in<Chunk>([](Chunk& c) { c.bytes = c.bytes.first(c.bytes.size() / 2); })},
        {"path", in<Chunk>([](Chunk& c) {
             if (c.path.size() == kPathSizeMax) c.path = c.path.first(kPathSizeMax - 1);
         })},
    };
}

std::vector<Field> list_fields() {
    const auto cut_last = [](auto& list) {
        if (!list.empty()) list = list.first(list.size() - 1);
    };
    return {
        {"ack delay_us", in<Ack>([](Ack& a) { a.delay_us &= 0xffff; })},
        {"ack ranges", in<Ack>([=](Ack& a) { cut_last(a.ranges); })},
        {"ack credits", in<Ack>([=](Ack& a) { cut_last(a.credits); })},
        {"ack credit bytes", in<Ack>([](Ack& a) {
             change_first(a.credits, [](Credit& c) { c.bytes ^= 1; });
         })},
        {"have floor", in<Have>([](Have& h) {
             change_first(h.streams, [](StreamRanges& s) { s.floor ^= 1; });
         })},
        {"have floor and top", in<Have>([](Have& h) {
             change_first(h.streams, [](StreamRanges& s) { std::swap(s.floor, s.top); });
         })},
        {"have ranges", in<Have>([=](Have& h) {
             change_first(h.streams, [=](StreamRanges& s) { cut_last(s.ranges); });
         })},
        {"have bucket_hashes", in<Have>([](Have& h) {
             change_first(h.bucket_hashes, [](std::uint64_t& hash) { hash &= 0xffffffff; });
         })},
        {"have expanded", in<Have>([](Have& h) { h.expanded &= 0xffffffff; })},
        {"have records", in<Have>([](Have& h) {
             change_first(h.records, [](RecordVersion& r) { std::swap(r.epoch, r.version); });
         })},
        {"want epoch", in<Want>([](Want& w) {
             change_first(w.streams, [](StreamRanges& s) { s.epoch ^= 1; });
         })},
        {"want chunks", in<Want>([](Want& w) {
             change_first(w.chunks, [](WantedChunks& c) { c.last = c.first; });
         })},
        {"want records", in<Want>([=](Want& w) { cut_last(w.records); })},
        {"close candidates", in<Close>([](Close& c) {
             change_first(c.candidates, [](Endpoint& at) { at.port = 0; });
         })},
        {"close reason", in<Close>([](Close& c) { c.reason = CloseReason::leaving; })},
    };
}

std::vector<Field> small_fields() {
    return {
        {"sent_us", in<Heartbeat>([](Heartbeat& b) { b.sent_us ^= 1; })},
        {"echo_us", in<Heartbeat>([](Heartbeat& b) { b.echo_us = b.sent_us; })},
        {"echo_delay_us", in<Heartbeat>([](Heartbeat& b) { b.echo_delay_us = 0; })},
        {"wall_ms", in<Heartbeat>([](Heartbeat& b) { b.wall_ms &= 0xffffffff; })},
        {"lost", in<Heartbeat>([](Heartbeat& b) { b.lost &= 0xffff; })},
        {"wants_reply", in<Heartbeat>([](Heartbeat& b) { b.wants_reply = false; })},
        {"known_epoch", in<Heartbeat>([](Heartbeat& b) { b.known_epoch = 0; })},
        {"known_version", in<Heartbeat>([](Heartbeat& b) { b.known_version = b.known_epoch; })},
        {"prune publisher", in<Prune>([](Prune& p) { p.publisher.bytes[0] &= 0xfe; })},
        {"graft publisher", in<Graft>([](Graft& g) { g.publisher.bytes[16] |= 1; })},
        {"graft as prune", [](Frame& frame) {
             const auto* graft = std::get_if<Graft>(&frame);
             if (graft == nullptr) return false;
             frame = Prune{graft->publisher};
             return true;
         }},
    };
}

void require_each_is_named(const std::vector<Field>& fields) {
    for (const Field& field : fields) {
        INFO(field.name);
        Spoiling codec(field.spoil);
        const auto problems = check_codec(codec, {.seed = 3, .is_quick = true});
        CHECK(std::any_of(problems.begin(), problems.end(), [](const std::string& problem) {
            return problem.ends_with("comes back changed");
        }));
    }
}

TEST_CASE("the kit itself adds no problem to a codec that spoils nothing", "[mutation]") {
    Spoiling codec([](Frame&) { return false; });
    CHECK(check_codec(codec, {.seed = 3, .is_quick = true}).empty());
}

TEST_CASE("every field of a chunk that a codec spoils is noticed", "[mutation]") {
    require_each_is_named(chunk_fields());
}

TEST_CASE("every list that a codec spoils is noticed", "[mutation]") {
    require_each_is_named(list_fields());
}

TEST_CASE("every field of the small frames that a codec spoils is noticed", "[mutation]") {
    require_each_is_named(small_fields());
}

}  // namespace
}  // namespace hearsay::wire
