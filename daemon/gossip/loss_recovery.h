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

// Which of the packets sent in one session have arrived, by the acks that come back: loss
// detection and probe timeout of RFC 9002 section 6, with a fixed window in packets.
//
// Only packets that elicit an ack are kept here, so in_flight() <= kWindow, whatever the peer
// acknowledges. An ack for a packet never sent (or already settled) changes nothing: it cannot
// raise the largest acknowledged number above what was sent.
class LossRecovery {
public:
    // Packets in flight: 256 x 1.2 KB over a 1 ms LAN is 300 MB/s, and one receive buffer of
    // 4 MiB holds 13 such windows.
    static constexpr std::size_t kWindow = 256;
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

    bool has_room() const { return sent_.size() < kWindow; }
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

    std::deque<SentPacket> sent_;  // by number, rising
    std::uint64_t largest_acked_ = 0;
    unsigned probe_count_ = 0;
    std::uint64_t lost_count_ = 0;
};

}  // namespace hearsay::gossip
