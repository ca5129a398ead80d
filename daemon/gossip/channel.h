#pragma once

#include "daemon/gossip/core.h"
#include "daemon/gossip/loss_recovery.h"
#include "daemon/gossip/packet_ranges.h"
#include "wire/packet.h"

namespace hearsay::gossip {

// What a finished handshake hands over.
struct Established {
    crypto::NodeId peer;
    std::uint64_t peer_epoch = 0;
    Endpoint at;
    wire::SessionId our_session = 0;    // in packets to us
    wire::SessionId their_session = 0;
    crypto::Secret send_key;
    crypto::Secret receive_key;
    bool is_initiator = false;
    wire::Codec* codec = nullptr;       // that we send
    std::vector<wire::CodecId> readable;  // codecs we said we read
    std::size_t datagram_size = wire::kDatagramSizeDefault;  // the smaller of both sides'
    std::size_t secret_place = 0;       // which network secret it was made under
    crypto::Secret network_secret;      // a copy, to see when that one is removed
    Bytes auth_i;                       // initiator: to send until the peer is heard
    std::optional<Duration> round_trip; // of the handshake
};

// One session with a neighbour: keys, packet numbers, and which of our packets arrived. A link
// has one that it sends in and, around a rekey, old ones that it still listens to.
class Channel {
public:
    Channel(const crypto::Sealer& sealer, Established established, Instant now);

    const Established& facts() const { return facts_; }
    Instant opened_at() const { return opened_at_; }
    // The peer has been heard in it: it has the keys.
    bool is_confirmed() const { return is_confirmed_; }
    std::optional<Instant> retire_at() const { return retire_at_; }
    void retire(Instant at) { retire_at_ = at; }

    // The plaintext, in `scratch`, which must hold the packet's size.
    Result<std::size_t, crypto::OpenError> open(const wire::Sealed& packet, MutableBytes scratch);
    // After open(): takes the packet's number into account for acks.
    void note_received(std::uint64_t number, bool elicits_ack, Instant now);

    // Seals `plaintext` as a datagram into `out`; returns its size. `number` is the packet's.
    std::size_t seal(ByteView plaintext, MutableBytes out, std::uint64_t& number);

    bool has_ack_pending() const { return unacked_count_ > 0; }
    // Something that rides on acks cannot wait for the next.
    void owe_ack(Instant now);
    std::optional<Instant> ack_deadline() const;
    // The pending ack, its ranges in `ranges`; nothing is pending afterwards.
    wire::Ack take_ack(std::span<wire::NumberRange> ranges, Instant now);

    LossRecovery& recovery() { return recovery_; }
    const LossRecovery& recovery() const { return recovery_; }

    // AUTH_I again, for as long as the peer has not been heard (it may have been lost).
    std::optional<Instant> auth_deadline() const;
    void resend_auth(Outbox& outbox, Instant now);

    static constexpr Duration kAckDelay = std::chrono::milliseconds(5);
    static constexpr unsigned kAckEvery = 8;  // packets: an ack goes out at once
    static constexpr Duration kAuthRetry = std::chrono::milliseconds(200);

private:
    Established facts_;
    crypto::Session session_;
    Instant opened_at_;
    bool is_confirmed_ = false;
    std::optional<Instant> retire_at_;
    Instant auth_again_at_;

    PacketRanges received_;
    unsigned unacked_count_ = 0;      // ack-eliciting packets since the last ack
    Instant oldest_unacked_at_;
    Instant largest_at_;              // when the largest number arrived
    LossRecovery recovery_;
};

}  // namespace hearsay::gossip
