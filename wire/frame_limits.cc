#include "wire/frame_limits.h"

#include "wire/limits.h"

namespace hearsay::wire {
namespace {

bool ascends(std::span<const NumberRange> ranges) {
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        if (ranges[i].first > ranges[i].last) return false;
        if (i > 0 && ranges[i].first <= ranges[i - 1].last) return false;
    }
    return true;
}

bool descends(std::span<const NumberRange> ranges) {
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        if (ranges[i].first > ranges[i].last) return false;
        if (i > 0 && ranges[i].last >= ranges[i - 1].first) return false;
    }
    return true;
}

bool are_kept_by(std::span<const StreamRanges> streams) {
    if (streams.size() > kStreamsPerFrameMax) return false;
    std::size_t total = 0;
    for (const StreamRanges& stream : streams) {
        if (!ascends(stream.ranges)) return false;
        total += stream.ranges.size();
    }
    return total <= kRangesPerFrameMax;
}

struct LimitsOf {
    bool operator()(const Chunk& chunk) const {
        const std::size_t topic = chunk.has_header ? chunk.header.topic.size() : 0;
        if (topic > kTopicSizeMax || chunk.path.size() > kPathSizeMax) return false;
        const std::size_t fixed = topic + 32 * chunk.path.size();
        return chunk.bytes.size() <= kChunkBudget && fixed <= kChunkBudget - chunk.bytes.size();
    }
    bool operator()(const Ack& ack) const {
        return ack.ranges.size() <= kAckRangesMax && ack.credits.size() <= kCreditsMax &&
               descends(ack.ranges);
    }
    bool operator()(const Have& have) const {
        const std::size_t hashes = have.bucket_hashes.size();
        return are_kept_by(have.streams) && (hashes == 0 || hashes == kRecordBuckets) &&
               have.records.size() <= kRecordsPerFrameMax;
    }
    bool operator()(const Want& want) const {
        for (const WantedChunks& wanted : want.chunks)
            if (wanted.first > wanted.last) return false;
        return are_kept_by(want.streams) && want.chunks.size() <= kWantedChunksMax &&
               want.records.size() <= kRecordsPerFrameMax;
    }
    bool operator()(const Heartbeat&) const { return true; }
    bool operator()(const Prune&) const { return true; }
    bool operator()(const Graft&) const { return true; }
    bool operator()(const Close& close) const { return close.candidates.size() <= kCandidatesMax; }
};

}  // namespace

bool keeps_limits(const Frame& frame) { return std::visit(LimitsOf{}, frame); }

}  // namespace hearsay::wire
