#include "daemon/gossip/sweep.h"

namespace hearsay::gossip {

void Sweep::handle_suspicion(Instant now) {
    if (suspected_at_ && now - *suspected_at_ < kWindow) {
        if (until_ <= now) {
            next_at_ = now;
            swept_.clear();
        }
        until_ = now + kLength;
    }
    suspected_at_ = now;
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
    if (until_ <= now)
        next_at_ = until_;  // over, also when its end was slept through
    else if (next_at_ <= now)
        ask_another(now);
}

void Sweep::ask_another(Instant now) {
    next_at_ = now + kPause;
    if (asked_.size() >= kAskedMax || !core_.outbox.has_room()) return;
    std::vector<const Member*> members;
    for (const auto& [id, member] : membership_.all())
        if (member.state == MemberState::alive && !member.is_linked && !swept_.contains(id))
            members.push_back(&member);
    if (members.empty()) return;
    const Member& member = *members[core_.random.below(members.size())];
    swept_.insert(member.id);
    Endpoint at = member.reached_at;
    const std::vector<Endpoint>& named = member.presence().addresses;
    if (at.port == 0 && !named.empty()) at = named.front();
    if (!at.is_dialable()) return;
    ask(at, asked_.try_emplace(at, Asked{member.id, 0, now}).first->second, now);
}

void Sweep::ask(const Endpoint& at, Asked& asked, Instant now) {
    // While the network's secret changes, perhaps the other side has only our next one.
    handshakes_.probe(at, asked.tries % core_.network.secrets.size());
    ++asked.tries;
    asked.again_at = now + kTryPause;
}

std::optional<Instant> Sweep::next_deadline() const {
    std::optional<Instant> next;
    for (const auto& [at, asked] : asked_) next = earliest(next, asked.again_at);
    if (next_at_ < until_) next = earliest(next, next_at_);
    return next;
}

}  // namespace hearsay::gossip
