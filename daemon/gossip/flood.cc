#include "daemon/gossip/flood.h"

#include "base/insist.h"
#include "wire/signed_bytes.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;

// Batches a second that all publishers without a presence here share: enough for the first
// messages of somebody whose presence is still on its way, too few to matter in a flood.
constexpr double kStrangerRate = 1000;
constexpr double kEquivocationRate = 10;
// What arrives late (or from a publisher whose clock is behind) still gets this long to spread.
constexpr Duration kSpreadTimeMin = 5s;

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

std::uint64_t milliseconds(Duration duration) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

std::optional<crypto::Hash> root_of(const wire::Chunk& chunk, std::size_t chunk_count) {
    const crypto::Hash leaf =
        crypto::leaf_hash({chunk.index, chunk.first_message, chunk.lead}, chunk.bytes);
    return crypto::merkle_root_from_path(leaf, chunk.index, chunk_count, chunk.path);
}

StreamKey stream_of(const wire::BatchHeader& header) { return {header.publisher, header.epoch}; }

}  // namespace

Flood::Flood(Core& core, FloodParts parts)
    : core_(core),
      parts_(parts),
      dedup_({core.config.limits.dedup_entries}, core.hash_key),
      stranger_bucket_(kStrangerRate, kStrangerRate),
      equivocation_bucket_(kEquivocationRate, kEquivocationRate) {}

void Flood::configure() {
    publisher_shares_.clear();
    for (auto& bucket : link_buckets_) bucket.reset();
}

void Flood::handle_chunk(Link& from, const wire::Chunk& chunk, Now now) {
    if (!chunk.has_header) {
        StoredBatch* batch = parts_.store.find(chunk.uid);
        if (batch != nullptr && chunk.index < batch->chunks.size())
            handle_known_chunk(from, *batch, chunk, now);
        else
            core_.count(dedup_.contains(chunk.uid) ? Counter::duplicates
                                                   : Counter::refused_unknown_batch);
        return;
    }
    if (!wire::is_consistent(chunk.header, chunk)) {
        core_.count(Counter::refused_inconsistent);
        return;
    }
    if (check_known(from, chunk, now) == Gate::refused) return;
    if (PendingBatch* pending = pending_.find(chunk.header, chunk.signature)) {
        const auto root = root_of(chunk, pending->header.chunk_count);
        if (!root || *root != pending->root)
            core_.count(Counter::refused_bad_path);
        else if (!pending_.park(*pending, chunk, from.slot()))
            core_.count(Counter::refused_verify_busy);
        return;
    }
    if (check_rates(from, chunk.header, now.monotonic) == Gate::refused) return;
    start_check(from, chunk, now);
}

Flood::Gate Flood::check_known(Link& from, const wire::Chunk& chunk, Now now) {
    if (chunk.header.kind != wire::Kind::message) return check_record(from, chunk);
    if (check_lifetime(chunk.header, now.wall) == Gate::refused) return Gate::refused;
    return check_message(from, chunk, now);
}

Flood::Gate Flood::check_lifetime(const wire::BatchHeader& header, WallTime now) {
    const std::uint64_t skew = milliseconds(core_.config.flood.clock_skew_max);
    if (header.created_ms > saturating_add(now.ms, skew)) {
        core_.count(Counter::refused_from_future);
        return Gate::refused;
    }
    const std::uint64_t ends = saturating_add(header.created_ms, header.lifetime_ms);
    if (saturating_add(ends, skew) <= now.ms) {
        core_.count(Counter::refused_expired);
        return Gate::refused;
    }
    return Gate::pass;
}

Flood::Gate Flood::check_message(Link& from, const wire::Chunk& chunk, Now now) {
    Stream* stream = parts_.streams.find(stream_of(chunk.header));
    if (stream == nullptr) return Gate::pass;
    const auto stored = stream->slots.find(chunk.header.seq);
    if (stored != stream->slots.end()) {
        StoredBatch& batch = parts_.store.at(stored->second);
        if (batch.signature == chunk.signature) {
            handle_known_chunk(from, batch, chunk, now);
            return Gate::refused;
        }
        // Another batch at a taken seq: checked only to catch a publisher that signs two.
        if (equivocation_bucket_.take(1, now.monotonic)) return Gate::pass;
        core_.count(Counter::refused_verify_busy);
        return Gate::refused;
    }
    if (stream->settled.is_settled(chunk.header.seq)) {
        core_.count(Counter::duplicates);
        return Gate::refused;
    }
    return Gate::pass;
}

