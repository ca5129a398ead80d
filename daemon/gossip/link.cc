#include "daemon/gossip/link.h"

#include "base/insist.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRekeyInitiator = 120s;
constexpr Duration kRekeyResponder = 150s;
constexpr Duration kRekeyJitter = 10s;

std::uint64_t microseconds(Instant at) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count());
}

}  // namespace

ByteView ChunkEncodings::get(wire::Codec& codec, const StoredBatch& batch, std::uint16_t index) {
    const ChunkRef ref = batch.ref(index);
    Place& place = places_[(ref.slot * 31U + index) % kPlaces];
    if (place.codec == codec.id() && place.ref == ref) return place.bytes;
    place.bytes.resize(wire::kFrameSizeMax);
    place.bytes.resize(codec.encode(batch.frame(index), place.bytes));
    place.ref = ref;
    place.codec = codec.id();
    return place.bytes;
}

Link::Link(Core& core, std::size_t slot, Established established, Instant now)
    : opened_at(now),
      core_(core),
      slot_(slot),
      id_(established.peer),
      peer_epoch_(established.peer_epoch),
      is_chosen_(established.is_initiator),
      last_received_(now) {
    // At once, since it is what tells the initiator that its AUTH_I arrived.
    next_heartbeat_ = now;
    next_probe_ = now;
    if (established.round_trip) round_trip_.add_sample(*established.round_trip, Duration::zero());
    channels_.push_back(
        std::make_unique<Channel>(*core.sealer, std::move(established), now));
    set_rekey(now);
}

void Link::set_rekey(Instant now) {
    const Duration jitter = core_.random.between(-kRekeyJitter, kRekeyJitter);
    rekey_at_ =
        now + (current().facts().is_initiator ? kRekeyInitiator : kRekeyResponder) + jitter;
}

// Both sides choose by the same facts, so both end up sending in the same session: of two that
// met, the one whose initiator has the higher key; otherwise the newer.
void Link::add_channel(Established established, Instant now) {
    touch();
    const Established& old = current().facts();
    const bool met = now - current().opened_at() < kMeetingTime &&
                     old.is_initiator != established.is_initiator && old.at == established.at;
    const bool new_initiator_is_higher = established.is_initiator == (core_.self_id > id_);
    const bool prefers_new = !met || new_initiator_is_higher;
    auto channel = std::make_unique<Channel>(*core_.sealer, std::move(established), now);
    if (prefers_new) {
        for (auto& other : channels_) other->retire(now + kRetireAfter);
        channels_.insert(channels_.begin(), std::move(channel));
        set_rekey(now);
    } else {
        channel->retire(now + kRetireAfter);
        channels_.push_back(std::move(channel));
    }
}

Channel* Link::channel(wire::SessionId our_session) {
    touch();  // whoever asks is about to use it
    for (auto& channel : channels_)
        if (channel->facts().our_session == our_session) return channel.get();
    return nullptr;
}

std::vector<wire::SessionId> Link::sessions() const {
    std::vector<wire::SessionId> result;
    for (const auto& channel : channels_) result.push_back(channel->facts().our_session);
    return result;
}

std::vector<wire::SessionId> Link::retire_channels(Instant now) {
    std::vector<wire::SessionId> retired;
    for (std::size_t i = channels_.size(); i-- > 1;) {
        Channel& channel = *channels_[i];
        if (!channel.retire_at() || *channel.retire_at() > now) continue;
        retired.push_back(channel.facts().our_session);
        lost_.clear();
        channel.recovery().take_all(lost_);
        requeue(lost_);
        channels_.erase(channels_.begin() + static_cast<std::ptrdiff_t>(i));
        touch();
    }
    return retired;
}

bool Link::uses_removed_secret() const {
    const auto& secrets = core_.network.secrets;
    return std::none_of(secrets.begin(), secrets.end(), [&](const crypto::Secret& secret) {
        return secret.equals(current().facts().network_secret);
    });
}

// Until the peer has been heard in a new session it may not have its keys yet.
const Channel& Link::preferred() const {
    for (const auto& channel : channels_)
        if (channel->is_confirmed()) return *channel;
    return *channels_.front();
}

void Link::note_received(std::size_t bytes, Instant now) {
    touch();
    last_received_ = now;
    ++packets_received_;
    bytes_received_ += bytes;
}

