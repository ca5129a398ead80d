#include "base/insist.h"
#include "daemon/gossip/engine_parts.h"
#include "wire/signed_bytes.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;

// A host that calls this much later than it was asked to was itself asleep or starved.
constexpr Duration kLateness = 250ms;
// Leaving: how long the goodbye may spread before the links close.
constexpr Duration kGoodbyeTime = 300ms;
constexpr Duration kClockTold = 1min;

Core make_core(EngineSetup setup, Now now) {
    crypto::Random random(setup.seed);
    Core core{setup.config,
              std::move(setup.network),
              setup.signer,
              setup.sealer,
              setup.codecs,
              std::move(setup.self),
              setup.signer->id(),
              setup.epoch,
              now.wall,
              std::move(random),
              {},
              {},
              {},
              {},
              setup.record_pool};
    core.random.fill(core.hash_key);
    return core;
}

}  // namespace

Engine::Parts::Parts(EngineSetup setup, Now now)
    : core(make_core(std::move(setup), now)),
      store(core.config.limits.store, core.hash_key),
      streams(core, core.config.limits.streams),
      records(core.record_pool),
      membership(core, records, now.monotonic),
      links(core, store),
      probes(core, links),
      desk(core),
      tree(core, links),
      backpressure(core, links, tree),
      flood(core, flood_parts()),
      repair(core, flood_parts(), flood),
      handshakes(core, desk),
      overlay(core, links, membership, handshakes, now.monotonic),
      beacons(core, now.monotonic),
      sweep(core, membership, handshakes),
      scan(core, links, handshakes, overlay, beacons, now.monotonic),
      sources({}, core.hash_key),
      last_epoch(core.epoch),
      last_call(now.monotonic) {}

Engine::Engine(EngineSetup setup, Now now) {
    const Bytes saved = std::move(setup.saved);
    const bool is_first_start = setup.is_first_start;
    INSIST(setup.signer != nullptr && setup.sealer != nullptr && setup.codecs != nullptr);
    INSIST(!setup.network.secrets.empty() && !setup.codecs->all().empty());
    parts_ = std::make_unique<Parts>(std::move(setup), now);
    parts_->restore(saved, is_first_start, now);
}

Engine::~Engine() = default;

// The way of a datagram, cheapest check first; every step that refuses counts why.
//   version, type -> known session -> AEAD and replay window -> frames with their limits
//   anything else -> the source's bucket -> a handshake by stateless cookie, or a beacon
Outputs Engine::handle_datagram(const Endpoint& from, ByteView datagram, Now now) {
    parts_->begin(now);
    Core& core = parts_->core;
    core.count(Counter::datagrams_received);
    core.count(Counter::bytes_received, datagram.size());
    const auto type = wire::packet_type(datagram);
    if (!type) {
        switch (type.error()) {
            case wire::PacketError::too_short: core.count(Counter::refused_too_short); break;
            case wire::PacketError::bad_version: core.count(Counter::refused_bad_version); break;
            case wire::PacketError::unknown_type: core.count(Counter::refused_unknown_type); break;
            case wire::PacketError::malformed:
                core.count(Counter::refused_malformed_packet);
                break;
        }
    } else if (*type == wire::PacketType::sealed) {
        parts_->handle_sealed(from, datagram, now);
    } else if (!parts_->sources.take(from, now.monotonic)) {
        core.count(Counter::refused_source_rate);
    } else if (!parts_->leave_asked) {
        parts_->handle_unsealed(*type, from, datagram, now);
    }
    return finish(now);
}

void Engine::Parts::handle_unsealed(wire::PacketType type, const Endpoint& from, ByteView datagram,
                             Now now) {
    switch (type) {
        case wire::PacketType::hello:
        case wire::PacketType::hello2:
            return handshakes.handle_hello(from, datagram, now.monotonic);
        case wire::PacketType::cookie:
            return handshakes.handle_cookie(from, datagram, now.monotonic);
        case wire::PacketType::auth_r:
            return handshakes.handle_auth_r(from, datagram, now.monotonic);
        case wire::PacketType::auth_i:
            return handshakes.handle_auth_i(from, datagram, now.monotonic);
        case wire::PacketType::beacon: return handle_beacon(from, datagram, now);
        case wire::PacketType::sealed: return;
    }
}

