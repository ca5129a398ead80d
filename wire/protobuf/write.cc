#include "wire/protobuf/parts.h"

namespace hearsay::wire::pb {

using google::protobuf::io::CodedOutputStream;

void Writer::varint(std::uint64_t value) {
    size_ += CodedOutputStream::VarintSize64(value);
    if (at_ != nullptr) at_ = CodedOutputStream::WriteVarint64ToArray(value, at_);
}

void Writer::raw64(std::uint64_t value) {
    size_ += sizeof value;
    if (at_ != nullptr) at_ = CodedOutputStream::WriteLittleEndian64ToArray(value, at_);
}

void Writer::number(std::uint32_t field, std::uint64_t value) {
    if (value == 0) return;
    tag(field, Type::varint);
    varint(value);
}

void Writer::fixed64(std::uint32_t field, std::uint64_t value) {
    if (value == 0) return;
    tag(field, Type::fixed64);
    raw64(value);
}

void Writer::bytes(std::uint32_t field, ByteView value) {
    tag(field, Type::bytes);
    varint(value.size());
    size_ += value.size();
    if (at_ != nullptr) at_ = std::copy(value.begin(), value.end(), at_);
}

void Writer::bytes_if_any(std::uint32_t field, ByteView value) {
    if (!value.empty()) bytes(field, value);
}

namespace {

void put_ascending(std::span<const NumberRange> ranges, Writer& writer) {
    std::uint64_t next = 0;  // the least that the next range can begin with
    for (const NumberRange& range : ranges) {
        writer.varint(range.first - next);
        writer.varint(range.last - range.first);
        next = range.last + 1;
    }
}

void put_descending(std::span<const NumberRange> ranges, Writer& writer) {
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        writer.varint(i == 0 ? ranges[i].last : ranges[i - 1].first - 1 - ranges[i].last);
        writer.varint(ranges[i].last - ranges[i].first);
    }
}

void put_header(const Chunk& chunk, Writer& writer) {
    const BatchHeader& from = chunk.header;
    writer.bytes(header::kPublisher, from.publisher.view());
    writer.number(header::kEpoch, from.epoch);
    writer.number(header::kSeq, from.seq);
    writer.number(header::kCreatedMs, from.created_ms);
    writer.number(header::kLifetimeMs, from.lifetime_ms);
    writer.number(header::kKind, static_cast<std::uint16_t>(from.kind));
    writer.number(header::kFlags, from.flags);
    writer.number(header::kChunkCount, from.chunk_count);
    writer.number(header::kBodySize, from.body_size);
    writer.bytes(header::kSignature, chunk.signature.view());
    writer.bytes_if_any(header::kTopic, bytes_of(from.topic));
}

void put_stream(const StreamRanges& from, Writer& writer) {
    writer.bytes(stream::kPublisher, from.publisher.view());
    writer.fixed64(stream::kEpoch, from.epoch);
    writer.number(stream::kFloor, from.floor);
    writer.number(stream::kTop, from.top);
    if (!from.ranges.empty())
        writer.message(stream::kRangeSteps,
                       [&](Writer& inner) { put_ascending(from.ranges, inner); });
}

void put_record(const RecordVersion& from, Writer& writer) {
    writer.bytes(record::kMember, from.member.view());
    writer.number(record::kEpoch, from.epoch);
    writer.number(record::kVersion, from.version);
}

ByteView flat(std::span<const crypto::Hash> path) {
    return {reinterpret_cast<const std::uint8_t*>(path.data()), path.size_bytes()};
}

// One overload for each frame: the fields of its message.
struct Fields {
    Writer& writer;

    void operator()(const Chunk& from) const {
        if (from.has_header)
            writer.message(chunk::kHeader, [&](Writer& inner) { put_header(from, inner); });
        else
            writer.bytes(chunk::kUid, from.uid.view());
        writer.number(chunk::kIndex, from.index);
        writer.number(chunk::kFirstMessage, from.first_message);
        writer.number(chunk::kLead, from.lead);
        writer.number(chunk::kHops, from.hops);
        writer.bytes_if_any(chunk::kBody, from.bytes);
        writer.bytes_if_any(chunk::kPath, flat(from.path));
    }
    void operator()(const Ack& from) const {
        writer.number(ack::kDelayUs, from.delay_us);
        if (!from.ranges.empty())
            writer.message(ack::kRangeSteps,
                           [&](Writer& inner) { put_descending(from.ranges, inner); });
        for (const Credit& each : from.credits)
            writer.message(ack::kCredits, [&](Writer& inner) {
                inner.bytes(credit::kPublisher, each.publisher.view());
                inner.number(credit::kBytes, each.bytes);
            });
    }
    void operator()(const Have& from) const {
        put_streams(have::kStreams, from.streams);
        if (!from.bucket_hashes.empty())
            writer.message(have::kBucketHashes, [&](Writer& inner) {
                for (const std::uint64_t hash : from.bucket_hashes) inner.raw64(hash);
            });
        writer.fixed64(have::kExpanded, from.expanded);
        for (const RecordVersion& each : from.records)
            writer.message(have::kRecords, [&](Writer& inner) { put_record(each, inner); });
    }
    void operator()(const Want& from) const {
        put_streams(want::kStreams, from.streams);
        for (const WantedChunks& each : from.chunks)
            writer.message(want::kChunks, [&](Writer& inner) {
                inner.bytes(wanted::kUid, each.uid.view());
                inner.number(wanted::kFirst, each.first);
                inner.number(wanted::kLast, each.last);
            });
        for (const crypto::NodeId& each : from.records) writer.bytes(want::kRecords, each.view());
    }
    void operator()(const Heartbeat& from) const {
        writer.number(heartbeat::kSentUs, from.sent_us);
        writer.number(heartbeat::kEchoUs, from.echo_us);
        writer.number(heartbeat::kEchoDelayUs, from.echo_delay_us);
        writer.number(heartbeat::kWallMs, from.wall_ms);
        writer.number(heartbeat::kLost, from.lost);
        writer.number(heartbeat::kWantsReply, from.wants_reply ? 1 : 0);
        writer.number(heartbeat::kKnownEpoch, from.known_epoch);
        writer.number(heartbeat::kKnownVersion, from.known_version);
    }
    void operator()(const Prune& from) const {
        writer.bytes(publisher::kId, from.publisher.view());
    }
    void operator()(const Graft& from) const {
        writer.bytes(publisher::kId, from.publisher.view());
    }
    void operator()(const Close& from) const {
        writer.number(close::kReason, static_cast<std::uint8_t>(from.reason));
        for (const Endpoint& each : from.candidates)
            writer.message(close::kCandidates, [&](Writer& inner) {
                inner.bytes(address::kAddress, each.address);
                inner.number(address::kPort, each.port);
            });
    }

    void put_streams(std::uint32_t field, std::span<const StreamRanges> streams) const {
        for (const StreamRanges& each : streams)
            writer.message(field, [&](Writer& inner) { put_stream(each, inner); });
    }
};

}  // namespace

void write(const Frame& frame, Writer& writer) {
    static_assert(std::is_same_v<std::variant_alternative_t<kClose - 1, Frame>, Close>);
    const auto field = static_cast<std::uint32_t>(frame.index() + 1);
    writer.message(field, [&](Writer& inner) { std::visit(Fields{inner}, frame); });
}

}  // namespace hearsay::wire::pb
