#include <stdexcept>

#include "tests/sim/cheap_crypto.h"
#include "tests/sim/network.h"

// What happens at each event.
namespace hearsay::sim {
namespace {

// A host's loop turn: what arrives within it is answered together.
constexpr Duration kTurn = 20us;
constexpr Duration kVerifyJitterMax = 100us;  // several workers: verdicts overtake each other
constexpr std::uint32_t kSpinsMax = 1000;

bool is_multicast(const Endpoint& to) {
    return to.is_ipv4() ? to.address[12] >= 224 && to.address[12] < 240 : to.address[0] == 0xff;
}

}  // namespace

void Network::step() {
    now_ = std::max(now_, queue_.next_time());
    ++events_;
    Event event = queue_.take();
    if (const auto* arrival = std::get_if<Arrival>(&event)) {
        handle(*arrival);
    } else if (const auto* timer = std::get_if<Timer>(&event)) {
        handle(*timer);
    } else if (const auto* verdict = std::get_if<Verdict>(&event)) {
        handle(*verdict);
    } else {
        std::get<Action>(event)();
    }
}

void Network::handle(const Arrival& arrival) {
    const auto found = by_address_.find(arrival.to);
    if (found == by_address_.end()) return;
    Node& node = *nodes_[found->second];
    if (!node.is_running()) return;
    if (node.is_paused) {
        if (node.backlog.size() < options_.receive_queue) node.backlog.push_back(arrival);
        return;
    }
    if (intercept && intercept(node.index, arrival)) return;
    feed(node, arrival);
}

void Network::feed(Node& node, const Arrival& arrival) {
    // Its end holds the tag, which depends on all of it.
    const ByteView datagram = arrival.datagram;
    note(1, node.index, datagram.last(std::min<std::size_t>(datagram.size(), 32)));
    act(node, node.engine->handle_datagram(arrival.from, arrival.datagram, now_of(node)));
    settle(node);
}

void Network::handle(const Timer& timer) {
    Node& node = *nodes_[timer.node];
    if (!node.is_running() || timer.process != node.process) return;
    if (timer.number != node.timer_number) return;
    node.timer_at.reset();
    if (node.is_paused) return;
    const auto deadline = node.engine->next_deadline();
    if (deadline && *deadline <= now_) {
        note(2, node.index, {});
        const gossip::Outputs outputs = node.engine->handle_timeout(now_of(node));
        const bool did_nothing = outputs.is_empty();
        act(node, outputs);
        const auto next = node.engine->next_deadline();
        node.spins = did_nothing && next && *next <= now_ ? node.spins + 1 : 0;
        if (node.spins > kSpinsMax) breach(node, "its deadline never passes");
    }
    settle(node);
}

void Network::handle(const Verdict& verdict) {
    Node& node = *nodes_[verdict.node];
    if (!node.is_running() || verdict.process != node.process) return;
    if (node.is_paused) {  // its loop picks the verdict up when it runs again
        queue_.add(now_ + 1ms, verdict);
        return;
    }
    note(3, node.index, {});
    act(node, node.engine->handle_verified(verdict.ticket, verdict.is_valid, now_of(node)));
    settle(node);
}

void Network::act(Node& node, gossip::Outputs outputs) {
    for (const gossip::Event& event : outputs.events) {
        if (event.kind != gossip::EventKind::accepted) {
            noticed_.push_back({now_, node.index, event, is_healthy(event.member)});
            continue;
        }
        const auto ticket = node.tickets.find(event.ticket);
        if (ticket == node.tickets.end()) breach(node, "accepted an unknown ticket");
        ledger_.accept(ticket->second, event.id);
        node.tickets.erase(ticket);
    }
    for (const gossip::Delivery& delivery : outputs.deliveries) {
        if (node.liar != nullptr) continue;  // nobody is promised what a liar hears
        note(4, node.index, delivery.id.uid.view());
        if (const auto problem = ledger_.deliver(node.index, delivery, now_))
            breach(node, *problem);
    }
    for (const gossip::VerifyJob& job : outputs.verifications) verify(node, job);
    for (const gossip::Transmit& transmit : outputs.transmits) {
        const auto changed =
            node.liar != nullptr ? node.liar->rewrite(transmit.datagram) : std::nullopt;
        send(node, changed ? gossip::Transmit{transmit.to, *changed} : transmit);
    }
    if (node.liar != nullptr) node.liar->end_call();
}

// Every 200 ms a liar looks around; a flooder publishes, in bursts.
void Network::lie(Node& node) {
    constexpr Duration kPause = 200ms;
    constexpr std::size_t kFlood = 100;
    if (!node.is_paused) {
        node.liar->look(snapshot(node.index), now_of(node).wall);
        const bool floods = node.liar->lie() == Lie::flooder && random_.below(10) == 0;
        for (std::size_t i = 0; floods && i < kFlood; ++i) {
            const std::string text = "flood " + std::to_string(++lies_published_);
            if (!try_publish(node.index, "lies", bytes_of(text), {})) break;
        }
    }
    at(kPause, [this, &node, process = node.process] {
        if (node.is_running() && node.process == process) lie(node);
    });
}

void Network::verify(Node& node, const gossip::VerifyJob& job) {
    node.verify_free_at = std::max(node.verify_free_at, now_) + options_.verify_cost;
    const auto planted = judge ? judge(node.index, job) : std::nullopt;
    const bool is_valid =
        planted ? *planted : verifier_->verify(job.signer, job.message, job.signature);
    queue_.add(node.verify_free_at + random_.between(0ns, kVerifyJitterMax),
               Verdict{node.index, node.process, job.ticket, is_valid});
}

void Network::send(const Node& node, const gossip::Transmit& transmit) {
    if (transmit.datagram.size() > options_.config.wire.datagram_size)
        breach(node, "sent a datagram of " + std::to_string(transmit.datagram.size()) + " bytes");
    ++traffic_.datagrams;
    traffic_.bytes += transmit.datagram.size();
    traffic_.largest = std::max<std::uint64_t>(traffic_.largest, transmit.datagram.size());
    if (!is_multicast(transmit.to)) {
        const auto found = by_address_.find(transmit.to);
        if (found != by_address_.end()) send_to(node, *nodes_[found->second], transmit.datagram);
        return;
    }
    for (const auto& other : nodes_)
        if (other->lan == node.lan && other->at.is_ipv4() == transmit.to.is_ipv4())
            send_to(node, *other, transmit.datagram);  // its sender too: loopback is the default
}

void Network::send_to(const Node& from, const Node& to, ByteView datagram) {
    carried_.clear();
    fabric_.carry(from.index, to.index, datagram, now_, carried_);
    for (Carried& carried : carried_)
        queue_.add(carried.at, Arrival{nodes_[carried.from]->at, nodes_[carried.to]->at,
                                       std::move(carried.datagram)});
}

// After every use of an engine: ends a process that has said goodbye, sets the timer, and now and
// then looks for contradictions.
void Network::settle(Node& node) {
    if (node.is_leaving && (node.engine->has_left() || now_ >= node.leave_limit)) {
        end_process(node, node.engine->save(now_of(node)), false);
        return;
    }
    set_timer(node);
    if (options_.invariants_every > 0 && events_ % options_.invariants_every == 0)
        node.engine->check_invariants();
}

void Network::set_timer(Node& node) {
    if (node.is_paused) return;
    const auto deadline = node.engine->next_deadline();
    if (!deadline) return;
    const Instant at = std::max(*deadline, now_ + kTurn);
    if (node.timer_at && *node.timer_at <= at) return;
    node.timer_at = at;
    queue_.add(at, Timer{node.index, node.process, ++node.timer_number});
}

Now Network::now_of(const Node& node) const {
    const auto elapsed_ms = static_cast<std::int64_t>((now_ - kStart) / 1ms);
    const std::int64_t wall = static_cast<std::int64_t>(kStartWallMs) + elapsed_ms;
    const std::int64_t drifted = elapsed_ms * node.clock_drift_ppm / 1'000'000;
    const std::int64_t shown = wall + node.clock_offset_ms + drifted;
    return {now_, {static_cast<std::uint64_t>(std::max<std::int64_t>(shown, 0))}};
}

void Network::note(std::uint64_t what, std::size_t node, ByteView bytes) {
    const std::array<std::uint64_t, 3> facts{
        static_cast<std::uint64_t>(now_.time_since_epoch().count()), what, node};
    const ByteView view(reinterpret_cast<const std::uint8_t*>(facts.data()), sizeof facts);
    event_hash_ = mix_hash(mix_hash(event_hash_, view), bytes);
}

void Network::breach(const Node& node, const std::string& what) const {
    throw std::runtime_error(node.name() + " at " + std::to_string(elapsed() / 1us) +
                             " us: " + what + "; " + replay_hint(options_.seed));
}

}  // namespace hearsay::sim
