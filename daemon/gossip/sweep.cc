#include "daemon/gossip/sweep.h"

namespace hearsay::gossip {

void Sweep::handle_silent_link(Instant now) {
    if (lost_at_ && now - *lost_at_ < kWindow) {
        if (until_ <= now) next_at_ = now;
        until_ = now + kLength;
    }
    lost_at_ = now;
}

void Sweep::handle_timeout(Instant now) {
    for (auto it = asked_.begin(); it != asked_.end();) {
        auto& [at, asked] = *it;
        if (asked.again_at > now) {
            ++it;
        } else if (asked.tries < kTries) {
            ask(at, asked, now);
            ++it;
        } else {
            membership_.accuse(asked.id, now);
            it = asked_.erase(it);
        }
    }
    if (now < until_ && next_at_ <= now) ask_another(now);
    if (until_ <= now) next_at_ = until_;  // over, also when its end was slept through
}

void Sweep::ask_another(Instant now) {
    next_at_ = now + kPause;
    if (asked_.size() >= kAskedMax || !core_.outbox.has_room()) return;
    std::vector<const Member*> members;
    for (const auto& [id, member] : membership_.all())
        if (member.state == MemberState::alive && !member.is_linked && !is_asked(id))
            members.push_back(&member);
    if (members.empty()) return;
    const Member& member = *members[core_.random.below(members.size())];
    Endpoint at = member.reached_at;
    if (at.port == 0 && !member.presence.addresses.empty()) at = member.presence.addresses.front();
    if (!at.is_dialable()) return;
    ask(at, asked_.try_emplace(at, Asked{member.id, 0, now}).first->second, now);
}

void Sweep::ask(const Endpoint& at, Asked& asked, Instant now) {
    // While the network's secret changes, perhaps the other side has only our next one.
    handshakes_.probe(at, asked.tries % core_.network.secrets.size());
    ++asked.tries;
    asked.again_at = now + kTryPause;
}

bool Sweep::is_asked(const crypto::NodeId& id) const {
    return std::any_of(asked_.begin(), asked_.end(),
                       [&](const auto& entry) { return entry.second.id == id; });
}

std::optional<Instant> Sweep::next_deadline() const {
    std::optional<Instant> next;
    for (const auto& [at, asked] : asked_) next = earliest(next, asked.again_at);
    if (next_at_ < until_) next = earliest(next, next_at_);
    return next;
}

}  // namespace hearsay::gossip