void Link::handle_ack(Channel& channel, const wire::Ack& ack, Instant now) {
    touch();
    lost_.clear();
    channel.recovery().handle_ack(ack, round_trip_, now, lost_);
    is_slow_ = is_slow_ && channel.recovery().progress_at() != now;
    core_.count(Counter::packets_lost, lost_.empty() ? 0 : 1);
    requeue(lost_);
}

void Link::handle_heartbeat(const wire::Heartbeat& heartbeat, Now now) {
    touch();
    last_heartbeat_ = heartbeat;
    last_heartbeat_at_ = now.monotonic;
    if (heartbeat.wants_reply) reply_due_ = true;
    Duration one_way{};
    const std::uint64_t now_us = microseconds(now.monotonic);
    if (heartbeat.echo_us != 0 && heartbeat.echo_us <= now_us &&
        now_us - heartbeat.echo_us >= heartbeat.echo_delay_us) {
        echo_time_ = std::chrono::microseconds(now_us - heartbeat.echo_us -
                                               heartbeat.echo_delay_us);
        one_way = *echo_time_ / 2;
        echoed_at_ = std::max(echoed_at_, Instant(std::chrono::microseconds(heartbeat.echo_us)));
        if (!round_trip_.has_sample()) round_trip_.add_sample(*echo_time_, Duration::zero());
    }
    // A clock that cannot be must not overflow what is reckoned with it.
    constexpr std::uint64_t kWallMsMax = std::uint64_t{1} << 62;
    const auto theirs = static_cast<std::int64_t>(std::min(heartbeat.wall_ms, kWallMsMax)) +
                        std::chrono::duration_cast<std::chrono::milliseconds>(one_way).count();
    clock_offset_ms_ = theirs - static_cast<std::int64_t>(now.wall.ms);
}

void Link::requeue(const std::vector<ChunkRef>& chunks) {
    chunks_.insert(chunks_.begin(), chunks.begin(), chunks.end());
}

void Link::queue_chunk(StoredBatch& batch, std::uint16_t index) {
    StoredChunk& chunk = batch.chunks[index];
    if ((chunk.queued_for & mask()) != 0) return;
    if (!has_room_for_chunks()) {
        ++chunks_dropped;
        core_.count(Counter::queue_dropped);
        return;
    }
    touch();
    chunk.queued_for |= mask();
    chunks_.push_back(batch.ref(index));
}

void Link::drop_chunks(ChunkStore& store) {
    for (const ChunkRef& ref : chunks_)
        if (StoredBatch* batch = store.find(ref)) batch->chunks[ref.index].queued_for &= ~mask();
    core_.count(Counter::queue_dropped, chunks_.size());
    chunks_dropped += chunks_.size();
    chunks_.clear();
}

void Link::watch_progress(ChunkStore& store, Instant now) {
    const LossRecovery& recovery = preferred().recovery();
    if (is_slow_ || recovery.in_flight() == 0 || now - recovery.progress_at() < kSlowAfter) return;
    is_slow_ = true;
    drop_chunks(store);
    Event event;
    event.kind = EventKind::slow_link;
    event.member = id_;
    event.text = "it has acknowledged nothing for a second; it is fed by repair";
    core_.outbox.tell(std::move(event));
}

void Link::tell_credit(const wire::Credit& credit, bool is_urgent, Instant now) {
    const auto same = std::find_if(credits_.begin(), credits_.end(), [&](const auto& waiting) {
        return waiting.publisher == credit.publisher;
    });
    if (same != credits_.end())
        *same = credit;
    else if (credits_.size() < wire::kCreditsMax)
        credits_.push_back(credit);
    if (!is_urgent) return;
    preferred().owe_ack(now);
    touch();
}

bool Link::queue_control(const wire::Frame& frame) {
    if (controls_.size() >= kControlsQueuedMax) return false;
    Bytes encoded(wire::kFrameSizeMax);
    encoded.resize(preferred().facts().codec->encode(frame, encoded));
    if (encoded.empty()) return false;
    controls_.push_back(std::move(encoded));
    touch();
    return true;
}

void Link::close_with(const wire::Close& close) {
    touch();
    chunks_.clear();
    controls_.clear();
    queue_control(close);
}

void Link::set_known_record(std::uint64_t epoch, std::uint64_t version) {
    known_epoch_ = epoch;
    known_version_ = version;
}

