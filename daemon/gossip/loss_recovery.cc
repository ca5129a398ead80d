#include "daemon/gossip/loss_recovery.h"

#include <algorithm>

#include "base/insist.h"

namespace hearsay::gossip {

void RoundTrip::add_sample(Duration latest, Duration ack_delay) {
    latest_ = std::max(latest, Duration::zero());
    if (!has_sample_) {
        has_sample_ = true;
        least_ = latest_;
        smoothed_ = latest_;
        variation_ = latest_ / 2;
        return;
    }
    least_ = std::min(least_, latest_);
    const Duration delay = std::min(ack_delay, kAckDelayMax);
    const Duration adjusted = latest_ >= least_ + delay ? latest_ - delay : latest_;
    const Duration distance = smoothed_ > adjusted ? smoothed_ - adjusted : adjusted - smoothed_;
    variation_ = (3 * variation_ + distance) / 4;
    smoothed_ = (7 * smoothed_ + adjusted) / 8;
}

Duration RoundTrip::probe_timeout() const {
    return std::max(smoothed_ + 4 * variation_ + kAckDelayMax, LossRecovery::kProbeTimeoutMin);
}

void CongestionWindow::handle_acked(std::size_t packets, bool was_full) {
    if (!was_full || size_ >= kMax) return;
    if (size_ < threshold_) {
        size_ = std::min(size_ + packets, kMax);
        return;
    }
    acked_ += packets;
    if (acked_ < size_) return;
    acked_ -= size_;
    ++size_;
}

void CongestionWindow::handle_lost(Instant newest_sent_at, const RoundTrip& round_trip,
                                   Instant now) {
    if (cut_at_ && newest_sent_at <= *cut_at_) return;
    cut_at_ = now;
    const bool is_delayed = round_trip.smoothed() > kDelayedFactor * round_trip.least();
    size_ = std::max(size_ / 2, is_delayed ? kFloorDelayed : kFloor);
    threshold_ = size_;
    acked_ = 0;
}

void LossRecovery::note_sent(const SentPacket& packet) {
    INSIST(has_room());
    INSIST(sent_.empty() || sent_.back().number < packet.number);
    if (sent_.empty() && probe_count_ == 0) progress_at_ = packet.sent_at;
    sent_.push_back(packet);
}

void LossRecovery::handle_ack(const wire::Ack& ack, RoundTrip& round_trip, Instant now,
                              std::vector<ChunkRef>& lost) {
    const auto is_acked = [&](const SentPacket& packet) {
        return std::any_of(ack.ranges.begin(), ack.ranges.end(), [&](const auto& range) {
            return range.first <= packet.number && packet.number <= range.last;
        });
    };
    if (ack.ranges.empty()) return;
    const auto named_end = std::upper_bound(
        sent_.begin(), sent_.end(), ack.ranges.front().last,
        [](std::uint64_t number, const SentPacket& packet) { return number < packet.number; });
    const auto newest = std::find_if(std::make_reverse_iterator(named_end), sent_.rend(), is_acked);
    if (newest == sent_.rend()) return;

    if (newest->number == ack.ranges.front().last)
        round_trip.add_sample(now - newest->sent_at, std::chrono::microseconds(ack.delay_us));
    largest_acked_ = std::max(largest_acked_, newest->number);
    probe_count_ = 0;
    progress_at_ = now;
    const bool was_full = 2 * sent_.size() >= window_.size();
    const auto settled = static_cast<std::size_t>(sent_.rend() - newest);
    window_.handle_acked(take_acked(ack, settled), was_full);
    find_lost(round_trip, now, lost);
}

// Of the first `count` packets, those the ack names; returns how many they were. Mostly all are,
// so the few that stay move and not the many behind them.
std::size_t LossRecovery::take_acked(const wire::Ack& ack, std::size_t count) {
    auto range = ack.ranges.begin();
    std::size_t kept = 0;
    for (std::size_t i = count; i-- > 0;) {  // both fall
        while (range != ack.ranges.end() && range->first > sent_[i].number) ++range;
        const bool is_acked = range != ack.ranges.end() && sent_[i].number <= range->last;
        if (!is_acked) sent_[count - ++kept] = sent_[i];
    }
    sent_.erase(sent_.begin(), sent_.begin() + static_cast<std::ptrdiff_t>(count - kept));
    return count - kept;
}

void LossRecovery::find_lost(const RoundTrip& round_trip, Instant now,
                             std::vector<ChunkRef>& lost) {
    // RFC 9002 6.1.2: 9/8 of the longer of the latest and the smoothed round trip.
    const Duration patience = std::max(round_trip.smoothed(), round_trip.latest()) * 9 / 8 +
                              std::chrono::milliseconds(1);
    Instant newest_lost{};
    std::size_t count = 0;
    // Numbers and times rise, so what is lost comes first.
    while (count < sent_.size() && sent_[count].number < largest_acked_) {
        const SentPacket& packet = sent_[count];
        const bool is_lost = largest_acked_ - packet.number >= kPacketThreshold ||
                             packet.sent_at + patience <= now;
        if (!is_lost) break;
        newest_lost = packet.sent_at;
        give_up(packet, lost);
        ++count;
    }
    if (count == 0) return;
    sent_.erase(sent_.begin(), sent_.begin() + static_cast<std::ptrdiff_t>(count));
    window_.handle_lost(newest_lost, round_trip, now);
}

void LossRecovery::give_up(const SentPacket& packet, std::vector<ChunkRef>& lost) {
    ++lost_count_;
    lost.insert(lost.end(), packet.chunks.begin(),
                packet.chunks.begin() + static_cast<std::ptrdiff_t>(packet.chunk_count));
}

std::optional<Instant> LossRecovery::loss_deadline(const RoundTrip& round_trip) const {
    if (sent_.empty() || sent_.front().number >= largest_acked_) return std::nullopt;
    return sent_.front().sent_at + std::max(round_trip.smoothed(), round_trip.latest()) * 9 / 8 +
           std::chrono::milliseconds(1);
}

Instant LossRecovery::probe_deadline(const RoundTrip& round_trip) const {
    return sent_.back().sent_at + round_trip.probe_timeout() * (1U << std::min(probe_count_, 6U));
}

std::optional<Instant> LossRecovery::next_deadline(const RoundTrip& round_trip) const {
    if (sent_.empty()) return std::nullopt;
    const Instant probe = probe_deadline(round_trip);
    const std::optional<Instant> loss = loss_deadline(round_trip);
    return loss ? std::min(*loss, probe) : probe;
}

// A probe sends the two oldest packets' chunks again rather than a ping: on a LAN a spare copy
// costs less than another round trip (RFC 9002 6.2.4 allows both).
void LossRecovery::handle_timeout(const RoundTrip& round_trip, Instant now,
                                  std::vector<ChunkRef>& lost) {
    if (sent_.empty()) return;
    if (const auto loss = loss_deadline(round_trip); loss && *loss <= now)
        find_lost(round_trip, now, lost);
    if (sent_.empty() || probe_deadline(round_trip) > now) return;
    ++probe_count_;
    for (int i = 0; i < 2 && !sent_.empty(); ++i) {
        give_up(sent_.front(), lost);
        sent_.pop_front();
    }
}

void LossRecovery::take_all(std::vector<ChunkRef>& chunks) {
    for (const SentPacket& packet : sent_)
        chunks.insert(chunks.end(), packet.chunks.begin(),
                      packet.chunks.begin() + static_cast<std::ptrdiff_t>(packet.chunk_count));
    sent_.clear();
}

}  // namespace hearsay::gossip