void Engine::Parts::handle_beacon(const Endpoint& from, ByteView datagram, Now now) {
    const auto hint = beacons.handle(from, datagram, now);
    if (!hint || links.find(hint->node) != nullptr) return;
    const Member* member = membership.find(hint->node);
    const bool is_alive = member != nullptr && member->state == MemberState::alive;
    if (is_alive && !overlay.is_small()) return;  // chosen from the directory, or not
    // All who hear a newcomer need not dial it at once: four of them are enough.
    const std::size_t known = membership.alive_count();
    if (known > 4 && core.random.below(known) >= 4) return;
    overlay.add(hint->at, LearntFrom::beacon, std::nullopt, now.monotonic);
}

void Engine::Parts::handle_sealed(const Endpoint& from, ByteView datagram, Now now) {
    const auto packet = wire::parse_sealed(datagram);
    if (!packet) return core.count(Counter::refused_malformed_packet);
    Link* link = links.find(packet->session);
    if (link == nullptr) {
        links.answer_closed(packet->session, now);
        return core.count(Counter::refused_unknown_session);
    }
    Channel& channel = *link->channel(packet->session);
    if (from != channel.facts().at) return core.count(Counter::refused_unknown_session);
    if (packet->sealed.size() > wire::kPlaintextSizeMax + crypto::kTagSize)
        return core.count(Counter::refused_malformed_packet);

    alignas(8) std::array<std::uint8_t, wire::kPlaintextSizeMax + crypto::kTagSize> plain;
    const auto opened = channel.open(*packet, plain);
    if (!opened) {
        core.count(opened.error() == crypto::OpenError::replayed ? Counter::refused_replayed
                                                                 : Counter::refused_forged);
        return;
    }
    link->note_received(datagram.size(), now.monotonic);
    membership.note_heard(link->id(), now.monotonic);
    handle_plaintext(*link, channel, *packet, ByteView(plain).first(*opened), now);
}

void Engine::Parts::handle_plaintext(Link& link, Channel& channel, const wire::Sealed& packet,
                              ByteView plaintext, Now now) {
    wire::Codec* codec = core.codecs->find(packet.codec);
    if (codec == nullptr) return core.count(Counter::refused_codec);
    arena.reset();
    wire::PlaintextReader reader(plaintext, *codec, arena);
    wire::Frame frame;
    bool elicits_ack = false;
    const crypto::NodeId peer = link.id();
    while (true) {
        const auto step = reader.next(frame);
        if (step == wire::PlaintextReader::Step::end) break;
        if (step == wire::PlaintextReader::Step::malformed) {
            core.count(Counter::refused_malformed_frames);
            break;
        }
        elicits_ack |= std::holds_alternative<wire::Chunk>(frame);
        handle_frame(link, channel, frame, now);
        // A Close, or what made us close, ends the link and all that is left of the datagram.
        if (links.find(peer) != &link) return;
    }
    channel.note_received(packet.counter, elicits_ack, now.monotonic);
}

void Engine::Parts::handle_frame(Link& link, Channel& channel, const wire::Frame& frame, Now now) {
    if (const auto* chunk = std::get_if<wire::Chunk>(&frame))
        flood.handle_chunk(link, *chunk, now);
    else if (const auto* ack = std::get_if<wire::Ack>(&frame))
        handle_ack(link, channel, *ack, now.monotonic);
    else if (const auto* have = std::get_if<wire::Have>(&frame))
        repair.handle_have(link, *have, now);
    else if (const auto* want = std::get_if<wire::Want>(&frame))
        repair.handle_want(link, *want, now.monotonic);
    else if (const auto* heartbeat = std::get_if<wire::Heartbeat>(&frame))
        handle_heartbeat(link, *heartbeat, now);
    else if (const auto* close = std::get_if<wire::Close>(&frame))
        handle_close(link, *close, now);
    else if (const auto* prune = std::get_if<wire::Prune>(&frame))
        tree.handle_prune(link, prune->publisher, now.monotonic);
    else if (const auto* graft = std::get_if<wire::Graft>(&frame))
        tree.handle_graft(link, graft->publisher);
}

