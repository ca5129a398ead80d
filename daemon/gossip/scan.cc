#include "daemon/gossip/scan.h"

#include <numeric>

#include "config/range_text.h"

namespace hearsay::gossip {

Scan::Scan(Core& core, Links& links, Handshakes& handshakes, Overlay& overlay,
           const Beacons& beacons, Instant now)
    : core_(core), links_(links), handshakes_(handshakes), overlay_(overlay), beacons_(beacons) {
    take_ranges(now);
}

void Scan::take_ranges(Instant now) {
    ranges_ = core_.config.discovery.scan;
    total_ = 0;
    for (const config::AddressRange& range : ranges_) total_ += config::host_count(range);
    passes_ = 0;
    pause_ = kPauseFirst;
    tried_ = total_;  // none under way
    answered_ = 0;
    if (total_ == 0) return;
    next_at_ = now + core_.random.between(kStartPause * 8 / 10, kStartPause * 12 / 10);
}

// Steps that share no factor with the number of addresses meet every one of them once.
void Scan::begin_pass() {
    tried_ = 0;
    answered_ = 0;
    first_ = core_.random.below(total_);
    do {
        step_ = 1 + core_.random.below(total_);
    } while (std::gcd(step_, total_) != 1);
}

Endpoint Scan::place(std::uint64_t number) const {
    std::uint64_t left = (first_ + number * step_) % total_;
    for (const config::AddressRange& range : ranges_) {
        const std::uint64_t count = config::host_count(range);
        if (left < count)
            return config::host_at(range, static_cast<std::uint32_t>(left))
                .with_port(core_.self.port);
        left -= count;
    }
    return {};  // not reached: left < total_, the sum of all
}

void Scan::handle_timeout(Instant now) {
    if (has_changed()) take_ranges(now);
    if (total_ == 0) return;
    if (is_content()) {
        pause_ = kPauseFirst;
        next_at_ = std::max(next_at_, now + pause_);
        return;
    }
    if (next_at_ > now) return;
    if (!is_running()) begin_pass();
    try_some(now);
}

void Scan::try_some(Instant now) {
    next_at_ = now + kTurn;
    for (std::uint32_t i = 0; i < kPerTurn && is_running() && core_.outbox.has_room(); ++i) {
        const Endpoint at = place(tried_++);
        if (beacons_.is_own(at) || links_.is_linked_at(at)) continue;
        handshakes_.probe(at, passes_ % core_.network.secrets.size());
    }
    if (!is_running()) end_pass(now);
}

void Scan::end_pass(Instant now) {
    ++passes_;
    next_at_ = now + core_.random.between(pause_ * 8 / 10, pause_ * 12 / 10);
    pause_ = std::min<Duration>(pause_ * 2, kPauseMax);
}

void Scan::handle_answer(const Endpoint& from, Instant now) {
    const bool is_asked = std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& range) {
        return config::contains(range, from);
    });
    if (!is_asked || from.port != core_.self.port) return;
    ++answered_;
    overlay_.add(from, LearntFrom::scan, std::nullopt, now);
}

std::optional<Instant> Scan::next_deadline() const {
    if (total_ == 0 || is_content()) return std::nullopt;
    return next_at_;
}

ScanSnapshot Scan::snapshot(Instant now) const {
    ScanSnapshot result;
    result.ranges = ranges_;
    result.addresses = total_;
    result.tried = tried_;
    result.answered = answered_;
    result.passes = passes_;
    result.is_running = is_running();
    if (total_ > 0 && !is_running() && !is_content())
        result.next_pass = std::max<Duration>(next_at_ - now, Duration::zero());
    return result;
}

}  // namespace hearsay::gossip