wire::Heartbeat Link::make_heartbeat(Now now, bool wants_reply) {
    wire::Heartbeat heartbeat;
    heartbeat.sent_us = microseconds(now.monotonic);
    heartbeat.wall_ms = now.wall.ms;
    heartbeat.wants_reply = wants_reply;
    heartbeat.lost = static_cast<std::uint32_t>(preferred().recovery().lost_count());
    heartbeat.known_epoch = known_epoch_;
    heartbeat.known_version = known_version_;
    if (last_heartbeat_) {
        heartbeat.echo_us = last_heartbeat_->sent_us;
        heartbeat.echo_delay_us = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(microseconds(now.monotonic) - microseconds(last_heartbeat_at_),
                                    UINT32_MAX));
    }
    return heartbeat;
}

// A little early when the turn is there anyway: an idle node's cost is its wake-ups, and so the
// heartbeats of several links leave in one.
bool Link::is_heartbeat_due(Instant now) const {
    return next_heartbeat_ <= now + core_.config.link.heartbeat_interval / 10;
}

bool Link::is_flush_due(Instant now) const {
    if (!controls_.empty() || reply_due_ || reply_asked_ || is_heartbeat_due(now)) return true;
    if (now - last_received_ >= core_.config.link.probe_after && next_probe_ <= now) return true;
    for (const auto& channel : channels_)
        if (const auto ack = channel->ack_deadline(); ack && *ack <= now) return true;
    for (const auto& channel : channels_)
        if (channel->is_confirmed()) return !chunks_.empty() && channel->recovery().has_room();
    return false;
}

// The first interval is drawn wide, the later ones narrow: links opened in one moment spread
// their heartbeats over the interval instead of sending them all in one turn.
void Link::set_next_heartbeat(Instant now) {
    const Duration interval = core_.config.link.heartbeat_interval;
    const bool is_first = !has_sent_heartbeat_;
    has_sent_heartbeat_ = true;
    next_heartbeat_ = now + core_.random.between(interval * (is_first ? 1 : 9) / 10,
                                                 interval * (is_first ? 10 : 11) / 10);
}

void Link::fill_control(wire::PlaintextWriter& writer, Now now) {
    Channel& channel = preferred();
    wire::Codec& codec = *channel.facts().codec;
    const bool is_silent = now.monotonic - last_received_ >= core_.config.link.probe_after;
    const bool is_probe_due = is_silent && next_probe_ <= now.monotonic;
    if (channel.has_ack_pending()) {
        std::array<wire::NumberRange, wire::kAckRangesMax> ranges;
        wire::Ack ack = channel.take_ack(ranges, now.monotonic);
        ack.credits = credits_;
        writer.add(codec, ack);
        credits_.clear();
    }
    if (reply_due_ || reply_asked_ || is_probe_due || is_heartbeat_due(now.monotonic)) {
        writer.add(codec, make_heartbeat(now, is_silent || reply_asked_));
        reply_due_ = false;
        reply_asked_ = false;
        next_probe_ = now.monotonic + kProbeInterval;
        if (is_heartbeat_due(now.monotonic)) set_next_heartbeat(now.monotonic);
    }
    while (!controls_.empty() && writer.add_encoded(controls_.front())) controls_.pop_front();
}

void Link::fill_chunks(wire::PlaintextWriter& writer, ChunkStore& store,
                       ChunkEncodings& encodings, LossRecovery::SentPacket& packet) {
    wire::Codec& codec = *preferred().facts().codec;
    while (!chunks_.empty() && packet.chunk_count < packet.chunks.size()) {
        const ChunkRef ref = chunks_.front();
        StoredBatch* batch = store.find(ref);
        if (batch != nullptr && (batch->chunks[ref.index].held_by & mask()) == 0) {
            const ByteView encoded = encodings.get(codec, *batch, ref.index);
            if (writer.add_encoded(encoded)) {
                packet.chunks[packet.chunk_count++] = ref;
                core_.count(Counter::chunks_sent);
            } else if (!writer.is_empty()) {
                return;  // it opens the next datagram
            }
        }
        if (batch != nullptr) batch->chunks[ref.index].queued_for &= ~mask();
        chunks_.pop_front();
    }
}

