#include <algorithm>

#include "wire/codec_check.h"

namespace hearsay::wire {
namespace {

template <typename T>
bool are_equal(std::span<const T> a, std::span<const T> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

bool is_same_header(const BatchHeader& a, const BatchHeader& b) {
    return a.publisher == b.publisher && a.epoch == b.epoch && a.seq == b.seq &&
           a.created_ms == b.created_ms && a.lifetime_ms == b.lifetime_ms && a.kind == b.kind &&
           a.flags == b.flags && a.chunk_count == b.chunk_count && a.body_size == b.body_size &&
           a.topic == b.topic;
}

bool is_same_source(const Chunk& a, const Chunk& b) {
    if (a.has_header != b.has_header) return false;
    if (!a.has_header) return a.uid == b.uid;
    return is_same_header(a.header, b.header) && a.signature == b.signature;
}

bool are_same(std::span<const StreamRanges> a, std::span<const StreamRanges> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const StreamRanges& one, const StreamRanges& other) {
                          return one.publisher == other.publisher && one.epoch == other.epoch &&
                                 one.floor == other.floor && one.top == other.top &&
                                 are_equal(one.ranges, other.ranges);
                      });
}

struct SameAs {
    const Frame& other;

    bool operator()(const Chunk& a) const {
        const Chunk& b = *std::get_if<Chunk>(&other);
        return is_same_source(a, b) && a.index == b.index &&
               a.first_message == b.first_message && a.lead == b.lead && a.hops == b.hops &&
               are_equal(a.bytes, b.bytes) && are_equal(a.path, b.path);
    }
    bool operator()(const Ack& a) const {
        const Ack& b = *std::get_if<Ack>(&other);
        return a.delay_us == b.delay_us && are_equal(a.ranges, b.ranges) &&
               are_equal(a.credits, b.credits);
    }
    bool operator()(const Have& a) const {
        const Have& b = *std::get_if<Have>(&other);
        return are_same(a.streams, b.streams) && are_equal(a.bucket_hashes, b.bucket_hashes) &&
               a.expanded == b.expanded && are_equal(a.records, b.records);
    }
    bool operator()(const Want& a) const {
        const Want& b = *std::get_if<Want>(&other);
        return are_same(a.streams, b.streams) && are_equal(a.chunks, b.chunks) &&
               are_equal(a.records, b.records);
    }
    bool operator()(const Heartbeat& a) const {
        const Heartbeat& b = *std::get_if<Heartbeat>(&other);
        return a.sent_us == b.sent_us && a.echo_us == b.echo_us &&
               a.echo_delay_us == b.echo_delay_us && a.wall_ms == b.wall_ms && a.lost == b.lost &&
               a.wants_reply == b.wants_reply && a.known_epoch == b.known_epoch &&
               a.known_version == b.known_version;
    }
    bool operator()(const Prune& a) const {
        return a.publisher == std::get_if<Prune>(&other)->publisher;
    }
    bool operator()(const Graft& a) const {
        return a.publisher == std::get_if<Graft>(&other)->publisher;
    }
    bool operator()(const Close& a) const {
        const Close& b = *std::get_if<Close>(&other);
        return a.reason == b.reason &&
               std::equal(a.candidates.begin(), a.candidates.end(), b.candidates.begin(),
                          b.candidates.end(), [](const Endpoint& one, const Endpoint& two) {
                              return one.address == two.address && one.port == two.port;
                          });
    }
};

}  // namespace

bool is_same(const Frame& a, const Frame& b) {
    return a.index() == b.index() && std::visit(SameAs{b}, a);
}

}  // namespace hearsay::wire
