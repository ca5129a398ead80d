#include "wire/sample_frames.h"

#include <limits>

namespace hearsay::wire {
namespace {

constexpr std::uint64_t kOnes = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kRangeStride = 16;

std::uint16_t to_u16(std::uint64_t value) { return static_cast<std::uint16_t>(value); }
std::uint32_t to_u32(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

SampleFrame named(std::string name) {
    SampleFrame sample;
    sample.name = std::move(name);
    return sample;
}

SampleFrame renamed(std::string name, SampleFrame sample) {
    sample.name = std::move(name);
    return sample;
}

}  // namespace

// SplitMix64 (Steele, Lea, Flood 2014): good enough to make frames, small enough to be anywhere.
std::uint64_t SampleFrames::next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
}

std::uint64_t SampleFrames::number(Values values) {
    if (values == Values::zeros) return 0;
    if (values == Values::ones) return kOnes;
    return next() >> below(64);  // small and large numbers alike
}

template <typename Fixed>
Fixed SampleFrames::fixed(Values values) {
    Fixed result;
    for (std::uint8_t& byte : result.bytes)
        byte = static_cast<std::uint8_t>(values == Values::random ? next() : number(values));
    return result;
}

SampleFrame SampleFrames::chunk(Values values, ChunkShape shape) {
    SampleFrame sample = named("chunk");
    for (std::size_t i = 0; i < shape.topic; ++i)
        sample.topic.push_back(static_cast<std::uint8_t>('a' + below(26)));
    for (std::size_t i = 0; i < shape.bytes; ++i)
        sample.bytes.push_back(static_cast<std::uint8_t>(next()));
    for (std::size_t i = 0; i < shape.path; ++i)
        sample.path.push_back(fixed<crypto::Hash>(values));
    Chunk chunk;
    chunk.has_header = shape.has_header;
    if (shape.has_header) {
        chunk.header.publisher = fixed<crypto::NodeId>(values);
        chunk.header.epoch = number(values);
        chunk.header.seq = number(values);
        chunk.header.created_ms = number(values);
        chunk.header.lifetime_ms = to_u32(number(values));
        chunk.header.kind = static_cast<Kind>(to_u16(number(values)));
        chunk.header.flags = to_u16(number(values));
        chunk.header.chunk_count = to_u16(number(values));
        chunk.header.body_size = to_u32(number(values));
        chunk.header.topic = text_of(sample.topic);
        chunk.signature = fixed<crypto::Signature>(values);
    } else {
        chunk.uid = fixed<crypto::Uid>(values);
    }
    chunk.index = to_u16(number(values));
    chunk.first_message = to_u32(number(values));
    chunk.lead = to_u16(number(values));
    chunk.hops = static_cast<std::uint8_t>(number(values));
    chunk.bytes = sample.bytes;
    chunk.path = sample.path;
    sample.frame = chunk;
    return sample;
}

void SampleFrames::fill_ranges(Values values, std::size_t count,
                               std::vector<NumberRange>& ranges) {
    const std::uint64_t width = kRangeStride * count;
    std::uint64_t start = 0;
    if (values == Values::ones) start = kOnes - width + 1;
    if (values == Values::random) start = below(kOnes - width);
    for (std::size_t i = 0; i < count; ++i, start += kRangeStride) {
        const std::uint64_t length =
            values == Values::ones ? kRangeStride - 1 : below(kRangeStride);
        ranges.push_back({start, start + length});
    }
}

SampleFrame SampleFrames::ack(Values values, std::size_t ranges, std::size_t credits) {
    SampleFrame sample = named("ack");
    fill_ranges(values, ranges, sample.ranges);
    std::reverse(sample.ranges.begin(), sample.ranges.end());
    for (std::size_t i = 0; i < credits; ++i)
        sample.credits.push_back({fixed<crypto::NodeId>(values), to_u32(number(values))});
    sample.frame = Ack{to_u32(number(values)), sample.ranges, sample.credits};
    return sample;
}

// The ranges are dealt out evenly, what is left over goes to the first stream.
void SampleFrames::fill_streams(Values values, StreamShape shape, SampleFrame& sample) {
    const std::size_t each = shape.streams == 0 ? 0 : shape.ranges / shape.streams;
    std::vector<std::size_t> counts(shape.streams, each);
    if (shape.streams > 0) counts[0] += shape.ranges - each * shape.streams;
    for (const std::size_t count : counts) fill_ranges(values, count, sample.ranges);
    std::span<const NumberRange> rest = sample.ranges;
    for (const std::size_t count : counts) {
        StreamRanges stream;
        stream.publisher = fixed<crypto::NodeId>(values);
        stream.epoch = number(values);
        stream.ranges = rest.first(count);
        rest = rest.subspan(count);
        sample.streams.push_back(stream);
    }
}

std::vector<RecordVersion> SampleFrames::record_list(Values values, std::size_t count) {
    std::vector<RecordVersion> records;
    for (std::size_t i = 0; i < count; ++i)
        records.push_back({fixed<crypto::NodeId>(values), number(values), number(values)});
    return records;
}

SampleFrame SampleFrames::have(Values values, StreamShape shape, std::size_t hashes,
                               std::size_t records) {
    SampleFrame sample = named("have");
    fill_streams(values, shape, sample);
    for (StreamRanges& stream : sample.streams) {
        stream.floor = number(values);
        stream.top = number(values);
    }
    for (std::size_t i = 0; i < hashes; ++i) sample.hashes.push_back(number(values));
    sample.records = record_list(values, records);
    sample.frame = Have{sample.streams, sample.hashes, number(values), sample.records};
    return sample;
}

SampleFrame SampleFrames::want(Values values, StreamShape shape, std::size_t chunks,
                               std::size_t records) {
    SampleFrame sample = named("want");
    fill_streams(values, shape, sample);
    for (std::size_t i = 0; i < chunks; ++i) {
        const std::uint16_t first = to_u16(number(values));
        const auto room = static_cast<std::uint64_t>(0xffff - first);
        sample.wanted.push_back({fixed<crypto::Uid>(values), first,
                                 to_u16(first + (room == 0 ? 0 : below(room)))});
    }
    for (std::size_t i = 0; i < records; ++i)
        sample.nodes.push_back(fixed<crypto::NodeId>(values));
    sample.frame = Want{sample.streams, sample.wanted, sample.nodes};
    return sample;
}

SampleFrame SampleFrames::heartbeat(Values values) {
    SampleFrame sample = named("heartbeat");
    Heartbeat beat;
    beat.sent_us = number(values);
    beat.echo_us = number(values);
    beat.echo_delay_us = to_u32(number(values));
    beat.wall_ms = number(values);
    beat.lost = to_u32(number(values));
    beat.wants_reply = values != Values::zeros && number(values) % 2 == 1;
    beat.known_epoch = number(values);
    beat.known_version = number(values);
    sample.frame = beat;
    return sample;
}

SampleFrame SampleFrames::prune(Values values) {
    SampleFrame sample = named("prune");
    sample.frame = Prune{fixed<crypto::NodeId>(values)};
    return sample;
}

SampleFrame SampleFrames::graft(Values values) {
    SampleFrame sample = named("graft");
    sample.frame = Graft{fixed<crypto::NodeId>(values)};
    return sample;
}

SampleFrame SampleFrames::close(Values values, std::size_t candidates) {
    SampleFrame sample = named("close");
    for (std::size_t i = 0; i < candidates; ++i) {
        Endpoint at;
        for (std::uint8_t& byte : at.address) byte = static_cast<std::uint8_t>(number(values));
        at.port = to_u16(number(values));
        sample.candidates.push_back(at);
    }
    const auto reason = static_cast<CloseReason>(static_cast<std::uint8_t>(number(values)));
    sample.frame = Close{reason, sample.candidates};
    return sample;
}

SampleFrame SampleFrames::any() {
    const Values values = Values::random;
    switch (below(8)) {
        case 0: {
            const bool has_header = below(3) > 0;
            const std::size_t topic = has_header ? 1 + below(kTopicSizeMax) : 0;
            const std::size_t path = below(kPathSizeMax + 1);
            const std::size_t room = kChunkBudget - topic - 32 * path;
            return chunk(values, {topic, below(room + 1), path, has_header});
        }
        case 1: return ack(values, below(kAckRangesMax + 1), below(kCreditsMax + 1));
        case 2: {
            const std::size_t streams = below(4);
            const std::size_t ranges = streams == 0 ? 0 : below(9);
            return have(values, {streams, ranges}, below(2) * kRecordBuckets, below(5));
        }
        case 3: {
            const std::size_t streams = below(5);
            const std::size_t ranges = streams == 0 ? 0 : below(13);
            return want(values, {streams, ranges}, below(kWantedChunksMax + 1), below(9));
        }
        case 4: return heartbeat(values);
        case 5: return prune(values);
        case 6: return graft(values);
        default: return close(values, below(kCandidatesMax + 1));
    }
}

std::vector<SampleFrame> SampleFrames::typical() {
    std::vector<SampleFrame> all;
    const auto put = [&](std::string name, SampleFrame sample) {
        all.push_back(renamed(std::move(name), std::move(sample)));
    };
    const std::size_t path_bytes = 32 * kPathSizeMax;
    for (const Values values : {Values::zeros, Values::ones, Values::random}) {
        put("smallest chunk", chunk(values, {0, 0, 0, true}));
        put("smallest chunk without header", chunk(values, {0, 0, 0, false}));
        put("ordinary chunk", chunk(values, {6, 100, 0, true}));
        put("ordinary chunk without header", chunk(values, {0, 300, 5, false}));
        put("chunk of the longest topic", chunk(values, {kTopicSizeMax, 10, 0, true}));
        put("chunk of the deepest path", chunk(values, {1, 515, kPathSizeMax, true}));
        put("largest chunk",
            chunk(values, {kTopicSizeMax, kChunkBudget - kTopicSizeMax - path_bytes, kPathSizeMax,
                           true}));
        put("chunk of the most bytes", chunk(values, {0, kChunkBudget, 0, true}));
        put("empty ack", ack(values, 0, 0));
        put("ordinary ack", ack(values, 2, 1));
        put("largest ack", ack(values, kAckRangesMax, kCreditsMax));
        put("empty have", have(values, {}, 0, 0));
        put("ordinary have", have(values, {2, 3}, 0, 2));
        put("have of one stream with all ranges", have(values, {1, kRangesPerFrameMax}, 0, 0));
        put("have of all streams with all ranges",
            have(values, {kStreamsPerFrameMax, kRangesPerFrameMax}, 0, 0));
        put("have of all buckets", have(values, {}, kRecordBuckets, 0));
        put("have of all records", have(values, {}, 0, kRecordsPerFrameMax));
        put("empty want", want(values, {}, 0, 0));
        put("ordinary want", want(values, {1, 2}, 3, 1));
        put("want of all streams with all ranges",
            want(values, {kStreamsPerFrameMax, kRangesPerFrameMax}, 0, 0));
        put("want of all chunks and records",
            want(values, {}, kWantedChunksMax, kRecordsPerFrameMax));
        put("heartbeat", heartbeat(values));
        put("prune", prune(values));
        put("graft", graft(values));
        put("close without candidates", close(values, 0));
        put("close with all candidates", close(values, kCandidatesMax));
    }
    return all;
}

std::vector<SampleFrame> SampleFrames::lists_over_limits() {
    const Values values = Values::random;
    std::vector<SampleFrame> all;
    const auto put = [&](std::string name, SampleFrame sample) {
        all.push_back(renamed(std::move(name), std::move(sample)));
    };
    put("ack with too many ranges", ack(values, kAckRangesMax + 1, 0));
    put("ack with too many credits", ack(values, 1, kCreditsMax + 1));
    put("have with too many streams", have(values, {kStreamsPerFrameMax + 1, 0}, 0, 0));
    put("have with too many ranges", have(values, {1, kRangesPerFrameMax + 1}, 0, 0));
    put("have with too many ranges in all", have(values, {3, kRangesPerFrameMax + 1}, 0, 0));
    put("have with one bucket", have(values, {}, 1, 0));
    put("have with a bucket too few", have(values, {}, kRecordBuckets - 1, 0));
    put("have with a bucket too many", have(values, {}, kRecordBuckets + 1, 0));
    put("have with too many records", have(values, {}, 0, kRecordsPerFrameMax + 1));
    put("want with too many streams", want(values, {kStreamsPerFrameMax + 1, 0}, 0, 0));
    put("want with too many ranges", want(values, {2, kRangesPerFrameMax + 1}, 0, 0));
    put("want with too many chunks", want(values, {}, kWantedChunksMax + 1, 0));
    put("want with too many records", want(values, {}, 0, kRecordsPerFrameMax + 1));
    put("close with too many candidates", close(values, kCandidatesMax + 1));
    put("chunk with too long a topic", chunk(values, {kTopicSizeMax + 1, 0, 0, true}));
    put("chunk with too deep a path", chunk(values, {0, 0, kPathSizeMax + 1, false}));
    put("chunk with too many bytes", chunk(values, {0, kChunkBudget + 1, 0, false}));
    put("chunk with bytes and path over the budget",
        chunk(values, {0, kChunkBudget - 31, 1, false}));
    put("chunk with bytes and topic over the budget",
        chunk(values, {100, kChunkBudget - 99, 0, true}));
    return all;
}

std::vector<SampleFrame> SampleFrames::orders_broken() {
    std::vector<SampleFrame> all;
    const auto put = [&](std::string name, auto make, auto spoil) {
        all.push_back(renamed(std::move(name), make()));
        spoil(all.back());
    };
    const auto swap_ranges = [](SampleFrame& s) { std::swap(s.ranges[0], s.ranges[1]); };
    const auto overlap = [](SampleFrame& s) { s.ranges[0] = s.ranges[1]; };
    const auto invert = [](SampleFrame& s) { s.ranges[0] = {9, 8}; };
    const auto an_ack = [this] { return ack(Values::random, 2, 0); };
    const auto a_have = [this] { return have(Values::random, {1, 2}, 0, 0); };
    const auto a_want = [this] { return want(Values::random, {1, 2}, 1, 0); };
    put("ack with ascending ranges", an_ack, swap_ranges);
    put("ack with overlapping ranges", an_ack, overlap);
    put("ack with an inverted range", [this] { return ack(Values::random, 1, 0); }, invert);
    put("have with descending ranges", a_have, swap_ranges);
    put("have with overlapping ranges", a_have, overlap);
    put("have with an inverted range", a_have, invert);
    put("want with descending ranges", a_want, swap_ranges);
    put("want with overlapping ranges", a_want, overlap);
    put("want with an inverted range", a_want, invert);
    put("want with inverted chunks", a_want, [](SampleFrame& s) {
        s.wanted[0].first = 2;
        s.wanted[0].last = 1;
    });
    return all;
}

std::vector<SampleFrame> SampleFrames::over_limits() {
    std::vector<SampleFrame> all = lists_over_limits();
    for (SampleFrame& sample : orders_broken()) all.push_back(std::move(sample));
    return all;
}

}  // namespace hearsay::wire
