#include "daemon/gossip/records.h"

#include <algorithm>

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

// Where it is, or belongs.
std::size_t Records::place_in(const Bucket& bucket, const crypto::NodeId& member) {
    const auto place =
        std::lower_bound(bucket.begin(), bucket.end(), member,
                         [](const std::shared_ptr<const Record>& record,
                            const crypto::NodeId& id) { return record->header.publisher < id; });
    return static_cast<std::size_t>(place - bucket.begin());
}

bool Records::is_at(const Bucket& bucket, std::size_t place, const crypto::NodeId& member) {
    return place < bucket.size() && bucket[place]->header.publisher == member;
}

const Record* Records::find(const crypto::NodeId& member) const {
    const Bucket& bucket = buckets_[bucket_of(member)];
    const std::size_t place = place_in(bucket, member);
    return is_at(bucket, place, member) ? bucket[place].get() : nullptr;
}

std::shared_ptr<const Record> Records::put(Record record) {
    if (record.header.kind == wire::Kind::presence && !record.presence)
        record.presence = decode_presence(record.body).value_or(Presence{});
    const std::shared_ptr<const Record> kept =
        pool_ != nullptr ? pool_->share(std::move(record))
                         : std::make_shared<const Record>(std::move(record));
    const crypto::NodeId& member = kept->header.publisher;
    Bucket& bucket = buckets_[bucket_of(member)];
    const std::size_t place = place_in(bucket, member);
    mix(*kept, true);
    if (is_at(bucket, place, member)) {
        mix(*bucket[place], false);
        bucket[place] = kept;
    } else {
        bucket.insert(bucket.begin() + static_cast<std::ptrdiff_t>(place), kept);
        ++size_;
    }
    return kept;
}

void Records::erase(const crypto::NodeId& member) {
    Bucket& bucket = buckets_[bucket_of(member)];
    const std::size_t place = place_in(bucket, member);
    if (!is_at(bucket, place, member)) return;
    mix(*bucket[place], false);
    bucket.erase(bucket.begin() + static_cast<std::ptrdiff_t>(place));
    --size_;
}

void Records::mix(const Record& record, bool is_added) {
    const std::uint64_t part = ByteReader(record.uid.view()).u64();
    std::uint64_t& hash = hashes_[bucket_of(record.header.publisher)];
    hash = is_added ? hash + part : hash - part;
}

std::vector<wire::RecordVersion> Records::list(std::size_t bucket) const {
    std::vector<wire::RecordVersion> result;
    result.reserve(buckets_[bucket].size());
    for (const auto& record : buckets_[bucket])
        result.push_back({record->header.publisher, record->epoch(), record->version()});
    return result;
}

void Records::check_invariants() const {
    std::array<std::uint64_t, wire::kRecordBuckets> hashes{};
    std::size_t count = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        const Record* before = nullptr;
        for (const auto& record : buckets_[i]) {
            const crypto::NodeId& member = record->header.publisher;
            INSIST(bucket_of(member) == i);
            INSIST(before == nullptr || before->header.publisher < member);
            INSIST(record->header.kind != wire::Kind::presence || record->presence.has_value());
            hashes[i] += ByteReader(record->uid.view()).u64();
            before = record.get();
            ++count;
        }
    }
    INSIST(hashes == hashes_);
    INSIST(count == size_);
}

}  // namespace hearsay::gossip
