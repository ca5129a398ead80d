#include "wire/limits.h"
#include "wire/protobuf/parts.h"

namespace hearsay::wire::pb {
namespace {

// Calls read(reader, field) for each field of the message. False when that says so or the
// message is malformed.
template <typename Read>
bool read_fields(Reader& reader, Read read) {
    while (const std::uint32_t field = reader.next())
        if (!read(field)) return false;
    return reader.is_at_end();
}

std::size_t count_of(ByteView message, std::uint32_t wanted) {
    Reader reader(message);
    std::size_t count = 0;
    while (const std::uint32_t field = reader.next()) {
        count += field == wanted;
        if (!reader.skip()) break;
    }
    return count;
}

// All entries of one repeated field, into as much of the arena as they need.
template <typename T, typename Read>
bool read_list(ByteView message, std::uint32_t wanted, std::size_t most, FrameArena& arena,
               std::span<const T>& list, Read read) {
    const std::size_t count = count_of(message, wanted);
    if (count == 0) return true;
    if (count > most) return false;
    const std::span<T> taken = arena.take<T>(count);
    if (taken.empty()) return false;
    Reader reader(message);
    for (T& each : taken) {
        while (reader.next() != wanted)
            if (!reader.skip()) return false;
        ByteView entry;
        if (!reader.entry(entry) || !read(entry, each)) return false;
    }
    list = taken;
    return true;
}

// Numbers in a packed list: those of their bytes that end one.
std::size_t numbers_in(ByteView packed) {
    return static_cast<std::size_t>(std::count_if(
        packed.begin(), packed.end(), [](std::uint8_t byte) { return byte < 0x80; }));
}

// `from` + `step`, unless that is more than there are numbers.
bool add(std::uint64_t from, std::uint64_t step, std::uint64_t& sum) {
    sum = from + step;
    return sum >= from;
}

// In both lists `before` is the neighbouring end of the range before.
bool read_ascending(std::uint64_t gap, std::uint64_t length, bool is_first, std::uint64_t& before,
                    NumberRange& range) {
    if (is_first)
        range.first = gap;
    else if (!add(before, gap, range.first) || !add(range.first, 1, range.first))
        return false;
    if (!add(range.first, length, range.last)) return false;
    before = range.last;
    return true;
}

bool read_descending(std::uint64_t gap, std::uint64_t length, bool is_first,
                     std::uint64_t& before, NumberRange& range) {
    if (is_first) {
        range.last = gap;
    } else {
        if (before == 0 || gap > before - 1) return false;
        range.last = before - 1 - gap;
    }
    if (length > range.last) return false;
    range.first = range.last - length;
    before = range.first;
    return true;
}

template <typename Step>
bool read_ranges(ByteView packed, FrameArena& arena, std::span<const NumberRange>& ranges,
                 Step step) {
    const std::size_t count = numbers_in(packed);
    if (count == 0) return packed.empty();
    if (count % 2 != 0 || count > 2 * std::max(kAckRangesMax, kRangesPerFrameMax)) return false;
    const std::span<NumberRange> taken = arena.take<NumberRange>(count / 2);
    if (taken.empty()) return false;
    Reader reader(packed);
    std::uint64_t before = 0;
    for (NumberRange& range : taken) {
        std::uint64_t gap = 0;
        std::uint64_t length = 0;
        if (!reader.raw_varint(gap) || !reader.raw_varint(length) ||
            !step(gap, length, &range == taken.data(), before, range))
            return false;
    }
    ranges = taken;
    return reader.is_at_end();
}

bool read_header(ByteView message, Chunk& chunk) {
    BatchHeader& to = chunk.header;
    Reader reader(message);
    ByteView topic;
    const bool is_good = read_fields(reader, [&](std::uint32_t field) {
        switch (field) {
            case header::kPublisher: return reader.fixed(to.publisher);
            case header::kEpoch: return reader.number(to.epoch);
            case header::kSeq: return reader.number(to.seq);
            case header::kCreatedMs: return reader.number(to.created_ms);
            case header::kLifetimeMs: return reader.number(to.lifetime_ms);
            case header::kKind: return reader.number(to.kind, 0xffff);
            case header::kFlags: return reader.number(to.flags);
            case header::kChunkCount: return reader.number(to.chunk_count);
            case header::kBodySize: return reader.number(to.body_size);
            case header::kSignature: return reader.fixed(chunk.signature);
            case header::kTopic: return reader.bytes(topic);
            default: return reader.skip();
        }
    });
    // Absent is 0: what a frame holds unless told otherwise is for this program's own frames.
    if (!reader.has(header::kChunkCount)) to.chunk_count = 0;
    to.topic = text_of(topic);
    return is_good && reader.has(header::kPublisher) && reader.has(header::kSignature);
}

bool read_path(ByteView bytes, std::span<const crypto::Hash>& path) {
    static_assert(sizeof(crypto::Hash) == crypto::Hash::kSize && alignof(crypto::Hash) == 1);
    if (bytes.size() % crypto::Hash::kSize != 0) return false;
    path = {reinterpret_cast<const crypto::Hash*>(bytes.data()),
            bytes.size() / crypto::Hash::kSize};
    return true;
}

bool read_chunk(ByteView message, Chunk& to) {
    Reader reader(message);
    ByteView header;
    ByteView path;
    const bool is_good = read_fields(reader, [&](std::uint32_t field) {
        switch (field) {
            case chunk::kHeader: return reader.bytes(header);
            case chunk::kUid: return reader.fixed(to.uid);
            case chunk::kIndex: return reader.number(to.index);
            case chunk::kFirstMessage: return reader.number(to.first_message);
            case chunk::kLead: return reader.number(to.lead);
            case chunk::kHops: return reader.number(to.hops);
            case chunk::kBody: return reader.bytes(to.bytes);
            case chunk::kPath: return reader.bytes(path);
            default: return reader.skip();
        }
    });
    to.has_header = reader.has(chunk::kHeader);
    if (!is_good || to.has_header == reader.has(chunk::kUid)) return false;
    return (!to.has_header || read_header(header, to)) && read_path(path, to.path);
}

bool read_credit(ByteView message, Credit& to) {
    Reader reader(message);
    return read_fields(reader, [&](std::uint32_t field) {
        switch (field) {
            case credit::kPublisher: return reader.fixed(to.publisher);
            case credit::kBytes: return reader.number(to.bytes);
            default: return reader.skip();
        }
    }) && reader.has(credit::kPublisher);
}

bool read_ack(ByteView message, FrameArena& arena, Ack& to) {
    Reader reader(message);
    ByteView steps;
    const bool is_good = read_fields(reader, [&](std::uint32_t field) {
        switch (field) {
            case ack::kDelayUs: return reader.number(to.delay_us);
            case ack::kRangeSteps: return reader.bytes(steps);
            default: return reader.skip();
        }
    });
    return is_good && read_ranges(steps, arena, to.ranges, read_descending) &&
           read_list(message, ack::kCredits, kCreditsMax, arena, to.credits, read_credit);
}

// A stream of a Want has neither floor nor top.
bool read_stream(ByteView message, FrameArena& arena, bool is_have, StreamRanges& to) {
    Reader reader(message);
    ByteView steps;
    const bool is_good = read_fields(reader, [&](std::uint32_t field) {
        switch (field) {
            case stream::kPublisher: return reader.fixed(to.publisher);
            case stream::kEpoch: return reader.fixed64(to.epoch);
            case stream::kFloor: return is_have && reader.number(to.floor);
            case stream::kTop: return is_have && reader.number(to.top);
            case stream::kRangeSteps: return reader.bytes(steps);
            default: return reader.skip();
        }
    });
    return is_good && reader.has(stream::kPublisher) &&
           read_ranges(steps, arena, to.ranges, read_ascending);
}

bool read_record(ByteView message, RecordVersion& to) {
    Reader reader(message);
    return read_fields(reader, [&](std::uint32_t field) {
        switch (field) {
            case record::kMember: return reader.fixed(to.member);
            case record::kEpoch: return reader.number(to.epoch);
            case record::kVersion: return reader.number(to.version);
            default: return reader.skip();
        }
    }) && reader.has(record::kMember);
}

bool read_hashes(ByteView packed, FrameArena& arena, std::span<const std::uint64_t>& hashes) {
    constexpr std::size_t kEach = sizeof(std::uint64_t);
    if (packed.size() % kEach != 0 || packed.size() / kEach > kRecordBuckets) return false;
    if (packed.empty()) return true;
    const auto taken = arena.take<std::uint64_t>(packed.size() / kEach);
    for (std::size_t i = 0; i < taken.size(); ++i)
        google::protobuf::io::CodedInputStream::ReadLittleEndian64FromArray(
            packed.data() + i * kEach, &taken[i]);
    hashes = taken;
    return !taken.empty();
}

bool read_have(ByteView message, FrameArena& arena, Have& to) {
    Reader reader(message);
    ByteView hashes;
    const bool is_good = read_fields(reader, [&](std::uint32_t field) {
        switch (field) {
            case have::kBucketHashes: return reader.bytes(hashes);
            case have::kExpanded: return reader.fixed64(to.expanded);
            default: return reader.skip();
        }
    });
    return is_good && read_hashes(hashes, arena, to.bucket_hashes) &&
           read_list(message, have::kStreams, kStreamsPerFrameMax, arena, to.streams,
                     [&arena](ByteView entry, StreamRanges& each) {
                         return read_stream(entry, arena, true, each);
                     }) &&
           read_list(message, have::kRecords, kRecordsPerFrameMax, arena, to.records, read_record);
}

bool read_wanted(ByteView message, WantedChunks& to) {
    Reader reader(message);
    return read_fields(reader, [&](std::uint32_t field) {
        switch (field) {
            case wanted::kUid: return reader.fixed(to.uid);
            case wanted::kFirst: return reader.number(to.first);
            case wanted::kLast: return reader.number(to.last);
            default: return reader.skip();
        }
    }) && reader.has(wanted::kUid);
}

bool read_want(ByteView message, FrameArena& arena, Want& to) {
    Reader reader(message);
    const bool is_good = read_fields(reader, [&](std::uint32_t) { return reader.skip(); });
    return is_good &&
           read_list(message, want::kStreams, kStreamsPerFrameMax, arena, to.streams,
                     [&arena](ByteView entry, StreamRanges& each) {
                         return read_stream(entry, arena, false, each);
                     }) &&
           read_list(message, want::kChunks, kWantedChunksMax, arena, to.chunks, read_wanted) &&
           read_list(message, want::kRecords, kRecordsPerFrameMax, arena, to.records,
                     [](ByteView entry, crypto::NodeId& each) {
                         if (entry.size() != crypto::NodeId::kSize) return false;
                         each = crypto::NodeId::from(entry);
                         return true;
                     });
}

bool read_heartbeat(ByteView message, Heartbeat& to) {
    Reader reader(message);
    return read_fields(reader, [&](std::uint32_t field) {
        switch (field) {
            case heartbeat::kSentUs: return reader.number(to.sent_us);
            case heartbeat::kEchoUs: return reader.number(to.echo_us);
            case heartbeat::kEchoDelayUs: return reader.number(to.echo_delay_us);
            case heartbeat::kWallMs: return reader.number(to.wall_ms);
            case heartbeat::kLost: return reader.number(to.lost);
            case heartbeat::kWantsReply: return reader.number(to.wants_reply);
            case heartbeat::kKnownEpoch: return reader.number(to.known_epoch);
            case heartbeat::kKnownVersion: return reader.number(to.known_version);
            default: return reader.skip();
        }
    });
}

bool read_publisher(ByteView message, crypto::NodeId& to) {
    Reader reader(message);
    return read_fields(reader, [&](std::uint32_t field) {
        return field == publisher::kId ? reader.fixed(to) : reader.skip();
    }) && reader.has(publisher::kId);
}

bool read_address(ByteView message, Endpoint& to) {
    Reader reader(message);
    ByteView bytes;
    const bool is_good = read_fields(reader, [&](std::uint32_t field) {
        switch (field) {
            case address::kAddress: return reader.bytes(bytes);
            case address::kPort: return reader.number(to.port);
            default: return reader.skip();
        }
    });
    if (!is_good || bytes.size() != to.address.size()) return false;
    std::copy(bytes.begin(), bytes.end(), to.address.begin());
    return true;
}

bool read_close(ByteView message, FrameArena& arena, Close& to) {
    to.reason = CloseReason{};
    Reader reader(message);
    const bool is_good = read_fields(reader, [&](std::uint32_t field) {
        return field == close::kReason ? reader.number(to.reason, 0xff) : reader.skip();
    });
    return is_good && read_list(message, close::kCandidates, kCandidatesMax, arena, to.candidates,
                                read_address);
}

bool read_message(std::uint32_t field, ByteView message, FrameArena& arena, Frame& frame) {
    switch (field) {
        case kChunk: return read_chunk(message, frame.emplace<Chunk>());
        case kAck: return read_ack(message, arena, frame.emplace<Ack>());
        case kHave: return read_have(message, arena, frame.emplace<Have>());
        case kWant: return read_want(message, arena, frame.emplace<Want>());
        case kHeartbeat: return read_heartbeat(message, frame.emplace<Heartbeat>());
        case kPrune: return read_publisher(message, frame.emplace<Prune>().publisher);
        case kGraft: return read_publisher(message, frame.emplace<Graft>().publisher);
        default: return read_close(message, arena, frame.emplace<Close>());
    }
}

}  // namespace

bool read(ByteView bytes, FrameArena& arena, Frame& frame) {
    Reader reader(bytes);
    std::uint32_t kind = 0;
    ByteView message;
    const bool is_good = read_fields(reader, [&](std::uint32_t field) {
        if (field > kClose) return reader.skip();
        const bool is_only = kind == 0;
        kind = field;
        return is_only && reader.bytes(message);
    });
    return is_good && kind != 0 && read_message(kind, message, arena, frame);
}

}  // namespace hearsay::wire::pb
