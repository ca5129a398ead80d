#include "tests/sim/record_store.h"

#include <cstring>

namespace hearsay::sim {

std::size_t RecordStore::UidHash::operator()(const crypto::Uid& uid) const {
    std::size_t hash = 0;
    std::memcpy(&hash, uid.bytes.data(), sizeof hash);
    return hash;
}

std::shared_ptr<const gossip::Record> RecordStore::share(gossip::Record record) {
    std::weak_ptr<const gossip::Record>& kept = records_[record.uid];
    if (auto shared = kept.lock()) return shared;
    // Not std::make_shared: the memory would stay as long as our weak pointer does.
    const std::shared_ptr<const gossip::Record> shared(new gossip::Record(std::move(record)));
    kept = shared;
    if (records_.size() >= clear_at_) {
        std::erase_if(records_, [](const auto& entry) { return entry.second.expired(); });
        clear_at_ = std::max<std::size_t>(1024, 2 * records_.size());
    }
    return shared;
}

}  // namespace hearsay::sim
