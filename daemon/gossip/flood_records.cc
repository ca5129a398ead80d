#include "daemon/gossip/flood.h"

// Records in the flood: presences, leaves, accusations.
namespace hearsay::gossip {

void Flood::accept_record(PendingBatch& pending, Now now) {
    if (parts_.membership.standing_of(pending.header) != Membership::Standing::news) {
        core_.count(Counter::duplicates);
        return;
    }
    const ParkedChunk& chunk = pending.chunks.front();
    const Record record{pending.header, pending.uid, pending.signature, pending.root, chunk.bytes};
    if (!parts_.membership.accept(record, now)) {
        core_.count(Counter::refused_bad_record);
        return;
    }
    if (record.header.kind == wire::Kind::presence)
        parts_.membership.note_presence(record.header.publisher, hops_after(chunk.hops),
                                        now.monotonic);
    const Instant deadline = now.monotonic + kRecordRelayTime;
    dedup_.insert(pending.uid, deadline, now.monotonic);
    if (Link* link = parts_.links.find(record.header.publisher);
        link != nullptr && record.header.kind == wire::Kind::presence)
        link->set_known_record(record.epoch(), record.version());
    StoredBatch& batch = parts_.store.add(pending.header, pending.uid, pending.signature,
                                          pending.root, deadline);
    if (record.header.kind == wire::Kind::suspect) note_accusation(batch);
    store_chunks(batch, pending, now);
}

void Flood::publish_record(const Publication& publication, Now now) {
    const BuiltBatch built = build_record(publication.body);
    wire::BatchHeader header;
    header.publisher = core_.self_id;
    header.epoch = publication.epoch;
    header.seq = publication.version;
    header.created_ms = now.wall.ms;
    header.lifetime_ms = publication.lifetime_ms;
    header.kind = publication.kind;
    if (!publication.is_news) header.flags = wire::kFlagQuiet;
    header.body_size = static_cast<std::uint32_t>(built.body.size());
    StoredBatch& batch = sign_and_store(header, built, now.monotonic + kRecordRelayTime);
    dedup_.insert(batch.uid, batch.deadline, now.monotonic);
    if (publication.kind == wire::Kind::suspect)
        note_accusation(batch);
    else
        parts_.records.put({batch.header, batch.uid, batch.signature, batch.root,
                            publication.body});
    relay(batch, 0, now.monotonic);
}

void Flood::send_record(Link& to, const Record& record, Instant now) {
    StoredBatch* batch = parts_.store.find(record.uid);
    if (batch == nullptr) {
        batch = &parts_.store.add(record.header, record.uid, record.signature, record.root,
                                  now + kRecordRelayTime);
        parts_.store.add_chunk(*batch, record.frame());
    }
    to.queue_chunk(*batch, 0);
}

void Flood::note_accusation(const StoredBatch& batch) {
    if (accusations_.size() >= kAccusationsMax) accusations_.pop_front();
    accusations_.push_back({batch.ref(0), batch.deadline - kRecordRelayTime});
}

void Flood::handle_link_up(Link& link, Instant now) {
    while (!accusations_.empty() && now - accusations_.front().since >= kAccusationsToldFor)
        accusations_.pop_front();
    for (const Accusation& accusation : accusations_)
        if (StoredBatch* batch = parts_.store.find(accusation.chunk))
            if ((batch->chunks[0].held_by & link.mask()) == 0) link.queue_chunk(*batch, 0);
}

}  // namespace hearsay::gossip
