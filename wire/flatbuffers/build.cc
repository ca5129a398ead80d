#include "wire/flatbuffers/parts.h"

namespace hearsay::wire::fb {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::Vector;

// An absent vector reads as an empty one and costs nothing.
template <typename To, typename From, typename Convert>
Offset<Vector<const To*>> build_list(FlatBufferBuilder& builder, std::span<const From> list,
                                     Convert convert) {
    if (list.empty()) return 0;
    const auto fill = [convert](std::size_t i, To* to, const From* from) {
        *to = convert(from[i]);
    };
    return builder.CreateVectorOfStructs<To>(list.size(), fill, list.data());
}

Offset<Vector<std::uint8_t>> build_bytes(FlatBufferBuilder& builder, ByteView bytes) {
    if (bytes.empty()) return 0;
    return builder.CreateVector(bytes.data(), bytes.size());
}

NumberRange range_of(const wire::NumberRange& range) { return {range.first, range.last}; }

// Written back to front, as the builder fills its memory: the first stream's first range last.
Offset<Vector<const NumberRange*>> build_ranges(FlatBufferBuilder& builder,
                                                std::span<const StreamRanges> streams) {
    std::size_t count = 0;
    for (const StreamRanges& stream : streams) count += stream.ranges.size();
    if (count == 0) return 0;
    builder.StartVector(count * 2, sizeof(std::uint64_t));
    for (auto stream = streams.rbegin(); stream != streams.rend(); ++stream) {
        for (auto range = stream->ranges.rbegin(); range != stream->ranges.rend(); ++range) {
            builder.PushElement(range->last);
            builder.PushElement(range->first);
        }
    }
    return Offset<Vector<const NumberRange*>>(builder.EndVector(count));
}

SignedHeader signed_header_of(const wire::Chunk& chunk) {
    const BatchHeader& header = chunk.header;
    return {to_fb(header.publisher),
            header.epoch,
            header.seq,
            header.created_ms,
            header.lifetime_ms,
            header.body_size,
            static_cast<std::uint16_t>(header.kind),
            header.flags,
            header.chunk_count,
            flatbuffers::span<const std::uint8_t, 64>(chunk.signature.bytes)};
}

Offset<Vector<const Hash*>> build_path(FlatBufferBuilder& builder,
                                       std::span<const crypto::Hash> path) {
    static_assert(sizeof(Hash) == sizeof(crypto::Hash));
    if (path.empty()) return 0;
    return builder.CreateVectorOfStructs(reinterpret_cast<const Hash*>(path.data()), path.size());
}

HaveStream have_stream_of(const StreamRanges& stream) {
    return {to_fb(stream.publisher), stream.epoch, stream.floor, stream.top,
            static_cast<std::uint16_t>(stream.ranges.size())};
}

WantStream want_stream_of(const StreamRanges& stream) {
    return {to_fb(stream.publisher), stream.epoch,
            static_cast<std::uint16_t>(stream.ranges.size())};
}

// One function per frame; each returns the finished root table.
struct Build {
    FlatBufferBuilder& builder;

    Offset<Frame> root(flatbuffers::voffset_t field, Offset<void> table) const {
        FrameBuilder frame(builder);
        builder.AddOffset(field, table);
        return frame.Finish();
    }

    Offset<Frame> operator()(const wire::Chunk& chunk) const {
        const auto path = build_path(builder, chunk.path);
        const auto bytes = build_bytes(builder, chunk.bytes);
        const auto topic = chunk.has_header ? build_bytes(builder, bytes_of(chunk.header.topic))
                                            : Offset<Vector<std::uint8_t>>();
        const ChunkPlace place(chunk.first_message, chunk.index, chunk.lead, chunk.hops);
        ChunkBuilder table(builder);
        if (chunk.has_header) {
            const SignedHeader header = signed_header_of(chunk);
            table.add_signed_header(&header);
        } else {
            const auto uid = std::bit_cast<Uid>(chunk.uid);
            table.add_uid(&uid);
        }
        table.add_place(&place);
        table.add_topic(topic);
        table.add_bytes(bytes);
        table.add_path(path);
        return root(Frame::VT_CHUNK, table.Finish().Union());
    }

    Offset<Frame> operator()(const wire::Ack& ack) const {
        const auto credits = build_list<Credit>(builder, ack.credits, [](const wire::Credit& c) {
            return Credit(to_fb(c.publisher), c.bytes);
        });
        const auto ranges = build_list<NumberRange>(builder, ack.ranges, range_of);
        return root(Frame::VT_ACK, CreateAck(builder, ack.delay_us, ranges, credits).Union());
    }

    Offset<Frame> operator()(const wire::Have& have) const {
        const auto records =
            build_list<RecordVersion>(builder, have.records, [](const wire::RecordVersion& r) {
                return RecordVersion(to_fb(r.member), r.epoch, r.version);
            });
        const auto hashes =
            have.bucket_hashes.empty()
                ? Offset<Vector<std::uint64_t>>()
                : builder.CreateVector(have.bucket_hashes.data(), have.bucket_hashes.size());
        const auto ranges = build_ranges(builder, have.streams);
        const auto streams = build_list<HaveStream>(builder, have.streams, have_stream_of);
        return root(Frame::VT_HAVE,
                    CreateHave(builder, streams, ranges, hashes, have.expanded, records).Union());
    }

    Offset<Frame> operator()(const wire::Want& want) const {
        const auto records = build_list<NodeId>(builder, want.records, to_fb);
        const auto chunks =
            build_list<WantedChunks>(builder, want.chunks, [](const wire::WantedChunks& w) {
                return WantedChunks(std::bit_cast<Uid>(w.uid), w.first, w.last);
            });
        const auto ranges = build_ranges(builder, want.streams);
        const auto streams = build_list<WantStream>(builder, want.streams, want_stream_of);
        return root(Frame::VT_WANT, CreateWant(builder, streams, ranges, chunks, records).Union());
    }

    Offset<Frame> operator()(const wire::Heartbeat& beat) const {
        const Heartbeat facts(beat.sent_us, beat.echo_us, beat.wall_ms, beat.known_epoch,
                              beat.known_version, beat.echo_delay_us, beat.lost,
                              beat.wants_reply);
        FrameBuilder frame(builder);
        frame.add_heartbeat(&facts);
        return frame.Finish();
    }

    Offset<Frame> operator()(const wire::Prune& prune) const {
        const NodeId publisher = to_fb(prune.publisher);
        FrameBuilder frame(builder);
        frame.add_prune(&publisher);
        return frame.Finish();
    }

    Offset<Frame> operator()(const wire::Graft& graft) const {
        const NodeId publisher = to_fb(graft.publisher);
        FrameBuilder frame(builder);
        frame.add_graft(&publisher);
        return frame.Finish();
    }

    Offset<Frame> operator()(const wire::Close& close) const {
        const auto candidates =
            build_list<Address>(builder, close.candidates, [](const Endpoint& at) {
                return Address(flatbuffers::span<const std::uint8_t, 16>(at.address), at.port);
            });
        const auto reason = static_cast<std::uint8_t>(close.reason);
        return root(Frame::VT_CLOSE, CreateClose(builder, reason, candidates).Union());
    }
};

}  // namespace

void build(const wire::Frame& frame, FlatBufferBuilder& builder) {
    builder.Clear();
    builder.Finish(std::visit(Build{builder}, frame));
}

}  // namespace hearsay::wire::fb
