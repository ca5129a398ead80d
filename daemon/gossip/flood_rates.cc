#include "daemon/gossip/flood.h"

// How much of what is new is taken from one link, and of one publisher.
namespace hearsay::gossip {
namespace {

constexpr std::size_t kPublisherSharesMax = 8192;

}  // namespace

Flood::Gate Flood::check_rates(const Link& from, const wire::BatchHeader& header, Instant now) {
    auto& link = link_buckets_[from.slot()];
    const double rate = core_.config.limits.publisher_rate;
    if (!link) link.emplace(rate, rate);
    if (!link->take(1, now)) {
        core_.count(Counter::refused_link_rate);
        return Gate::refused;
    }
    if (!bucket_of(header).take(1, now)) {
        core_.count(Counter::refused_publisher_rate);
        return Gate::refused;
    }
    return Gate::pass;
}

TokenBucket& Flood::bucket_of(const wire::BatchHeader& header) {
    if (parts_.membership.find(header.publisher) == nullptr) return stranger_bucket_;
    if (publisher_shares_.size() >= kPublisherSharesMax) publisher_shares_.clear();
    const double rate = core_.config.limits.publisher_rate;
    PublisherShare& share =
        publisher_shares_
            .try_emplace(header.publisher,
                         PublisherShare{{rate, rate}, {kRecordRate, kRecordBurst}})
            .first->second;
    return header.kind == wire::Kind::message ? share.messages : share.records;
}

}  // namespace hearsay::gossip
