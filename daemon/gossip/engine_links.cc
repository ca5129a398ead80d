#include "daemon/gossip/engine_parts.h"

// Links as they come and go, and who must hear of it.
namespace hearsay::gossip {

using namespace std::chrono_literals;

void Engine::Parts::handle_close(Link& link, const wire::Close& close, Now now) {
    for (const Endpoint& at : close.candidates)
        overlay.add(at, LearntFrom::close, std::nullopt, now.monotonic);
    const bool keeps_away = close.reason == wire::CloseReason::asked ||
                            close.reason == wire::CloseReason::misbehaved;
    if (keeps_away) overlay.avoid(link.id(), false, now.monotonic);
    if (close.reason == wire::CloseReason::full) overlay.note_full(link.id(), now.monotonic);
    links.drop(link, std::string(explain(close.reason)));
}

void Engine::Parts::handle_closed(Instant now) {
    for (ClosedLink& closed : links.take_closed()) {
        repair.handle_link_down(closed.slot);
        tree.handle_link_down(closed.slot);
        backpressure.handle_link_down(closed.slot);
        membership.handle_link_down(closed.id, closed.is_silent, now);
        const Member* member = membership.find(closed.id);
        const bool said_goodbye = member != nullptr && member->state == MemberState::left;
        overlay.handle_link_down(closed.id, closed.at, said_goodbye, now);
        Event event;
        event.kind = EventKind::link_lost;
        event.member = closed.id;
        event.at = closed.at;
        event.text = std::move(closed.why);
        core.outbox.tell(std::move(event));
    }
}

void Engine::Parts::open_link(Established established, Now now) {
    const crypto::NodeId id = established.peer;
    const Endpoint at = established.at;
    if (leave_asked) return;
    if (established.is_initiator) overlay.note_reached(id, at);
    if (overlay.is_refused(id, now.monotonic)) return refuse_link(std::move(established), now);
    if (links.find(id) == nullptr) overlay.make_room(now);
    bool is_new = false;
    Link* link = links.establish(std::move(established), now.monotonic, is_new);
    handle_closed(now.monotonic);  // a restarted neighbour's old link, before its slot is used
    if (link == nullptr) return;
    overlay.handle_link_up(id, at);
    if (!is_new) return;
    membership.handle_link_up(id, at, now.monotonic);
    if (const Record* record = records.find(id))
        link->set_known_record(record->epoch(), record->version());
    repair.handle_link_up(*link, now.monotonic);
    flood.handle_link_up(*link, now.monotonic);
    Event event;
    event.kind = EventKind::link_up;
    event.member = id;
    event.at = at;
    core.outbox.tell(std::move(event));
}

// Tells it why, or it would believe in a link that is none.
void Engine::Parts::refuse_link(Established established, Now now) {
    handle_closed(now.monotonic);
    bool is_new = false;
    Link* link = links.establish(std::move(established), now.monotonic, is_new);
    if (link != nullptr)
        links.close(*link, wire::CloseReason::asked, "an operator wants no link to it", now);
    links.take_closed();  // nobody has heard of it
}

void Engine::Parts::learn_addresses(const crypto::NodeId& id, Instant now) {
    const Link* link = links.find(id);
    if (link != nullptr) return membership.handle_link_up(id, link->at(), now);
    overlay.add_member(id, now);
}

void Engine::Parts::rekey(Now now) {
    links.for_each([&](Link& link) {
        if (!link.wants_rekey(now.monotonic)) return;
        handshakes.dial(link.at(), 4, now.monotonic);
        link.postpone_rekey(now.monotonic + 5s);
    });
}

}  // namespace hearsay::gossip
