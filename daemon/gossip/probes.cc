#include "daemon/gossip/probes.h"

namespace hearsay::gossip {
namespace {

// As Link has it in Heartbeat::sent_us.
std::uint64_t microseconds(Instant at) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count());
}

}  // namespace

bool Probes::start(std::uint64_t ticket, Link& link, Instant now) {
    if (probes_.size() >= kCountMax) return false;
    probes_.push_back({ticket, link.id(), now});
    link.ask_reply();
    return true;
}

// An echo of what was sent before the question is an answer to nobody; one from the future, or of
// less time than the neighbour says it took, is a lie.
void Probes::handle_heartbeat(const Link& link, const wire::Heartbeat& heartbeat, Instant now) {
    const std::uint64_t now_us = microseconds(now);
    if (probes_.empty() || heartbeat.echo_us == 0 || heartbeat.echo_us > now_us ||
        now_us - heartbeat.echo_us < heartbeat.echo_delay_us)
        return;
    const Duration round_trip =
        std::chrono::microseconds(now_us - heartbeat.echo_us - heartbeat.echo_delay_us);
    std::erase_if(probes_, [&](const Probe& probe) {
        if (probe.member != link.id() || heartbeat.echo_us < microseconds(probe.asked))
            return false;
        tell(probe, round_trip);
        return true;
    });
}

void Probes::handle_timeout(Instant now) {
    std::erase_if(probes_, [&](const Probe& probe) {
        if (now < probe.asked + kPatience && links_.find(probe.member) != nullptr) return false;
        tell(probe, std::nullopt);
        return true;
    });
}

void Probes::give_up() {
    for (const Probe& probe : probes_) tell(probe, std::nullopt);
    probes_.clear();
}

std::optional<Instant> Probes::next_deadline() const {
    if (probes_.empty()) return std::nullopt;
    return probes_.front().asked + kPatience;
}

void Probes::tell(const Probe& probe, std::optional<Duration> round_trip) {
    Event event;
    event.kind = EventKind::probed;
    event.member = probe.member;
    event.ticket = probe.ticket;
    event.round_trip = round_trip;
    core_.outbox.tell(std::move(event));
}

}  // namespace hearsay::gossip
