#pragma once

#include <deque>
#include <memory>

#include "daemon/gossip/channel.h"
#include "daemon/gossip/chunk_store.h"
#include "wire/plaintext.h"

namespace hearsay::gossip {

// Encoded chunks, so that relaying one to many neighbours encodes it once: a direct-mapped
// cache of the last few, cheap to miss.
class ChunkEncodings {
public:
    // Empty when it does not fit a frame (a codec fault). Valid until the next call.
    ByteView get(wire::Codec& codec, const StoredBatch& batch, std::uint16_t index);

private:
    static constexpr std::size_t kPlaces = 64;
    struct Place {
        ChunkRef ref;
        wire::CodecId codec = 0;
        Bytes bytes;
    };
    std::array<Place, kPlaces> places_;
};

// One neighbour: its sessions, what waits to be sent to it, and how alive it is.
//
// Bounds: kChunksQueuedMax names of chunks (the chunks themselves are in the store), and
// kControlsQueuedMax encoded control frames; what finds no room is left to repair and counted.
// A link with a session but nothing to say costs one heartbeat an interval.
class Link {
public:
    static constexpr std::size_t kChunksQueuedMax = 16'384;
    static constexpr std::size_t kControlsQueuedMax = 256;
    static constexpr Duration kProbeInterval = std::chrono::milliseconds(100);
    static constexpr Duration kSlowAfter = std::chrono::seconds(1);
    static constexpr Duration kRetireAfter = std::chrono::seconds(5);
    // Two sessions opened towards each other within this time are one meeting.
    static constexpr Duration kMeetingTime = std::chrono::seconds(3);

    Link(Core& core, std::size_t slot, Established established, Instant now);

    const crypto::NodeId& id() const { return id_; }
    std::size_t slot() const { return slot_; }
    LinkMask mask() const { return mask_of(slot_); }
    std::uint64_t peer_epoch() const { return peer_epoch_; }
    // We dialled it for ourselves; the others were accepted and may have to make room.
    bool is_chosen() const { return is_chosen_; }
    const Endpoint& at() const { return current().facts().at; }
    const Channel& current() const { return *channels_.front(); }

    // Another session with the same neighbour: a rekey, both sides having dialled, or a new
    // address. Precondition: same peer and epoch.
    void add_channel(Established established, Instant now);
    Channel* channel(wire::SessionId our_session);
    std::vector<wire::SessionId> sessions() const;
    // Sessions that end now, oldest last; their unacknowledged chunks are queued again.
    std::vector<wire::SessionId> retire_channels(Instant now);
    bool uses_removed_secret() const;
    // Rekeying is the initiator's job at 120 s (jittered), the responder's only at 150 s.
    bool wants_rekey(Instant now) const { return rekey_at_ <= now; }
    // No session lives longer than this, whatever became of its rekeying.
    static constexpr Duration kKeyAgeMax = std::chrono::seconds(180);
    bool has_worn_out_keys(Instant now) const {
        return now - current().opened_at() >= kKeyAgeMax;
    }
    void postpone_rekey(Instant until) {
        rekey_at_ = until;
        touch();
    }

    // Any packet that opened is a sign of life.
    void note_received(std::size_t bytes, Instant now);
    void handle_ack(Channel& channel, const wire::Ack& ack, Instant now);
    void handle_heartbeat(const wire::Heartbeat& heartbeat, Now now);

    void queue_chunk(StoredBatch& batch, std::uint16_t index);
    void drop_chunks(ChunkStore& store);
    bool queue_control(const wire::Frame& frame);
    // Goes with the next ack, which is sent at once if that is urgent; at most wire::kCreditsMax,
    // one for each publisher.
    void tell_credit(const wire::Credit& credit, bool is_urgent, Instant now);
    // The next datagram has a heartbeat that the neighbour answers at once.
    void ask_reply() { reply_asked_ = true; }
    // The last word: everything else that waits is dropped.
    void close_with(const wire::Close& close);
    bool has_room_for_chunks() const { return chunks_.size() < kChunksQueuedMax; }
    std::size_t chunks_queued() const { return chunks_.size(); }

