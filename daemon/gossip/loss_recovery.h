#pragma once

#include <deque>
#include <optional>

#include "base/time.h"
#include "daemon/gossip/chunk_ref.h"
#include "wire/frame.h"

namespace hearsay::gossip {

// Round trip time of a path as RFC 9002 section 5 estimates it.
class RoundTrip {
public:
    // `ack_delay` is what the peer says it waited; believed up to kAckDelayMax.
    void add_sample(Duration latest, Duration ack_delay);
    bool has_sample() const { return has_sample_; }
    Duration smoothed() const { return smoothed_; }
    Duration latest() const { return latest_; }
    Duration least() const { return least_; }
    // RFC 9002 6.2.1: smoothed + 4 x variation + the longest the peer holds an ack back.
    Duration probe_timeout() const;

    static constexpr Duration kAckDelayMax = std::chrono::milliseconds(5);

private:
    bool has_sample_ = false;
    Duration latest_{};
    Duration least_{};
    // Before any sample: a LAN with a busy host, not the 333 ms of RFC 9002 6.2.2.
    Duration smoothed_ = std::chrono::milliseconds(50);
    Duration variation_ = std::chrono::milliseconds(25);
};

// How many packets may be on their way: NewReno as RFC 9002 section 7 has it, counted in packets.
// Slow start doubles the window each round trip until a loss halves it; then it grows by one a
// round trip. Losses of packets sent before the last cut do not cut again (RFC 9002 7.3.2).
//
// Unlike there the window does not fall below kFloor: with one datagram in ten lost at random, as
// on a bad radio link, NewReno alone would carry some hundred packets a second. That a loss comes
// from too much traffic shows in the round trip: above kDelayedFactor times its least value the
// floor is kFloorDelayed.
class CongestionWindow {
public:
    static constexpr std::size_t kInitial = 32;
    static constexpr std::size_t kFloor = 32;
    static constexpr std::size_t kFloorDelayed = 8;
    static constexpr int kDelayedFactor = 4;
    // 1,024 x 1.2 KB over a 1 ms LAN is 1.2 GB/s.
    static constexpr std::size_t kMax = 1024;

    std::size_t size() const { return size_; }
    // `was_full`: the sender would have sent more; only then has the window proved anything.
    void handle_acked(std::size_t packets, bool was_full);
    void handle_lost(Instant newest_sent_at, const RoundTrip& round_trip, Instant now);

private:
    std::size_t size_ = kInitial;
    std::size_t threshold_ = kMax;  // where slow start ends
    std::size_t acked_ = 0;         // towards the next packet more
    std::optional<Instant> cut_at_;
};

// Which of the packets sent in one session have arrived, by the acks that come back: loss
// detection and probe timeout of RFC 9002 section 6.
//
// Only packets that elicit an ack are kept here, so in_flight() never exceeds the window's
// maximum, whatever the peer acknowledges. An ack for a packet never sent (or already settled)
// changes nothing: it cannot raise the largest acknowledged number above what was sent.
class LossRecovery {
public:
    static constexpr std::uint64_t kPacketThreshold = 3;  // RFC 9002 6.1.1
    static constexpr std::size_t kChunksPerPacketMax = 8;
    // The shortest probe timeout: hosts whose cores are all busy answer late.
    static constexpr Duration kProbeTimeoutMin = std::chrono::milliseconds(10);

    struct SentPacket {
        std::uint64_t number = 0;
        Instant sent_at;
        std::size_t chunk_count = 0;
        std::array<ChunkRef, kChunksPerPacketMax> chunks;
    };

    bool has_room() const { return sent_.size() < window_.size(); }
    std::size_t window() const { return window_.size(); }
    // When an ack last settled something, or the first packet in flight was sent.
    Instant progress_at() const { return progress_at_; }
    std::size_t in_flight() const { return sent_.size(); }
    std::uint64_t lost_count() const { return lost_count_; }

    // Precondition: has_room(), and numbers rise.
    void note_sent(const SentPacket& packet);

    // Appends the chunks of packets found lost to `lost`.
    void handle_ack(const wire::Ack& ack, RoundTrip& round_trip, Instant now,
                    std::vector<ChunkRef>& lost);
    void handle_timeout(const RoundTrip& round_trip, Instant now, std::vector<ChunkRef>& lost);
    std::optional<Instant> next_deadline(const RoundTrip& round_trip) const;

    // Everything still unacknowledged: when the session ends.
    void take_all(std::vector<ChunkRef>& chunks);

private:
    std::optional<Instant> loss_deadline(const RoundTrip& round_trip) const;
    Instant probe_deadline(const RoundTrip& round_trip) const;
    void find_lost(const RoundTrip& round_trip, Instant now, std::vector<ChunkRef>& lost);
    void give_up(const SentPacket& packet, std::vector<ChunkRef>& lost);
    std::size_t take_acked(const wire::Ack& ack, std::size_t count);

    CongestionWindow window_;
    Instant progress_at_;
    std::deque<SentPacket> sent_;  // by number, rising
    std::uint64_t largest_acked_ = 0;
    unsigned probe_count_ = 0;
    std::uint64_t lost_count_ = 0;
};

}  // namespace hearsay::gossip
