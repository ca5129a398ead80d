#pragma once

#include <memory>

#include "daemon/gossip/core.h"
#include "daemon/gossip/presence.h"

namespace hearsay::gossip {

// A verified record as it travels: a batch of one chunk.
struct Record {
    wire::BatchHeader header;      // topic empty
    crypto::Uid uid;
    crypto::Signature signature;
    crypto::Hash root;
    Bytes body;
    std::optional<Presence> presence{};  // what the body says; Records::put reads it if unset

    std::uint64_t epoch() const { return header.epoch; }
    std::uint64_t version() const { return header.seq; }
    wire::Chunk frame() const;     // views into this
};

// Order in time of what one member says of itself.
constexpr bool is_newer(std::uint64_t epoch, std::uint64_t version, std::uint64_t than_epoch,
                        std::uint64_t than_version) {
    return epoch != than_epoch ? epoch > than_epoch : version > than_version;
}

// Where several engines of one process keep what all of them hold alike, such as the nodes of a
// simulated network. An engine without one keeps its own.
class RecordPool {
public:
    virtual ~RecordPool() = default;
    // The kept copy of what has this record's uid; the first to come is kept for as long as
    // somebody holds it. Precondition: the record is verified, and its presence read.
    virtual std::shared_ptr<const Record> share(Record record) = 0;
};

// The newest presence or leave of every member, and 64 hashes over them by which two neighbours
// find what one of them lacks without listing all (anti-entropy; Demers et al. 1987). Bounded by
// the member table, which decides who may enter.
//
// Memory: a pointer for each member, and what it points at if no pool shares that. A bucket is
// ordered by member; one more in it moves those behind, some hundreds when members are 50,000.
class Records {
public:
    explicit Records(RecordPool* pool = nullptr) : pool_(pool) {}  // outlives this; may be null

    // Valid until the next put() or erase() for that member.
    const Record* find(const crypto::NodeId& member) const;
    std::shared_ptr<const Record> put(Record record);
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
    std::size_t size() const { return size_; }
    void check_invariants() const;

private:
    using Bucket = std::vector<std::shared_ptr<const Record>>;

    static std::size_t place_in(const Bucket& bucket, const crypto::NodeId& member);
    static bool is_at(const Bucket& bucket, std::size_t place, const crypto::NodeId& member);
    void mix(const Record& record, bool is_added);

    RecordPool* pool_;
    std::size_t size_ = 0;
    std::array<std::uint64_t, wire::kRecordBuckets> hashes_{};
    std::array<Bucket, wire::kRecordBuckets> buckets_;
};

}  // namespace hearsay::gossip
