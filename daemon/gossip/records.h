#pragma once

#include <map>

#include "daemon/gossip/core.h"

namespace hearsay::gossip {

// A verified record as it travels: a batch of one chunk.
struct Record {
    wire::BatchHeader header;      // topic empty
    crypto::Uid uid;
    crypto::Signature signature;
    crypto::Hash root;
    Bytes body;

    std::uint64_t epoch() const { return header.epoch; }
    std::uint64_t version() const { return header.seq; }
    wire::Chunk frame() const;     // views into this
};

// Order in time of what one member says of itself.
constexpr bool is_newer(std::uint64_t epoch, std::uint64_t version, std::uint64_t than_epoch,
                        std::uint64_t than_version) {
    return epoch != than_epoch ? epoch > than_epoch : version > than_version;
}

// The newest presence or leave of every member, and 64 hashes over them by which two neighbours
// find what one of them lacks without listing all (anti-entropy; Demers et al. 1987). Bounded by
// the member table, which decides who may enter.
class Records {
public:
    const Record* find(const crypto::NodeId& member) const;
    void put(Record record);
    void erase(const crypto::NodeId& member);

    // Sum modulo 2^64 of the first 8 bytes of the uids in a bucket: a uid covers all that is
    // signed, so equal sums mean equal records but for a chance of 2^-64.
    const std::array<std::uint64_t, wire::kRecordBuckets>& bucket_hashes() const {
        return hashes_;
    }
    static std::size_t bucket_of(const crypto::NodeId& member) {
        return member.bytes[0] % wire::kRecordBuckets;
    }
    std::vector<wire::RecordVersion> list(std::size_t bucket) const;
    std::size_t size() const { return records_.size(); }
    void check_invariants() const;

private:
    void mix(const Record& record, bool is_added);

    std::map<crypto::NodeId, Record> records_;
    std::array<std::uint64_t, wire::kRecordBuckets> hashes_{};
    std::array<std::map<crypto::NodeId, const Record*>, wire::kRecordBuckets> buckets_;
};

}  // namespace hearsay::gossip
