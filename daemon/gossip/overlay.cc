#include "daemon/gossip/overlay.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;

std::string_view name_of(LearntFrom source) {
    switch (source) {
        case LearntFrom::seed: return "seed";
        case LearntFrom::operator_: return "operator";
        case LearntFrom::beacon: return "beacon";
        case LearntFrom::remembered: return "remembered";
        case LearntFrom::presence: return "presence";
        case LearntFrom::close: return "close";
    }
    return "unknown";
}

}  // namespace

Overlay::Overlay(Core& core, Links& links, Handshakes& handshakes)
    : core_(core), links_(links), handshakes_(handshakes) {}

void Overlay::add(const Endpoint& at, LearntFrom source, std::optional<crypto::NodeId> id,
                  Instant now) {
    if (!at.is_dialable()) return;
    const auto [found, is_new] = candidates_.try_emplace(at);
    Candidate& candidate = found->second;
    if (is_new) {
        candidate.source = source;
        candidate.next_try = now;
        due_.emplace(now, at);
        if (candidates_.size() > kCandidatesMax) make_room();
        if (!candidates_.contains(at)) return;
    } else if (source == LearntFrom::seed || source == LearntFrom::operator_ ||
               candidate.source == LearntFrom::beacon) {
        candidate.source = source;
    }
    if (id) candidate.id = id;
    // Whoever asks by hand has changed their mind about a disconnect.
    if (source == LearntFrom::operator_ && candidate.id) avoided_.erase(*candidate.id);
    // Of two members that hear of each other, the one with the higher key dials first, so that
    // usually only one handshake is made.
    Instant next = now;
    if (source == LearntFrom::presence && id)
        next += core_.self_id > *id ? core_.random.between(0ms, 50ms)
                                    : core_.random.between(400ms, 800ms);
    // A hint may be a spoofed one: it does not hurry a place known otherwise either.
    const bool is_by_hint = source == LearntFrom::beacon || is_hint(candidate);
    if (candidate.tried_at)
        next = std::max(next, *candidate.tried_at + (is_by_hint ? kHintPause : kBackoffFirst));
    if (is_new || next < candidate.next_try) schedule(at, candidate, next);
}

void Overlay::make_room() {
    core_.count(Counter::candidates_evicted);
    const auto worst = std::max_element(
        candidates_.begin(), candidates_.end(), [](const auto& a, const auto& b) {
            const auto rank = [](const Candidate& candidate) {
                const bool is_kept = candidate.source == LearntFrom::seed;
                return std::make_tuple(!is_kept, candidate.failures, candidate.next_try);
            };
            return rank(a.second) < rank(b.second);
        });
    due_.erase({worst->second.next_try, worst->first});
    candidates_.erase(worst);
}

void Overlay::schedule(const Endpoint& at, Candidate& candidate, Instant next_try) {
    due_.erase({candidate.next_try, at});
    candidate.next_try = next_try;
    due_.emplace(next_try, at);
}

void Overlay::handle_link_up(const crypto::NodeId& id, const Endpoint& at) {
    const auto found = candidates_.find(at);
    if (found == candidates_.end()) return;
    found->second.id = id;
    found->second.failures = 0;
}

void Overlay::handle_link_down(const crypto::NodeId& id, const Endpoint& at, bool has_left,
                               Instant now) {
    add(at, LearntFrom::presence, id, now);
    for (auto& [place, candidate] : candidates_)
        if (candidate.id == id) {
            candidate.failures = 0;
            schedule(place, candidate,
                     now + (has_left ? kBackoffMax : core_.random.between(100ms, 1s)));
        }
}

void Overlay::handle_failed_dial(const FailedDial& failed, Instant now) {
    const auto found = candidates_.find(failed.at);
    if (found == candidates_.end()) return;
    Candidate& candidate = found->second;
    if (failed.why == FailedDial::Why::self) {
        schedule(failed.at, candidate, now + kSelfPause);
        return;
    }
    candidate.failures = std::min(candidate.failures + 1, 16U);
    const bool is_seed = candidate.source == LearntFrom::seed;
    Duration pause = std::min<Duration>(kBackoffFirst * (1U << std::min(candidate.failures, 5U)),
                                        is_seed ? kSeedBackoffMax : kBackoffMax);
    if (is_hint(candidate)) pause = std::max<Duration>(pause, kHintPause);
    schedule(failed.at, candidate, now + core_.random.between(pause / 2, pause));
}

void Overlay::avoid(const crypto::NodeId& id, Instant now) {
    std::erase_if(avoided_, [&](const auto& entry) { return entry.second <= now; });
    if (avoided_.size() < kAvoidedMax) avoided_[id] = now + kAvoidTime;
}

bool Overlay::is_avoided(const crypto::NodeId& id, Instant now) const {
    const auto found = avoided_.find(id);
    return found != avoided_.end() && found->second > now;
}

bool Overlay::is_pointless(const Endpoint& at, const Candidate& candidate, Instant now) const {
    if (links_.is_linked_at(at) || handshakes_.is_dialling(at)) return true;
    if (!candidate.id) return false;
    return *candidate.id == core_.self_id || links_.find(*candidate.id) != nullptr ||
           is_avoided(*candidate.id, now);
}

// By address, whatever the port: beacons may name every port of a victim.
bool Overlay::may_follow_hint(const Endpoint& at, Instant now) {
    std::erase_if(hinted_, [&](const auto& entry) { return entry.second <= now; });
    if (hinted_.size() >= kHintedMax) return false;
    return hinted_.try_emplace(at.with_port(0), now + kHintPause).second;
}

void Overlay::handle_timeout(Instant now) {
    while (!due_.empty() && due_.begin()->first <= now && handshakes_.has_room()) {
        const Endpoint at = due_.begin()->second;
        Candidate& candidate = candidates_.at(at);
        if (is_hint(candidate) && candidate.failures >= kHintTries) {
            due_.erase(due_.begin());
            candidates_.erase(at);
            continue;
        }
        if (is_pointless(at, candidate, now) || links_.is_full()) {
            schedule(at, candidate, now + core_.random.between(4s, 6s));
            continue;
        }
        if (is_hint(candidate) && !may_follow_hint(at, now)) {
            schedule(at, candidate, now + core_.random.between(kHintPause, 2 * kHintPause));
            continue;
        }
        if (!core_.outbox.has_room()) return;
        candidate.tried_at = now;
        handshakes_.dial(at, is_hint(candidate) ? 1 : 4, now);
        // The result of the dial reschedules it; this only outlasts the dial.
        schedule(at, candidate, now + kBackoffMax);
    }
}

std::optional<Instant> Overlay::next_deadline() const {
    if (due_.empty() || !handshakes_.has_room()) return std::nullopt;
    return due_.begin()->first;
}

std::vector<CandidateSnapshot> Overlay::snapshot(Instant now) const {
    std::vector<CandidateSnapshot> result;
    for (const auto& [at, candidate] : candidates_)
        if (!links_.is_linked_at(at))
            result.push_back({at, std::string(name_of(candidate.source)), candidate.failures,
                              candidate.next_try - now});
    return result;
}

}  // namespace hearsay::gossip