Flood::Gate Flood::check_record(Link& from, const wire::Chunk& chunk) {
    switch (parts_.membership.standing_of(chunk.header)) {
        case Membership::Standing::news: return Gate::pass;
        case Membership::Standing::known: {
            const Record* held = parts_.records.find(chunk.header.publisher);
            StoredBatch* batch = parts_.store.find(held->uid);
            if (batch != nullptr) batch->chunks[0].held_by |= from.mask();
            core_.count(Counter::duplicates);
            return Gate::refused;
        }
        case Membership::Standing::stale:
            core_.count(Counter::refused_stale_record);
            return Gate::refused;
    }
    return Gate::refused;
}

void Flood::start_check(Link& from, const wire::Chunk& chunk, Now now) {
    const auto root = root_of(chunk, chunk.header.chunk_count);
    if (!root) {
        core_.count(Counter::refused_inconsistent);
        return;
    }
    wire::write_signed_bytes(core_.network.id, chunk.header, *root, signed_bytes_);
    const crypto::Uid uid = crypto::uid_of(signed_bytes_);
    if (StoredBatch* batch = parts_.store.find(uid))
        return handle_known_chunk(from, *batch, chunk, now);
    if (dedup_.contains(uid)) {
        core_.count(Counter::duplicates);
        return;
    }
    PendingBatch& pending = pending_.add(chunk, uid, *root, from.slot(), from.id());
    if (!pending_.park(pending, chunk, from.slot())) {
        core_.count(Counter::refused_verify_busy);
        pending_.take(pending.id);
        return;
    }
    if (!parts_.desk.ask(VerifyDesk::Purpose::batch, pending.id, chunk.header.publisher,
                         signed_bytes_, chunk.signature, now.monotonic))
        pending_.take(pending.id);
}

void Flood::handle_verdict(std::uint64_t id, bool is_valid, Now now) {
    const auto pending = pending_.take(id);
    if (!pending) return;
    if (is_valid) {
        core_.count(Counter::batches_verified);
        accept(*pending, now);
        return;
    }
    core_.count(Counter::refused_bad_signature);
    // Honest relays pass on only what they have verified, so this neighbour made it up.
    Link* link = parts_.links.find(pending->first_link);
    if (link != nullptr)
        parts_.links.close(*link, wire::CloseReason::misbehaved, "it sent a forged batch", now);
}

void Flood::forget_check(std::uint64_t id) { pending_.take(id); }

void Flood::accept(PendingBatch& pending, Now now) {
    // Two copies with different, equally valid signatures may have been checked side by side.
    if (dedup_.contains(pending.uid) || parts_.store.find(pending.uid) != nullptr) {
        core_.count(Counter::duplicates);
        return;
    }
    if (pending.header.kind == wire::Kind::message)
        accept_message(pending, now);
    else
        accept_record(pending, now);
}

void Flood::accept_message(PendingBatch& pending, Now now) {
    Stream& stream = parts_.streams.get(stream_of(pending.header), now.monotonic);
    const std::uint64_t seq = pending.header.seq;
    if (stream.slots.contains(seq)) {
        note_equivocation(pending.header.publisher, seq);
        return;
    }
    if (stream.settled.is_settled(seq)) {
        core_.count(Counter::duplicates);
        return;
    }
    const Duration lifetime = std::chrono::milliseconds(pending.header.lifetime_ms);
    const auto left = std::chrono::milliseconds(
        static_cast<std::int64_t>(pending.header.created_ms - now.wall.ms)) + lifetime;
    const Instant deadline =
        now.monotonic + std::clamp<Duration>(left, std::min(kSpreadTimeMin, lifetime), lifetime);
    parts_.streams.touch(stream, now.monotonic);
    StoredBatch& batch = parts_.store.add(pending.header, pending.uid, pending.signature,
                                          pending.root, deadline);
    parts_.streams.note_stored(stream, seq, batch.slot);
    batch.first_from = mask_of(pending.first_slot);
    note_arrivals(pending, now.monotonic);
    store_chunks(batch, pending, now);
}

