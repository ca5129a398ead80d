#pragma once

#include <unordered_map>

#include "daemon/gossip/records.h"

namespace hearsay::sim {

// Every record once, however many nodes hold it: without it a network of N nodes would need N x N
// of them. What nobody holds any more is forgotten.
class RecordStore final : public gossip::RecordPool {
public:
    std::shared_ptr<const gossip::Record> share(gossip::Record record) override;
    std::size_t size() const { return records_.size(); }

private:
    // A uid is a hash already, and here nobody chooses it to collide.
    struct UidHash {
        std::size_t operator()(const crypto::Uid& uid) const;
    };
    std::unordered_map<crypto::Uid, std::weak_ptr<const gossip::Record>, UidHash> records_;
    std::size_t clear_at_ = 1024;  // entries: then what is gone is looked for
};

}  // namespace hearsay::sim
