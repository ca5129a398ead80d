#include "daemon/gossip/flood.h"

// How much of what is new is taken from one link, and of one publisher.
namespace hearsay::gossip {
namespace {

constexpr std::size_t kPublisherSharesMax = 8192;
constexpr Duration kForgetSharesEvery = std::chrono::seconds(10);

}  // namespace

Flood::Gate Flood::check_rates(const Link& from, const wire::BatchHeader& header, Instant now) {
    auto& link = link_buckets_[from.slot()];
    const double rate = core_.config.limits.publisher_rate;
    if (!link) link.emplace(rate, rate);
    if (!link->take(1, now)) {
        core_.count(Counter::refused_link_rate);
        return Gate::refused;
    }
    if (now - shares_forgotten_at_ >= kForgetSharesEvery) forget_full_shares(now);
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

// A share that is full again is as one that never was; most members speak once in minutes.
void Flood::forget_full_shares(Instant now) {
    shares_forgotten_at_ = now;
    std::erase_if(publisher_shares_, [&](const auto& entry) {
        return entry.second.records.can_take(kRecordBurst, now) &&
               entry.second.messages.can_take(core_.config.limits.publisher_rate, now);
    });
}

}  // namespace hearsay::gossip