// Copies that came while the signature was being checked.
void Flood::note_arrivals(const PendingBatch& pending, Instant now) {
    LinkMask earlier = 0;
    for (const std::size_t slot : pending.arrivals) {
        if (Link* link = parts_.links.at(slot)) {
            if (earlier == 0)
                parts_.backpressure.note_received(*link, pending.header.publisher, now);
            parts_.tree.note_batch(*link, pending.header.publisher, earlier, now);
        }
        earlier |= mask_of(slot);
    }
}

void Flood::store_chunks(StoredBatch& batch, PendingBatch& pending, Now now) {
    for (const ParkedChunk& parked : pending.chunks) {
        wire::Chunk chunk;
        chunk.index = parked.index;
        chunk.first_message = parked.first_message;
        chunk.lead = parked.lead;
        chunk.bytes = parked.bytes;
        chunk.path = parked.path;
        batch.hops = hops_after(parked.hops);
        parts_.store.add_chunk(batch, chunk);
        batch.chunks[parked.index].held_by |= parked.from;
        relay(batch, parked.index, now.monotonic);
    }
    if (batch.is_whole()) settle(batch, now);
    removed_.clear();
    parts_.store.evict(batch, removed_);
    note_removed(removed_);
}

void Flood::handle_known_chunk(Link& from, StoredBatch& batch, const wire::Chunk& chunk,
                               Now now) {
    // A header of its own may have come with it, and it may lie about the number of chunks.
    if (chunk.index >= batch.chunks.size()) {
        core_.count(Counter::refused_inconsistent);
        return;
    }
    StoredChunk& stored = batch.chunks[chunk.index];
    if (stored.is_held) {
        if (chunk.index == 0 && batch.is_message())
            parts_.tree.note_batch(from, batch.header.publisher, stored.held_by, now.monotonic);
        stored.held_by |= from.mask();
        core_.count(Counter::duplicates);
        return;
    }
    const auto root = root_of(chunk, batch.chunks.size());
    const std::size_t bytes_max =
        wire::chunk_bytes_max(batch.topic.size(), batch.chunks.size());
    if (!root || *root != batch.root || chunk.bytes.size() > bytes_max) {
        core_.count(Counter::refused_bad_path);
        return;
    }
    parts_.store.add_chunk(batch, chunk);
    stored.held_by |= from.mask();
    if (batch.is_message())
        parts_.backpressure.note_received(from, batch.header.publisher, now.monotonic);
    relay(batch, chunk.index, now.monotonic);
    if (batch.is_whole()) settle(batch, now);
    removed_.clear();
    parts_.store.evict(batch, removed_);
    note_removed(removed_);
}

void Flood::relay(StoredBatch& batch, std::uint16_t index, Instant now) {
    const bool is_quiet = !batch.is_message() && (batch.header.flags & wire::kFlagQuiet) != 0;
    if (is_quiet) return;
    // Records are rare and urgent: everybody sends them to everybody.
    const LinkMask lazy =
        batch.is_message() ? parts_.tree.lazy(batch.header.publisher, now) : LinkMask{0};
    const LinkMask held_by = batch.chunks[index].held_by;
    parts_.links.for_each([&](Link& link) {
        if ((held_by & link.mask()) != 0) return;
        if ((lazy & link.mask()) != 0 || (batch.is_message() && link.is_slow()))
            untold_ |= link.mask();
        else
            link.queue_chunk(batch, index);
    });
}

