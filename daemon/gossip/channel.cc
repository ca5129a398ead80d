#include "daemon/gossip/channel.h"

namespace hearsay::gossip {

Channel::Channel(const crypto::Sealer& sealer, Established established, Instant now)
    : facts_(std::move(established)),
      session_(sealer, facts_.send_key.clone(), facts_.receive_key.clone()),
      opened_at_(now),
      is_confirmed_(!facts_.is_initiator),
      auth_again_at_(now + kAuthRetry) {}

Result<std::size_t, crypto::OpenError> Channel::open(const wire::Sealed& packet,
                                                     MutableBytes scratch) {
    auto opened = session_.open(packet.counter, packet.associated, packet.sealed, scratch);
    if (opened) {
        is_confirmed_ = true;
        facts_.auth_i.clear();
    }
    return opened;
}

void Channel::note_received(std::uint64_t number, bool elicits_ack, Instant now) {
    if (received_.empty() || number > received_.largest()) largest_at_ = now;
    received_.add(number);
    if (!elicits_ack) return;
    if (unacked_count_++ == 0) oldest_unacked_at_ = now;
}

std::size_t Channel::seal(ByteView plaintext, MutableBytes out, std::uint64_t& number) {
    number = session_.next_counter();
    wire::write_sealed_header(facts_.codec->id(), facts_.their_session, number, out);
    session_.seal(out.first(wire::kSealedAssociatedSize), plaintext,
                  out.subspan(wire::kSealedHeaderSize));
    return plaintext.size() + wire::kSealedOverhead;
}

void Channel::owe_ack(Instant now) {
    if (unacked_count_ == 0) oldest_unacked_at_ = now;
    unacked_count_ = std::max(unacked_count_, kAckEvery);
}

std::optional<Instant> Channel::ack_deadline() const {
    if (unacked_count_ == 0) return std::nullopt;
    return unacked_count_ >= kAckEvery ? oldest_unacked_at_ : oldest_unacked_at_ + kAckDelay;
}

wire::Ack Channel::take_ack(std::span<wire::NumberRange> ranges, Instant now) {
    wire::Ack ack;
    const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(now - largest_at_);
    ack.delay_us = static_cast<std::uint32_t>(std::clamp<std::int64_t>(waited.count(), 0, 1 << 30));
    ack.ranges = ranges.first(received_.copy_newest(ranges));
    unacked_count_ = 0;
    return ack;
}

std::optional<Instant> Channel::auth_deadline() const {
    if (is_confirmed_ || facts_.auth_i.empty()) return std::nullopt;
    return auth_again_at_;
}

void Channel::resend_auth(Outbox& outbox, Instant now) {
    outbox.send_copy(facts_.at, facts_.auth_i);
    auth_again_at_ = now + kAuthRetry;
}

}  // namespace hearsay::gossip
