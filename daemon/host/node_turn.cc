#include <algorithm>
#include <utility>

#include "base/insist.h"
#include "daemon/host/node_parts.h"

namespace hearsay::host {
namespace {

// Of one turn; beyond it the loop gets to the sockets and clients first and comes back at once.
constexpr int kRoundsMax = 16;

}  // namespace

void Node::Parts::handle_datagram(const Endpoint& from, ByteView datagram) {
    if (engine) act(engine->handle_datagram(from, datagram, Loop::both()));
}

void Node::Parts::handle_verdicts(std::span<const Verdict> verdicts) {
    if (!engine) return;
    const Now now = Loop::both();
    for (const Verdict& verdict : verdicts)
        act(engine->handle_verified(verdict.ticket, verdict.is_valid, now));
}

void Node::Parts::handle_due() {
    const Instant now = Loop::now();
    lag.record(now, std::max(now - armed_for, Duration{}));
    touch();
}

// The outputs are views into the engine, which must not be changed before all are used: what a
// callback wants of the node waits for a later turn.
void Node::Parts::act(const gossip::Outputs& outputs) {
    INSIST(!is_acting);
    is_acting = true;
    for (const auto& transmit : outputs.transmits) sockets.send(transmit);
    for (auto& job : outputs.verifications) jobs.push_back(std::move(job));
    if (node.on_delivery)
        for (const auto& delivery : outputs.deliveries) node.on_delivery(delivery);
    for (const auto& event : outputs.events) {
        handle_event(event);
        if (node.on_event) node.on_event(event);
    }
    is_acting = false;
    may_have_room = true;
    touch();
}

void Node::Parts::end_turn() {
    if (!std::exchange(is_dirty, false)) return;
    if (engine) run_engine();
    sockets.flush();
    if (engine) arm_timer();
}

void Node::Parts::run_engine() {
    int rounds = 0;
    while (rounds < kRoundsMax && run_round()) ++rounds;
    if (rounds == kRoundsMax) next_due = Instant{};
    is_dirty = false;
    // Not before the engine has done something since: or asking would go round in circles.
    if (was_busy && may_have_room) {
        was_busy = false;
        loop.post([this, is_alive = std::weak_ptr(alive)] {
            if (!is_alive.expired() && node.on_room) node.on_room();
        });
    }
    if (leaving != Leaving::no && engine->has_left()) leave_timer.start_at(Instant{});
}

// Whether there was anything to do.
bool Node::Parts::run_round() {
    const bool has_jobs = !jobs.empty();
    if (has_jobs) handle_verdicts(pool->submit(jobs));
    const Now now = Loop::both();
    next_due = engine->next_deadline();
    if (!next_due || *next_due > now.monotonic) return has_jobs;
    act(engine->handle_timeout(now));
    return true;
}

// A timer that is set for earlier stays: most deadlines move back before they come, and one turn
// for nothing costs less than setting the timer in every turn.
void Node::Parts::arm_timer() {
    if (!next_due || (engine_timer.due() && *engine_timer.due() <= *next_due)) return;
    armed_for = std::max(*next_due, Loop::now());
    engine_timer.start_at(*next_due);
}

}  // namespace hearsay::host
