#include "wire/flatbuffers/parts.h"

namespace hearsay::wire::fb {
namespace {

using flatbuffers::Vector;

std::size_t size_of(const Vector<std::uint8_t>* bytes) { return bytes ? bytes->size() : 0; }

ByteView view_of(const Vector<std::uint8_t>* bytes) {
    if (bytes == nullptr) return {};
    return {bytes->data(), size_of(bytes)};
}

// The verifier of FlatBuffers 2.0.8 aligns the length of a vector, not its elements: a stranger
// could have us read numbers where the processor, or the language, does not allow it.
template <typename Element>
bool is_aligned(const Vector<Element>& list) {
    constexpr std::size_t kAlignment = alignof(std::remove_pointer_t<Element>);
    return reinterpret_cast<std::uintptr_t>(list.Data()) % kAlignment == 0;
}

// Copies a list into the arena; false when that is full. Linear in bytes that were received.
template <typename From, typename To, typename Convert>
bool read_list(const Vector<From>* source, FrameArena& arena, std::span<const To>& list,
               Convert convert) {
    if (source == nullptr || source->size() == 0) return true;
    if (!is_aligned(*source)) return false;
    const std::span<To> taken = arena.take<To>(source->size());
    if (taken.empty()) return false;
    for (flatbuffers::uoffset_t i = 0; i < source->size(); ++i) taken[i] = convert(source->Get(i));
    list = taken;
    return true;
}

wire::NumberRange range_of(const NumberRange* range) { return {range->first(), range->last()}; }

StreamRanges have_stream_of(const HaveStream* source) {
    StreamRanges stream;
    stream.publisher = from_fb(source->publisher());
    stream.epoch = source->epoch();
    stream.floor = source->floor();
    stream.top = source->top();
    return stream;
}

StreamRanges want_stream_of(const WantStream* source) {
    StreamRanges stream;
    stream.publisher = from_fb(source->publisher());
    stream.epoch = source->epoch();
    return stream;
}

// The flat list of ranges is cut by the streams' counts, which must use it up exactly.
template <typename Stream>
bool read_streams(const Vector<const Stream*>* source, const Vector<const NumberRange*>* flat,
                  FrameArena& arena, std::span<const StreamRanges>& streams,
                  StreamRanges (*convert)(const Stream*)) {
    std::span<const wire::NumberRange> rest;
    if (!read_list(flat, arena, rest, range_of)) return false;
    if (source == nullptr || source->size() == 0) return rest.empty();
    if (!is_aligned(*source)) return false;
    const std::span<StreamRanges> taken = arena.take<StreamRanges>(source->size());
    if (taken.empty()) return false;
    for (flatbuffers::uoffset_t i = 0; i < source->size(); ++i) {
        const std::size_t count = source->Get(i)->range_count();
        if (count > rest.size()) return false;
        taken[i] = convert(source->Get(i));
        taken[i].ranges = rest.first(count);
        rest = rest.subspan(count);
    }
    streams = taken;
    return rest.empty();
}

void read_signed_header(const SignedHeader& source, const Vector<std::uint8_t>* topic,
                        wire::Chunk& chunk) {
    BatchHeader& header = chunk.header;
    header.publisher = from_fb(source.publisher());
    header.epoch = source.epoch();
    header.seq = source.seq();
    header.created_ms = source.created_ms();
    header.lifetime_ms = source.lifetime_ms();
    header.kind = static_cast<Kind>(source.kind());
    header.flags = source.flags();
    header.chunk_count = source.chunk_count();
    header.body_size = source.body_size();
    header.topic = text_of(view_of(topic));
    chunk.signature = crypto::Signature::from({source.signature()->Data(), 64});
}

bool read_chunk(const Chunk& source, wire::Chunk& chunk) {
    const SignedHeader* header = source.signed_header();
    if ((header == nullptr) == (source.uid() == nullptr) || source.place() == nullptr)
        return false;
    chunk.has_header = header != nullptr;
    if (header != nullptr) {
        read_signed_header(*header, source.topic(), chunk);
    } else if (size_of(source.topic()) > 0) {
        return false;
    } else {
        chunk.uid = std::bit_cast<crypto::Uid>(*source.uid());
    }
    chunk.index = source.place()->index();
    chunk.first_message = source.place()->first_message();
    chunk.lead = source.place()->lead();
    chunk.hops = source.place()->hops();
    chunk.bytes = view_of(source.bytes());
    if (const auto* path = source.path(); path != nullptr && path->size() > 0)
        chunk.path = {reinterpret_cast<const crypto::Hash*>(path->Data()), path->size()};
    return true;
}

bool read_ack(const Ack& source, FrameArena& arena, wire::Ack& ack) {
    ack.delay_us = source.delay_us();
    return read_list(source.ranges(), arena, ack.ranges, range_of) &&
           read_list(source.credits(), arena, ack.credits, [](const Credit* credit) {
               return wire::Credit{from_fb(credit->publisher()), credit->bytes()};
           });
}

bool read_have(const Have& source, FrameArena& arena, wire::Have& have) {
    have.expanded = source.expanded();
    const auto record_of = [](const RecordVersion* record) {
        return wire::RecordVersion{from_fb(record->member()), record->epoch(), record->version()};
    };
    return read_streams(source.streams(), source.ranges(), arena, have.streams, have_stream_of) &&
           read_list(source.bucket_hashes(), arena, have.bucket_hashes,
                     [](std::uint64_t hash) { return hash; }) &&
           read_list(source.records(), arena, have.records, record_of);
}

bool read_want(const Want& source, FrameArena& arena, wire::Want& want) {
    const auto chunks_of = [](const WantedChunks* chunks) {
        return wire::WantedChunks{std::bit_cast<crypto::Uid>(chunks->uid()), chunks->first(),
                                  chunks->last()};
    };
    return read_streams(source.streams(), source.ranges(), arena, want.streams, want_stream_of) &&
           read_list(source.chunks(), arena, want.chunks, chunks_of) &&
           read_list(source.records(), arena, want.records,
                     [](const NodeId* id) { return from_fb(*id); });
}

bool read_close(const Close& source, FrameArena& arena, wire::Close& close) {
    close.reason = static_cast<CloseReason>(source.reason());
    return read_list(source.candidates(), arena, close.candidates, [](const Address* at) {
        Endpoint endpoint;
        std::copy_n(at->address()->Data(), endpoint.address.size(), endpoint.address.begin());
        endpoint.port = at->port();
        return endpoint;
    });
}

wire::Heartbeat heartbeat_of(const Heartbeat& source) {
    wire::Heartbeat beat;
    beat.sent_us = source.sent_us();
    beat.echo_us = source.echo_us();
    beat.echo_delay_us = source.echo_delay_us();
    beat.wall_ms = source.wall_ms();
    beat.lost = source.lost();
    beat.wants_reply = source.wants_reply();
    beat.known_epoch = source.known_epoch();
    beat.known_version = source.known_version();
    return beat;
}

int frames_in(const Frame& source) {
    return (source.chunk() != nullptr) + (source.ack() != nullptr) + (source.have() != nullptr) +
           (source.want() != nullptr) + (source.heartbeat() != nullptr) +
           (source.prune() != nullptr) + (source.graft() != nullptr) + (source.close() != nullptr);
}

}  // namespace

bool read(const Frame& source, FrameArena& arena, wire::Frame& frame) {
    if (frames_in(source) != 1) return false;
    if (source.chunk()) return read_chunk(*source.chunk(), frame.emplace<wire::Chunk>());
    if (source.ack()) return read_ack(*source.ack(), arena, frame.emplace<wire::Ack>());
    if (source.have()) return read_have(*source.have(), arena, frame.emplace<wire::Have>());
    if (source.want()) return read_want(*source.want(), arena, frame.emplace<wire::Want>());
    if (source.close()) return read_close(*source.close(), arena, frame.emplace<wire::Close>());
    if (source.heartbeat()) frame = heartbeat_of(*source.heartbeat());
    if (source.prune()) frame = wire::Prune{from_fb(*source.prune())};
    if (source.graft()) frame = wire::Graft{from_fb(*source.graft())};
    return true;
}

}  // namespace hearsay::wire::fb