    // Sends what is due and fits the outbox. True when it was cut short by the outbox's bound.
    bool flush(ChunkStore& store, ChunkEncodings& encodings, Now now);
    void handle_timeout(ChunkStore& store, Now now);
    // Kept until something changes it: asked for after every datagram of any neighbour.
    std::optional<Instant> next_deadline() const;
    Duration silence(Instant now) const { return now - last_received_; }
    // The timing of the configuration has changed.
    void touch() { is_deadline_known_ = false; }
    // Neither handle_timeout() nor flush() has anything to do yet.
    bool is_idle(Instant now) const;
    // It lives, but for kSlowAfter it has acknowledged nothing of what is on its way: it is fed by
    // repair alone until it does.
    bool is_slow() const { return is_slow_; }
    bool is_dead(Instant now) const { return now - last_received_ >= core_.config.link.dead_after; }
    // The far end has proved that it lived: it finished a handshake we answered, or spoke in the
    // session. One that had no room for our link says nothing by its silence.
    bool was_alive() const { return current().is_confirmed() || packets_received_ > 0; }
    // This host itself was late: the neighbour gets the time between probing and death again.
    void forgive(Instant now);

    std::optional<Duration> round_trip() const;
    std::optional<std::int64_t> clock_offset_ms() const { return clock_offset_ms_; }
    void set_known_record(std::uint64_t epoch, std::uint64_t version);
    const std::optional<wire::Heartbeat>& last_heartbeat() const { return last_heartbeat_; }
    LinkSnapshot snapshot(Instant now) const;

    Instant opened_at;                      // the link, not its session
    // How far this neighbour has been told of changed streams; each change is told kTellRounds
    // times, since nobody acknowledges a Have.
    static constexpr std::size_t kTellRounds = 3;
    std::array<std::uint64_t, kTellRounds> told{};
    // The last telling waits until what was sent after the one before it has been echoed: an outage
    // of one way that is too short to kill the link could swallow all of them.
    Instant told_but_last_at{};
    // When the newest of our heartbeats that has arrived there was sent, by its echo.
    Instant echoed_at() const { return echoed_at_; }
    std::uint64_t chunks_dropped = 0;

private:
    std::optional<Instant> find_deadline() const;
    const Channel& preferred() const;
    Channel& preferred() { return const_cast<Channel&>(std::as_const(*this).preferred()); }
    void requeue(const std::vector<ChunkRef>& chunks);
    bool is_heartbeat_due(Instant now) const;
    void watch_progress(ChunkStore& store, Instant now);
    bool is_flush_due(Instant now) const;
    void set_next_heartbeat(Instant now);
    void fill_control(wire::PlaintextWriter& writer, Now now);
    void fill_chunks(wire::PlaintextWriter& writer, ChunkStore& store, ChunkEncodings& encodings,
                     LossRecovery::SentPacket& packet);
    wire::Heartbeat make_heartbeat(Now now, bool wants_reply);
    void set_rekey(Instant now);

    Core& core_;
    std::size_t slot_;
    crypto::NodeId id_;
    std::uint64_t peer_epoch_;
    bool is_chosen_;
    std::vector<std::unique_ptr<Channel>> channels_;  // the one we send in first
    Instant rekey_at_;
    RoundTrip round_trip_;

    std::deque<ChunkRef> chunks_;
    std::deque<Bytes> controls_;
    std::vector<wire::Credit> credits_;  // for the next ack
    bool is_slow_ = false;
    bool reply_due_ = false;
    bool reply_asked_ = false;
    bool has_sent_heartbeat_ = false;
    Instant next_heartbeat_;
    Instant next_probe_;
    Instant last_received_;
    std::optional<wire::Heartbeat> last_heartbeat_;
    Instant last_heartbeat_at_;
    std::optional<std::int64_t> clock_offset_ms_;
    std::optional<Duration> echo_time_;
    Instant echoed_at_{};
    std::uint64_t known_epoch_ = 0;
    std::uint64_t known_version_ = 0;

    std::uint64_t packets_sent_ = 0;
    std::uint64_t packets_received_ = 0;
    std::uint64_t bytes_sent_ = 0;
    std::uint64_t bytes_received_ = 0;
    std::vector<ChunkRef> lost_;  // scratch
    mutable std::optional<Instant> deadline_;
    mutable bool is_deadline_known_ = false;
};

}  // namespace hearsay::gossip
