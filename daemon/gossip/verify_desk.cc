#include "daemon/gossip/verify_desk.h"

namespace hearsay::gossip {

VerifyDesk::VerifyDesk(Core& core)
    : core_(core),
      budget_(core.config.limits.verify_per_second, core.config.limits.verify_per_second) {}

void VerifyDesk::configure() {
    const double rate = core_.config.limits.verify_per_second;
    budget_.configure(rate, rate);
}

bool VerifyDesk::ask(Purpose purpose, std::uint64_t key, const crypto::NodeId& signer,
                     Bytes message, const crypto::Signature& signature, Instant now) {
    if (open_.size() >= kPendingMax || !budget_.take(1, now)) {
        core_.count(Counter::refused_verify_busy);
        return false;
    }
    open_.emplace(++last_ticket_, Open{{purpose, key}, now + kVerdictWait});
    core_.outbox.verify({last_ticket_, signer, std::move(message), signature});
    return true;
}

std::optional<VerifyDesk::Claim> VerifyDesk::settle(VerifyTicket ticket) {
    const auto found = open_.find(ticket);
    if (found == open_.end()) return std::nullopt;
    const Claim claim = found->second.claim;
    open_.erase(found);
    return claim;
}

std::vector<VerifyDesk::Claim> VerifyDesk::expire(Instant now) {
    std::vector<Claim> given_up;
    while (!open_.empty() && open_.begin()->second.expires_at <= now) {
        given_up.push_back(open_.begin()->second.claim);
        open_.erase(open_.begin());
    }
    return given_up;
}

std::optional<Instant> VerifyDesk::next_deadline() const {
    if (open_.empty()) return std::nullopt;
    return open_.begin()->second.expires_at;
}

}  // namespace hearsay::gossip
