#pragma once

#include <string>

#include "wire/frame.h"
#include "wire/limits.h"

namespace hearsay::wire {

// A frame made up for a check, with the memory its views point at. Moves, never copies.
struct SampleFrame {
    std::string name;
    Frame frame;
    Bytes topic;
    Bytes bytes;
    std::vector<crypto::Hash> path;
    std::vector<NumberRange> ranges;
    std::vector<Credit> credits;
    std::vector<StreamRanges> streams;
    std::vector<std::uint64_t> hashes;
    std::vector<RecordVersion> records;
    std::vector<WantedChunks> wanted;
    std::vector<crypto::NodeId> nodes;
    std::vector<Endpoint> candidates;

    SampleFrame() = default;
    SampleFrame(SampleFrame&&) = default;
    SampleFrame& operator=(SampleFrame&&) = default;
};

struct ChunkShape {
    std::size_t topic = 0;
    std::size_t bytes = 0;
    std::size_t path = 0;
    bool has_header = true;
};

struct StreamShape {
    std::size_t streams = 0;
    std::size_t ranges = 0;  // over all of them
};

// Makes the same frames again for the same seed, on every platform. What the conformance kit,
// the tests and the benchmarks feed a codec.
class SampleFrames {
public:
    // What the numbers and ids of a frame are.
    enum class Values { zeros, ones, random };

    explicit SampleFrames(std::uint64_t seed) : state_(seed) {}

    SampleFrame chunk(Values values, ChunkShape shape);
    SampleFrame ack(Values values, std::size_t ranges, std::size_t credits);
    SampleFrame have(Values values, StreamShape shape, std::size_t hashes, std::size_t records);
    SampleFrame want(Values values, StreamShape shape, std::size_t chunks, std::size_t records);
    SampleFrame heartbeat(Values values);
    SampleFrame prune(Values values);
    SampleFrame graft(Values values);
    SampleFrame close(Values values, std::size_t candidates);

    // Any frame that keeps the limits and fits kFrameSizeMax.
    SampleFrame any();
    // Every kind of frame at its smallest, ordinary and largest, each list at its limit once.
    std::vector<SampleFrame> typical();
    // Frames that break one limit or one promised order each.
    std::vector<SampleFrame> over_limits();

    std::uint64_t next();
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }

private:
    std::uint64_t number(Values values);
    template <typename Fixed>
    Fixed fixed(Values values);
    void fill_ranges(Values values, std::size_t count, std::vector<NumberRange>& ranges);
    void fill_streams(Values values, StreamShape shape, SampleFrame& sample);
    std::vector<RecordVersion> record_list(Values values, std::size_t count);
    std::vector<SampleFrame> lists_over_limits();
    std::vector<SampleFrame> orders_broken();

    std::uint64_t state_;
};

}  // namespace hearsay::wire