void Engine::Parts::handle_ack(Link& link, Channel& channel, const wire::Ack& ack, Instant now) {
    link.handle_ack(channel, ack, now);
    backpressure.handle_credits(link, ack.credits, now);
}

void Engine::Parts::handle_heartbeat(Link& link, const wire::Heartbeat& heartbeat, Now now) {
    link.handle_heartbeat(heartbeat, now);
    probes.handle_heartbeat(link, heartbeat, now.monotonic);
    repair.handle_known_of_us(link, heartbeat.known_epoch, heartbeat.known_version,
                              now.monotonic);
}

Outputs Engine::handle_verified(VerifyTicket ticket, bool is_valid, Now now) {
    parts_->begin(now);
    if (const auto claim = parts_->desk.settle(ticket)) parts_->apply(*claim, is_valid, now);
    return finish(now);
}

void Engine::Parts::apply(const VerifyDesk::Claim& claim, bool is_valid, Now now) {
    switch (claim.purpose) {
        case VerifyDesk::Purpose::batch:
            return flood.handle_verdict(claim.key, is_valid, now);
        case VerifyDesk::Purpose::handshake:
            return handshakes.handle_verdict(claim.key, is_valid);
    }
}

Outputs Engine::handle_timeout(Now now) {
    parts_->begin(now);
    parts_->handle_timeout(now);
    Outputs outputs = finish(now);
    parts_->expected = next_deadline();
    if (parts_->expected) parts_->expected = std::max(*parts_->expected, now.monotonic);
    return outputs;
}

void Engine::Parts::handle_timeout(Now now) {
    is_due_now = false;
    run_commands(now);
    for (const VerifyDesk::Claim& claim : desk.expire(now.monotonic))
        if (claim.purpose == VerifyDesk::Purpose::batch) flood.forget_check(claim.key);
    links.handle_timeout(now);
    probes.handle_timeout(now.monotonic);
    membership.handle_timeout(now.monotonic);
    flood.handle_timeout(now.monotonic);
    repair.handle_timeout(now.monotonic);
    handshakes.handle_timeout(now.monotonic);
    if (!leave_asked) {
        overlay.handle_timeout(now);
        beacons.handle_timeout(now);
        scan.handle_timeout(now.monotonic);
        sweep.handle_timeout(now.monotonic);
    }
    rekey(now);
    watch_clock(now);
    settle(now);
    backpressure.update(now.monotonic);
    links.flush(now);
}

void Engine::Parts::run_commands(Now now) {
    if (tags) membership.set_tags(*std::exchange(tags, {}), now.monotonic);
    for (const crypto::NodeId& id : std::exchange(disconnects, {}))
        if (Link* link = links.find(id)) {
            overlay.avoid(id, true, now.monotonic);
            links.close(*link, wire::CloseReason::asked, "an operator closed it", now);
        }
    if (std::exchange(secrets_changed, false)) {
        links.for_each([&](Link& link) {
            if (link.uses_removed_secret())
                links.close(link, wire::CloseReason::secret_removed,
                            "its network secret was removed", now);
        });
    }
    run_publishes(now);
    if (leave_asked && !close_at) {
        membership.leave(now.monotonic);
        probes.give_up();
        close_at = now.monotonic + kGoodbyeTime;
    }
    if (close_at && *close_at <= now.monotonic && !has_left) {
        has_left = true;
        links.for_each([&](Link& link) {
            links.close(link, wire::CloseReason::leaving, "this node left", now);
        });
    }
}

void Engine::Parts::run_publishes(Now now) {
    const Duration delay = core.config.flood.batch_delay;
    publish_again_at.reset();
    for (std::size_t i = 0; i < kBatchesPerCall && !publishes.is_empty(); ++i) {
        if (!backpressure.may_publish(now.monotonic)) {
            // An ack usually comes first.
            publish_again_at = now.monotonic + kPublishPause;
            return;
        }
        const auto batch = publishes.take(delay, now.monotonic);
        if (!batch) break;
        Event event;
        event.kind = EventKind::accepted;
        event.member = core.self_id;
        event.id = flood.publish(batch->topic, batch->payloads(), batch->lifetime_ms,
                                 batch->created, now);
        for (const PublishTicket ticket : batch->tickets) {
            event.ticket = ticket;
            core.outbox.tell(event);
            ++event.id.index;
        }
    }
}

