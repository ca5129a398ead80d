#pragma once

#include <algorithm>
#include <array>

#include "base/time.h"

namespace hearsay::host {

// The longest the loop was late in the last minute, to ten seconds. Fixed memory.
class LagMeter {
public:
    void record(Instant now, Duration lag) {
        Bucket& bucket = buckets_[static_cast<std::size_t>(number_of(now)) % kBuckets];
        if (bucket.number != number_of(now)) bucket = {number_of(now), {}};
        bucket.longest = std::max(bucket.longest, lag);
    }
    Duration longest(Instant now) const {
        Duration result{};
        for (const Bucket& bucket : buckets_)
            if (number_of(now) - bucket.number < static_cast<std::int64_t>(kBuckets))
                result = std::max(result, bucket.longest);
        return result;
    }

private:
    static constexpr std::size_t kBuckets = 6;
    static constexpr Duration kWidth = std::chrono::seconds(10);
    struct Bucket {
        std::int64_t number = -static_cast<std::int64_t>(kBuckets);
        Duration longest{};
    };
    static std::int64_t number_of(Instant time) { return time.time_since_epoch() / kWidth; }

    std::array<Bucket, kBuckets> buckets_{};
};

}  // namespace hearsay::host
