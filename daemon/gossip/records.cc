#include "daemon/gossip/records.h"

#include "base/byte_io.h"
#include "base/insist.h"

namespace hearsay::gossip {

wire::Chunk Record::frame() const {
    wire::Chunk chunk;
    chunk.header = header;
    chunk.signature = signature;
    chunk.uid = uid;
    chunk.bytes = body;
    return chunk;
}

const Record* Records::find(const crypto::NodeId& member) const {
    const auto found = records_.find(member);
    return found == records_.end() ? nullptr : &found->second;
}

void Records::put(Record record) {
    const crypto::NodeId member = record.header.publisher;
    erase(member);
    mix(record, true);
    const Record& kept = records_.emplace(member, std::move(record)).first->second;
    buckets_[bucket_of(member)].emplace(member, &kept);
}

void Records::erase(const crypto::NodeId& member) {
    const auto found = records_.find(member);
    if (found == records_.end()) return;
    mix(found->second, false);
    buckets_[bucket_of(member)].erase(member);
    records_.erase(found);
}

void Records::mix(const Record& record, bool is_added) {
    const std::uint64_t part = ByteReader(record.uid.view()).u64();
    std::uint64_t& hash = hashes_[bucket_of(record.header.publisher)];
    hash = is_added ? hash + part : hash - part;
}

std::vector<wire::RecordVersion> Records::list(std::size_t bucket) const {
    std::vector<wire::RecordVersion> result;
    for (const auto& [member, record] : buckets_[bucket])
        result.push_back({member, record->epoch(), record->version()});
    return result;
}

void Records::check_invariants() const {
    std::array<std::uint64_t, wire::kRecordBuckets> hashes{};
    std::size_t count = 0;
    for (const auto& [member, record] : records_)
        hashes[bucket_of(member)] += ByteReader(record.uid.view()).u64();
    for (const auto& bucket : buckets_) count += bucket.size();
    INSIST(hashes == hashes_);
    INSIST(count == records_.size());
}

}  // namespace hearsay::gossip