bool Link::flush(ChunkStore& store, ChunkEncodings& encodings, Now now) {
    touch();
    // Acks owed in an old session leave in that session.
    for (auto& channel : channels_) {
        if (channel.get() == &preferred() || !channel->has_ack_pending()) continue;
        if (*channel->ack_deadline() > now.monotonic || !core_.outbox.has_room()) continue;
        alignas(8) std::array<std::uint8_t, wire::kPlaintextSizeMax> plain;
        std::array<wire::NumberRange, wire::kAckRangesMax> ranges;
        wire::PlaintextWriter writer(plain);
        writer.add(*channel->facts().codec, channel->take_ack(ranges, now.monotonic));
        std::uint64_t number = 0;
        const std::size_t size = channel->seal(writer.written(), core_.outbox.datagram(), number);
        core_.outbox.send(channel->facts().at, size);
    }
    while (is_flush_due(now.monotonic)) {
        if (!core_.outbox.has_room()) return true;
        Channel& channel = preferred();
        alignas(8) std::array<std::uint8_t, wire::kPlaintextSizeMax> plain;
        const std::size_t room = channel.facts().datagram_size - wire::kSealedOverhead;
        wire::PlaintextWriter writer(MutableBytes(plain).first(room));
        fill_control(writer, now);
        LossRecovery::SentPacket packet;
        if (channel.is_confirmed() && channel.recovery().has_room())
            fill_chunks(writer, store, encodings, packet);
        if (writer.is_empty()) continue;
        const std::size_t size =
            channel.seal(writer.written(), core_.outbox.datagram(), packet.number);
        packet.sent_at = now.monotonic;
        core_.outbox.send(channel.facts().at, size);
        if (packet.chunk_count > 0) channel.recovery().note_sent(packet);
        ++packets_sent_;
        bytes_sent_ += size;
    }
    return false;
}

void Link::handle_timeout(ChunkStore& store, Now now) {
    touch();
    watch_progress(store, now.monotonic);
    for (auto& channel : channels_) {
        lost_.clear();
        channel->recovery().handle_timeout(round_trip_, now.monotonic, lost_);
        if (!lost_.empty()) core_.count(Counter::packets_lost);
        requeue(lost_);
        if (const auto auth = channel->auth_deadline(); auth && *auth <= now.monotonic)
            channel->resend_auth(core_.outbox, now.monotonic);
    }
}

std::optional<Instant> Link::next_deadline() const {
    if (!is_deadline_known_) {
        deadline_ = find_deadline();
        is_deadline_known_ = true;
    }
    return deadline_;
}

bool Link::is_idle(Instant now) const {
    const Duration early = core_.config.link.heartbeat_interval / 10;  // see is_heartbeat_due()
    const auto next = next_deadline();
    return !next || *next > now + early;
}

std::optional<Instant> Link::find_deadline() const {
    const config::Link& timing = core_.config.link;
    std::optional<Instant> next = std::min(next_heartbeat_, rekey_at_);
    next = earliest(next, current().opened_at() + kKeyAgeMax);
    const Instant probing = std::max(last_received_ + timing.probe_after, next_probe_);
    next = earliest(next, std::min(probing, last_received_ + timing.dead_after));
    for (const auto& channel : channels_) {
        next = earliest(next, channel->ack_deadline());
        next = earliest(next, channel->auth_deadline());
        next = earliest(next, channel->retire_at());
        next = earliest(next, channel->recovery().next_deadline(round_trip_));
    }
    if (!is_slow_ && preferred().recovery().in_flight() > 0)
        next = earliest(next, preferred().recovery().progress_at() + kSlowAfter);
    // Something to send whatever the time is.
    if (is_flush_due(Instant{})) next = Instant{};
    return next;
}

void Link::forgive(Instant now) {
    touch();
    last_received_ = std::max(last_received_, now - core_.config.link.probe_after);
}

std::optional<Duration> Link::round_trip() const {
    if (echo_time_) return echo_time_;
    if (round_trip_.has_sample()) return round_trip_.smoothed();
    return std::nullopt;
}

LinkSnapshot Link::snapshot(Instant now) const {
    LinkSnapshot result;
    result.id = id_;
    result.at = at();
    result.is_initiator = current().facts().is_initiator;
    result.codec = current().facts().codec->name();
    result.age = now - opened_at;
    result.idle = now - last_received_;
    result.rtt = round_trip();
    result.clock_offset_ms = clock_offset_ms_;
    result.packets_sent = packets_sent_;
    result.packets_received = packets_received_;
    result.bytes_sent = bytes_sent_;
    result.bytes_received = bytes_received_;
    for (const auto& channel : channels_) {
        result.packets_lost += channel->recovery().lost_count();
        result.packets_in_flight += channel->recovery().in_flight();
    }
    result.chunks_queued = chunks_.size();
    result.is_slow = is_slow_;
    return result;
}

}  // namespace hearsay::gossip