void Engine::Parts::watch_clock(Now now) {
    const auto offset = links.clock_offset_ms();
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(
                           core.config.flood.clock_skew_max).count();
    if (!offset || std::abs(*offset) <= limit || now.monotonic < clock_told_at) return;
    clock_told_at = now.monotonic + kClockTold;
    Event event;
    event.kind = EventKind::clock_skew;
    event.member = core.self_id;
    event.text = std::to_string(*offset) + " ms from the neighbours' median";
    core.outbox.tell(std::move(event));
}

// Carries from part to part what the last input caused, until nothing is left.
void Engine::Parts::settle(Now now) {
    for (Established& established : handshakes.take_established())
        open_link(std::move(established), now);
    for (const FailedDial& failed : handshakes.take_failed()) {
        if (failed.why == FailedDial::Why::self)
            membership.note_clone(failed.at, failed.epoch, now.monotonic);
        overlay.handle_failed_dial(failed, now.monotonic);
    }
    for (const Endpoint& at : handshakes.take_answers()) {
        scan.handle_answer(at, now.monotonic);
        sweep.handle_answer(at);
    }
    handle_closed(now.monotonic);
    for (std::size_t i = membership.take_suspicions(); i > 0; --i)
        sweep.handle_suspicion(now.monotonic);
    for (const crypto::NodeId& id : membership.take_news())
        learn_addresses(id, now.monotonic);
    if (core.epoch != last_epoch) flood.start_own_stream();
    last_epoch = core.epoch;
    for (const Publication& publication : membership.take_publications())
        flood.publish_record(publication, now);
}

void Engine::Parts::begin(Now now) {
    core.outbox.begin();
    is_deadline_known = false;
    // We were asleep or starved: what the neighbours sent meanwhile waits to be read, so their
    // silence proves nothing (Lifeguard). Some heartbeat is due within its interval of any call.
    const Instant due = last_call + core.config.link.heartbeat_interval * 11 / 10;
    const Duration lateness = now.monotonic - std::min(expected.value_or(due), due);
    if (lateness > kLateness) {
        links.forgive(now.monotonic);
        sweep.forget_asked();
    }
    if (lateness > core.config.link.dead_after / 2) membership.assert_alive(now.monotonic);
    expected.reset();
    last_call = std::max(last_call, now.monotonic);
}

Outputs Engine::finish(Now now) {
    parts_->settle(now);
    Core& core = parts_->core;
    core.count(Counter::datagrams_sent, core.outbox.datagram_count());
    core.count(Counter::bytes_sent, core.outbox.byte_count());
    return core.outbox.take();
}

std::optional<Instant> Engine::next_deadline() const {
    if (parts_->is_due_now || !parts_->core.outbox.has_room()) return parts_->last_call;
    if (!parts_->is_deadline_known) {
        parts_->deadline = parts_->find_deadline();
        parts_->is_deadline_known = true;
    }
    return parts_->deadline;
}

std::optional<Instant> Engine::Parts::find_deadline() const {
    std::optional<Instant> next = earliest(links.next_deadline(), membership.next_deadline());
    next = earliest(next, flood.next_deadline());
    next = earliest(next, probes.next_deadline());
    next = earliest(next, repair.next_deadline());
    next = earliest(next, handshakes.next_deadline());
    next = earliest(next, desk.next_deadline());
    if (!leave_asked) {
        next = earliest(next, overlay.next_deadline());
        next = earliest(next, beacons.next_deadline());
        next = earliest(next, scan.next_deadline());
        next = earliest(next, sweep.next_deadline());
    }
    if (close_at && !has_left) next = earliest(next, close_at);
    const auto publishing = publishes.next_deadline(core.config.flood.batch_delay);
    next = earliest(next, publish_again_at ? publish_again_at : publishing);
    return next;
}

}  // namespace hearsay::gossip