// Whole: never again, and now to the subscribers.
void Flood::settle(StoredBatch& batch, Now now) {
    const wire::BatchHeader& header = batch.header;
    if (!batch.is_message()) return;
    dedup_.insert(batch.uid, batch.deadline, now.monotonic);
    Stream& stream = parts_.streams.get(stream_of(header), now.monotonic);
    const std::uint64_t given_up = stream.settled.given_up();
    stream.settled.settle(header.seq);
    core_.count(Counter::streams_given_up, stream.settled.given_up() - given_up);
    parts_.streams.note_whole(stream, header.seq);
    follow_clock(now);
    deliver(batch);
}

void Flood::deliver(const StoredBatch& batch) {
    body_.clear();
    for (const StoredChunk& chunk : batch.chunks)
        body_.insert(body_.end(), chunk.bytes.begin(), chunk.bytes.end());
    if (body_.size() != batch.header.body_size || !split_body(body_, payloads_)) {
        core_.count(Counter::refused_bad_body);
        return;
    }
    Delivery delivery;
    delivery.id.uid = batch.uid;
    delivery.publisher = batch.header.publisher;
    delivery.epoch = batch.header.epoch;
    delivery.seq = batch.header.seq;
    delivery.topic = batch.header.topic;
    delivery.created = {batch.header.created_ms};
    delivery.lifetime_ms = batch.header.lifetime_ms;
    delivery.hops = batch.hops;
    delivery.may_repeat = batch.header.created_ms <= repeats_until_ms_;
    for (const ByteView payload : payloads_) {
        delivery.payload = payload;
        core_.outbox.deliver(delivery);
        core_.count(Counter::messages_delivered);
        ++delivery.id.index;
    }
}

using namespace std::chrono_literals;

void Flood::follow_clock(Now now) {
    if (!started_after_crash_) return;
    const auto elapsed = (now.monotonic - started_after_crash_->monotonic) / 1ms;
    const std::uint64_t expected =
        started_after_crash_->wall.ms + static_cast<std::uint64_t>(elapsed);
    if (now.wall.ms <= expected) return;
    repeats_until_ms_ += now.wall.ms - expected;
    started_after_crash_ = now;
}

bool Flood::is_missing(const StreamKey& key, std::uint64_t seq) const {
    const Stream* stream = parts_.streams.find(key);
    if (stream != nullptr && (stream->settled.is_settled(seq) || stream->whole.contains(seq)))
        return false;
    return !pending_.has(key, seq);
}

void Flood::note_equivocation(const crypto::NodeId& publisher, std::uint64_t seq) {
    core_.count(Counter::refused_equivocation);
    Event event;
    event.kind = EventKind::equivocation;
    event.member = publisher;
    event.text = "two batches with number " + std::to_string(seq);
    core_.outbox.tell(std::move(event));
}

void Flood::note_removed(const std::vector<RemovedBatch>& removed) {
    for (const RemovedBatch& batch : removed) {
        if (!batch.is_expired) core_.count(Counter::store_evicted);
        if (batch.kind != wire::Kind::message) continue;
        const StreamKey key{batch.publisher, batch.epoch};
        parts_.streams.note_removed(key, batch.seq);
        if (batch.was_whole) continue;
        core_.count(Counter::partial_evicted);
        // Expired: nobody wants it any more. Evicted: it may still come again.
        if (Stream* stream = parts_.streams.find(key); stream != nullptr && batch.is_expired)
            stream->settled.settle(batch.seq);
    }
}

void Flood::handle_timeout(Instant now) {
    removed_.clear();
    parts_.store.expire(now, removed_);
    note_removed(removed_);
    dedup_.expire(now);
    core_.count(Counter::dedup_evicted, dedup_.evicted_live() - dedup_evicted_);
    dedup_evicted_ = dedup_.evicted_live();
    parts_.streams.expire(now);
}

std::optional<Instant> Flood::next_deadline() const {
    return earliest(earliest(parts_.store.next_deadline(), dedup_.next_deadline()),
                    parts_.streams.next_deadline());
}

void Flood::check_invariants() const {
    dedup_.check_invariants();
    parts_.store.check_invariants();
    parts_.streams.check_invariants();
    parts_.records.check_invariants();
    parts_.membership.check_invariants();
}

}  // namespace hearsay::gossip
