#include "daemon/gossip/rate_limit.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/insist.h"

namespace hearsay::gossip {
namespace {

using Bytes20 = std::array<std::uint8_t, 20>;

constexpr std::uint64_t kPartsPerNs = 1 << 16;
constexpr std::uint64_t kCapacityMax = std::uint64_t{1} << 62;  // 19.5 h
constexpr double kRateMin = 0.001;
constexpr double kRateMax = 1e10;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

// Also for what is not a number.
double between(double value, double low, double high) {
    if (!(value > low)) return low;
    return value < high ? value : high;
}

// Precondition: 0 <= value < 2^63.
std::uint64_t round_up(double value) {
    const auto whole = static_cast<std::uint64_t>(value);
    return static_cast<double>(whole) < value ? whole + 1 : whole;
}

// Unsigned, because the distance of two instants can exceed what a Duration holds.
std::uint64_t ns_of(Instant at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

// Precondition: ns <= kCapacityMax.
Instant add_saturating(Instant at, std::uint64_t ns) {
    if (ns > ns_of(Instant::max()) - ns_of(at)) return Instant::max();
    return at + Duration(static_cast<Duration::rep>(ns));
}

// A source is named by what it cannot change: see SourceBuckets.
Bytes20 name_of_source(const Endpoint& from) {
    Bytes20 name{};
    const bool is_whole = from.is_ipv4() || from.is_link_local();
    std::copy_n(from.address.begin(), is_whole ? 16 : 8, name.begin());
    if (from.is_link_local())
        for (std::size_t i = 0; i < 4; ++i)
            name[16 + i] = static_cast<std::uint8_t>(from.scope >> (8 * i));
    return name;
}

}  // namespace

TokenBucket::TokenBucket(double rate_per_second, double burst) {
    configure(rate_per_second, burst);
    level_ = capacity_;
}

bool TokenBucket::take(double amount, Instant now) {
    level_ = level_at(now);
    filled_at_ = std::max(filled_at_, now);
    const std::uint64_t price = price_of(amount);
    if (price > level_) return false;
    level_ -= price;
    return true;
}

bool TokenBucket::can_take(double amount, Instant now) const {
    return price_of(amount) <= level_at(now);
}

std::optional<Instant> TokenBucket::ready_at(double amount, Instant now) const {
    const std::uint64_t price = price_of(amount);
    const std::uint64_t level = level_at(now);
    if (price <= level) return now;
    if (price > capacity_) return std::nullopt;
    const std::uint64_t wait_ns = (price - level + kPartsPerNs - 1) / kPartsPerNs;
    return add_saturating(std::max(now, filled_at_), wait_ns);
}

double TokenBucket::level(Instant now) const {
    return static_cast<double>(level_at(now)) / static_cast<double>(price_);
}

void TokenBucket::give_back(double amount) {
    level_ += std::min(price_of(amount), capacity_ - level_);
}

void TokenBucket::configure(double rate_per_second, double burst) {
    const double held = static_cast<double>(level_) / static_cast<double>(price_);
    const double rate = between(rate_per_second, kRateMin, kRateMax);
    price_ = round_up(1e9 * static_cast<double>(kPartsPerNs) / rate);
    capacity_ = std::min(price_of(burst), kCapacityMax);
    level_ = std::min(price_of(held), capacity_);
}

// Whole units are priced exactly, so that a burst of n buys n of them and not n - 1.
std::uint64_t TokenBucket::price_of(double amount) const {
    const double units = between(amount, 0, 1e15);
    const auto whole = static_cast<std::uint64_t>(units);
    if (whole >= kCapacityMax / price_) return kNever;
    return whole * price_ +
           round_up((units - static_cast<double>(whole)) * static_cast<double>(price_));
}

std::uint64_t TokenBucket::level_at(Instant now) const {
    if (now <= filled_at_) return level_;
    const std::uint64_t elapsed_ns = ns_of(now) - ns_of(filled_at_);
    if (elapsed_ns >= kCapacityMax / kPartsPerNs) return capacity_;
    return std::min(capacity_, level_ + elapsed_ns * kPartsPerNs);
}

SourceBuckets::SourceBuckets(const Limits& limits, const crypto::ShortHashKey& hash_key)
    : hash_key_(hash_key), full_at_(limits.buckets, Instant::min()) {
    INSIST(limits.buckets > 0);
    INSIST(limits.buckets <= std::size_t{1} << 24);
    const auto interval_ns = round_up(1e9 / between(limits.rate_per_second, kRateMin, 1e9));
    interval_ = Duration(static_cast<Duration::rep>(interval_ns));
    tolerance_ = interval_ * static_cast<Duration::rep>(between(limits.burst, 1, 1e6));
}

bool SourceBuckets::take(const Endpoint& from, Instant now) {
    Instant& full_at = full_at_[bucket_of(from)];
    const Instant start = std::max(full_at, now);
    if (start - now > tolerance_ - interval_) return false;
    full_at = start + interval_;
    return true;
}

std::size_t SourceBuckets::bucket_of(const Endpoint& from) const {
    const std::uint64_t hash = crypto::short_hash(hash_key_, name_of_source(from));
    return static_cast<std::size_t>(((hash >> 32) * full_at_.size()) >> 32);
}

}  // namespace hearsay::gossip
