#include "tests/bench/load/ledger.h"

#include <algorithm>
#include <bit>

namespace hearsay::load {

// Below 64 each value is its own step; above, the highest bit and the six below it.
std::size_t Latencies::step_of(std::uint64_t ns) {
    const auto width = static_cast<unsigned>(std::bit_width(ns));
    if (width <= kStepBits) return static_cast<std::size_t>(ns);
    const unsigned shift = width - kStepBits - 1;
    return (std::size_t{shift} << kStepBits) + static_cast<std::size_t>(ns >> shift);
}

std::uint64_t Latencies::end_of(std::size_t step) {
    if (step < (std::size_t{2} << kStepBits)) return step;
    const std::size_t shift = (step >> kStepBits) - 1;
    const std::uint64_t mantissa = step - (shift << kStepBits);
    return ((mantissa + 1) << shift) - 1;
}

void Latencies::add(std::uint64_t ns) {
    const std::size_t step = step_of(ns);
    if (step >= steps_.size()) steps_.resize(step + 1);
    ++steps_[step];
    ++count_;
    max_ = std::max(max_, ns);
}

void Latencies::add(const Latencies& others) {
    if (others.steps_.size() > steps_.size()) steps_.resize(others.steps_.size());
    for (std::size_t i = 0; i < others.steps_.size(); ++i) steps_[i] += others.steps_[i];
    count_ += others.count_;
    max_ = std::max(max_, others.max_);
}

double Latencies::percentile_ms(double share) const {
    const auto wanted = static_cast<std::uint64_t>(static_cast<double>(count_) * share);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        below += steps_[i];
        if (below > wanted) return static_cast<double>(std::min(end_of(i), max_)) / 1e6;
    }
    return max_ms();
}

void Tally::note(const Stamp& stamp, std::uint64_t now_ns) {
    if (stamp.number == kWarmUp) {
        is_warm = true;
        return;
    }
    if (stamp.number >= seen_.size())
        seen_.resize(std::max<std::size_t>(stamp.number + 1, 2 * seen_.size()));
    if (seen_[stamp.number]) {
        ++repeated;
        return;
    }
    seen_[stamp.number] = true;
    ++received;
    last_ns = now_ns;
    latencies.add(now_ns > stamp.sent_ns ? now_ns - stamp.sent_ns : 0);
    if (stamp.number < highest_) ++out_of_order;
    highest_ = std::max<std::int64_t>(highest_, stamp.number);
}

}  // namespace hearsay::load
