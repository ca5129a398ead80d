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
        case LearntFrom::scan: return "scan";
    }
    return "unknown";
}

}  // namespace

Overlay::Overlay(Core& core, Links& links, Membership& membership, Handshakes& handshakes,
                 Instant now)
    : core_(core),
      links_(links),
      membership_(membership),
      handshakes_(handshakes),
      tend_at_(now),
      dial_failed_at_(now),
      probe_at_(now + core_.random.between(0s, kProbeInterval)) {}

bool Overlay::is_small() const {
    return membership_.alive_count() <= kEveryoneMax &&
           candidates_.size() - hint_count_ <= 4 * kEveryoneMax;
}

bool Overlay::wants_links() const {
    return links_.chosen_count() + handshakes_.dialling() < kChosen;
}

bool Overlay::needs_tending() const {
    if (is_small()) return false;
    const std::size_t chosen = links_.chosen_count();
    return chosen > kChosen || links_.size() - chosen > kAccepted || wants_links();
}

void Overlay::add(const Endpoint& at, LearntFrom source, std::optional<crypto::NodeId> id,
                  Instant now) {
    if (!at.is_dialable()) return;
    const auto [found, is_new] = candidates_.try_emplace(at);
    Candidate& candidate = found->second;
    if (is_new) {
        candidate.source = source;
        hint_count_ += is_hint(candidate) ? 1U : 0U;
        candidate.next_try = now;
        due_.emplace(now, at);
        if (candidates_.size() > kCandidatesMax) forget_worst_candidate();
        if (!candidates_.contains(at)) return;
    } else if (source == LearntFrom::seed || source == LearntFrom::operator_ ||
               is_hint(candidate)) {
        hint_count_ -= is_hint(candidate) && source != LearntFrom::beacon ? 1U : 0U;
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

void Overlay::add_member(const crypto::NodeId& id, Instant now) {
    const Member* member = membership_.find(id);
    if (member == nullptr || member->state == MemberState::left || !is_small()) return;
    for (const Endpoint& at : member->presence().addresses) add(at, LearntFrom::presence, id, now);
}

void Overlay::forget_worst_candidate() {
    core_.count(Counter::candidates_evicted);
    const auto worst = std::max_element(
        candidates_.begin(), candidates_.end(), [](const auto& a, const auto& b) {
            const auto rank = [](const Candidate& candidate) {
                const bool is_kept = candidate.source == LearntFrom::seed;
                return std::make_tuple(!is_kept, candidate.failures, candidate.next_try);
            };
            return rank(a.second) < rank(b.second);
        });
    forget(worst);
}

void Overlay::forget(std::map<Endpoint, Candidate>::iterator candidate) {
    due_.erase({candidate->second.next_try, candidate->first});
    hint_count_ -= is_hint(candidate->second) ? 1U : 0U;
    candidates_.erase(candidate);
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
    tend_at_ = std::min(tend_at_, now);
    if (is_small()) add(at, LearntFrom::presence, id, now);
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

void Overlay::avoid(const crypto::NodeId& id, bool is_refused, Instant now) {
    std::erase_if(avoided_, [&](const auto& entry) { return entry.second.until <= now; });
    if (avoided_.size() < kAvoidedMax) avoided_[id] = {now + kAvoidTime, is_refused};
}

bool Overlay::is_avoided(const crypto::NodeId& id, Instant now) const {
    const auto found = avoided_.find(id);
    return found != avoided_.end() && found->second.until > now;
}

bool Overlay::is_refused(const crypto::NodeId& id, Instant now) const {
    return is_avoided(id, now) && avoided_.at(id).is_refused;
}

void Overlay::note_reached(const crypto::NodeId& id, const Endpoint& at) {
    if (is_asked_for(at)) avoided_.erase(id);
}

bool Overlay::is_pointless(const Endpoint& at, const Candidate& candidate, Instant now) const {
    if (links_.is_linked_at(at) || handshakes_.is_dialling(at)) return true;
    if (!candidate.id) return false;
    return *candidate.id == core_.self_id || links_.find(*candidate.id) != nullptr ||
           is_avoided(*candidate.id, now) ||
           (has_no_room(*candidate.id, now) && links_.size() > 0);
}

bool Overlay::has_no_room(const crypto::NodeId& id, Instant now) const {
    const auto found = full_.find(id);
    return found != full_.end() && found->second > now;
}

bool Overlay::is_wanted(const Candidate& candidate) const {
    if (candidate.source == LearntFrom::operator_ || is_small()) return true;
    // A beacon of somebody who is not with us: a newcomer, or the other half of a split.
    if (is_hint(candidate) || wants_links()) return true;
    // So may be a seed that is none of the living.
    if (candidate.source != LearntFrom::seed) return false;
    const Member* member = candidate.id ? membership_.find(*candidate.id) : nullptr;
    return member == nullptr || member->state != MemberState::alive;
}

// By address, whatever the port: beacons may name every port of a victim.
bool Overlay::may_follow_hint(const Endpoint& at, Instant now) {
    std::erase_if(hinted_, [&](const auto& entry) { return entry.second <= now; });
    if (hinted_.size() >= kHintedMax) return false;
    return hinted_.try_emplace(at.with_port(0), now + kHintPause).second;
}

void Overlay::handle_timeout(Now now) {
    dial_due(now.monotonic);
    if (tend_at_ <= now.monotonic) tend(now);
    if (dial_failed_at_ <= now.monotonic) dial_failed(now.monotonic);
    if (probe_at_ <= now.monotonic) probe(now.monotonic);
}

void Overlay::dial_due(Instant now) {
    while (!due_.empty() && due_.begin()->first <= now && handshakes_.has_room()) {
        const Endpoint at = due_.begin()->second;
        Candidate& candidate = candidates_.at(at);
        if (comes_back(candidate) && candidate.failures >= kHintTries) {
            forget(candidates_.find(at));
            continue;
        }
        if (is_pointless(at, candidate, now) || !is_wanted(candidate) || links_.is_full()) {
            schedule(at, candidate, now + core_.random.between(4s, 6s));
            continue;
        }
        if (is_hint(candidate) && !may_follow_hint(at, now)) {
            schedule(at, candidate, now + core_.random.between(kHintPause, 2 * kHintPause));
            continue;
        }
        if (!core_.outbox.has_room()) return;
        candidate.tried_at = now;
        handshakes_.dial(at, hellos_for(candidate), now);
        // The result of the dial reschedules it; this only outlasts the dial.
        schedule(at, candidate, now + kBackoffMax);
    }
}

unsigned Overlay::hellos_for(const Candidate& candidate) const {
    if (is_hint(candidate)) return 1;
    return candidate.source == LearntFrom::seed || candidate.source == LearntFrom::operator_
               ? Handshakes::kHellosToSeed
               : 4;
}

std::vector<const Member*> Overlay::members_to_dial(bool failed, Instant now) const {
    std::vector<const Member*> result;
    for (const auto& [id, member] : membership_.all()) {
        const bool fits = failed ? member.state == MemberState::failed
                                 : member.state == MemberState::alive;
        if (!fits || member.is_linked || is_avoided(id, now)) continue;
        if (!failed && has_no_room(id, now)) continue;
        result.push_back(&member);
    }
    return result;
}

bool Overlay::dial_member(const Member& member, Instant now) {
    std::vector<Endpoint> places = member.presence().addresses;
    if (member.reached_at.port != 0) places.push_back(member.reached_at);
    if (places.empty()) return false;
    return handshakes_.dial(places[core_.random.below(places.size())], 4, now);
}

void Overlay::tend(Now now) {
    tend_at_ = now.monotonic + core_.random.between(kTendInterval * 8 / 10,
                                                    kTendInterval * 12 / 10);
    std::erase_if(full_, [&](const auto& entry) { return entry.second <= now.monotonic; });
    if (is_small()) return;
    choose(now.monotonic);
    trim(now);
}

// Rule 2. Members are drawn at random, so that the graph is.
void Overlay::choose(Instant now) {
    if (!wants_links()) return;
    std::vector<const Member*> members = members_to_dial(false, now);
    while (!members.empty() && wants_links() && core_.outbox.has_room()) {
        const std::size_t drawn = core_.random.below(members.size());
        dial_member(*members[drawn], now);
        members.erase(members.begin() + static_cast<std::ptrdiff_t>(drawn));
    }
}

// Rule 4. All nodes together dial each failed member about 20 times a second, however many
// nodes there are, and no single node more than once a second.
void Overlay::dial_failed(Instant now) {
    const std::vector<const Member*> failed = members_to_dial(true, now);
    Duration pause = 1s;
    if (!failed.empty()) {
        const auto known = static_cast<std::int64_t>(membership_.all().size());
        const auto lost = static_cast<std::int64_t>(failed.size());
        pause = std::max<Duration>(pause, std::chrono::milliseconds(50 * known / lost));
        dial_member(*failed[core_.random.below(failed.size())], now);
    }
    dial_failed_at_ = now + core_.random.between(pause * 9 / 10, pause * 11 / 10);
}

void Overlay::probe(Instant now) {
    probe_at_ = now + core_.random.between(kProbeInterval * 9 / 10, kProbeInterval * 11 / 10);
    if (is_small()) return;
    std::vector<Endpoint> places;
    for (const auto& [at, candidate] : candidates_)
        if (!is_hint(candidate) && !is_pointless(at, candidate, now)) places.push_back(at);
    if (!places.empty())
        handshakes_.dial(places[core_.random.below(places.size())], 2, now);
    else if (const auto members = members_to_dial(false, now); !members.empty())
        dial_member(*members[core_.random.below(members.size())], now);
}

// Rule 3, when the table itself is full: whoever has had the time to learn of others goes.
void Overlay::make_room(Now now) {
    if (!links_.is_full()) return;
    Link* spare = spare_accepted(now.monotonic);
    if (spare == nullptr) spare = oldest_accepted();
    if (spare != nullptr) close_full(*spare, now);
}

// The newest accepted link that has lived long enough to tell its end of other members: long
// friendships are kept.
Link* Overlay::spare_accepted(Instant now) {
    Link* newest = nullptr;
    links_.for_each([&](Link& link) {
        if (link.is_chosen() || now - link.opened_at < kSurplusTime) return;
        if (newest == nullptr || link.opened_at > newest->opened_at) newest = &link;
    });
    return newest;
}

Link* Overlay::oldest_accepted() {
    Link* oldest = nullptr;
    links_.for_each([&](Link& link) {
        if (link.is_chosen()) return;
        if (oldest == nullptr || link.opened_at < oldest->opened_at) oldest = &link;
    });
    return oldest;
}

// What grew beyond the rules, as when the tenth member came or many join at one seed.
void Overlay::trim(Now now) {
    while (links_.size() - links_.chosen_count() > kAccepted) {
        Link* spare = spare_accepted(now.monotonic);
        if (spare == nullptr || !core_.outbox.has_room()) break;
        close_full(*spare, now);
    }
    // Our own choice goes one at a time, so that the other end finds another before the next.
    if (links_.chosen_count() > kChosen) close_newest_chosen(now);
}

void Overlay::close_newest_chosen(Now now) {
    Link* newest = nullptr;
    links_.for_each([&](Link& link) {
        if (!link.is_chosen() || now.monotonic - link.opened_at < kSurplusTime) return;
        if (is_asked_for(link.at())) return;
        if (newest == nullptr || link.opened_at > newest->opened_at) newest = &link;
    });
    if (newest != nullptr) close_full(*newest, now);
}

bool Overlay::is_asked_for(const Endpoint& at) const {
    const auto found = candidates_.find(at);
    return found != candidates_.end() && found->second.source == LearntFrom::operator_;
}

void Overlay::close_full(Link& link, Now now) {
    std::vector<Endpoint> others;
    for (const auto& [id, member] : membership_.all()) {
        const bool is_other = id != link.id() && member.state == MemberState::alive;
        if (is_other && !member.presence().addresses.empty())
            others.push_back(member.presence().addresses.front());
    }
    std::vector<Endpoint> handed;
    while (!others.empty() && handed.size() < kHandedMax) {
        const std::size_t drawn = core_.random.below(others.size());
        handed.push_back(others[drawn]);
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(drawn));
    }
    note_full(link.id(), now.monotonic);
    links_.close(link, {wire::CloseReason::full, handed}, "room was made for others", now);
}

void Overlay::note_full(const crypto::NodeId& id, Instant now) {
    if (full_.size() < kAvoidedMax) full_[id] = now + kFullTime;
}

std::optional<Instant> Overlay::next_deadline() const {
    std::optional<Instant> next;
    if (needs_tending()) next = tend_at_;
    if (!is_small()) next = earliest(next, probe_at_);
    const bool has_lost = membership_.all().size() + 1 > membership_.alive_count();
    if (has_lost) next = earliest(next, dial_failed_at_);
    if (!due_.empty() && handshakes_.has_room()) next = earliest(next, due_.begin()->first);
    return next;
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
