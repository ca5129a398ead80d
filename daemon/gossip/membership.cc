#include "daemon/gossip/membership.h"

#include "base/insist.h"

namespace hearsay::gossip {

using namespace std::chrono_literals;

const Presence& Member::presence() const {
    static const Presence kNone;
    return spoken != nullptr ? *spoken->presence : kNone;
}

Membership::Membership(Core& core, Records& records, Instant now)
    : core_(core), records_(records), refresh_at_(now), started_(now) {
    presence_.name = core.self.name;
    presence_.software = core.self.software;
    presence_.tags = core.self.tags;
}

const Member* Membership::find(const crypto::NodeId& id) const {
    const auto found = members_.find(id);
    return found == members_.end() ? nullptr : &found->second;
}

Membership::Standing Membership::standing_of(const wire::BatchHeader& header) const {
    // Of accusations, and of kinds of the future, the uid cache knows repeats.
    if (header.kind != wire::Kind::presence && header.kind != wire::Kind::leave)
        return Standing::news;
    const Record* held = records_.find(header.publisher);
    if (held == nullptr) return Standing::news;
    if (is_newer(header.epoch, header.seq, held->epoch(), held->version())) return Standing::news;
    const bool is_same = header.epoch == held->epoch() && header.seq == held->version();
    return is_same ? Standing::known : Standing::stale;
}

bool Membership::accept(const Record& record, Now now) {
    switch (record.header.kind) {
        case wire::Kind::presence: return accept_presence(record, now);
        case wire::Kind::suspect: return accept_suspect(record, now);
        case wire::Kind::leave: return accept_leave(record, now);
        case wire::Kind::message: break;
    }
    return true;  // a kind of the future: relayed, not understood
}

bool Membership::accept_presence(const Record& record, Now now) {
    auto presence = decode_presence(record.body);
    if (!presence) return false;
    const crypto::NodeId& id = record.header.publisher;
    if (id == core_.self_id) {
        watch_for_clone(record, presence->addresses, now.monotonic);
        handle_own_record(record.epoch(), record.version(), now.monotonic);
        return true;
    }
    const bool was_known = members_.contains(id);
    Member* member = get(id, now.monotonic);
    if (member == nullptr) return true;
    const bool is_changed = !(member->presence() == *presence);
    const bool has_returned = was_known && member->state == MemberState::failed &&
                              member->epoch == record.epoch();
    if (member->epoch != record.epoch()) member->accuse_again_at = {};  // restarted: another life
    member->epoch = record.epoch();
    member->version = record.version();
    member->heard = now.monotonic;
    member->lapse_at = now.monotonic + std::chrono::milliseconds(record.header.lifetime_ms);
    Record kept = record;
    kept.presence = std::move(*presence);
    member->spoken = records_.put(std::move(kept));
    note_refuted(*member, now.monotonic);
    forgive(*member);
    const bool is_back = !was_known || member->state == MemberState::failed ||
                         member->state == MemberState::left;
    set_state(*member, MemberState::alive, now.monotonic);
    if (is_back || is_changed) news_.push_back(id);
    if (has_returned) answer_return(now.monotonic);
    if (is_back)
        tell(EventKind::member_joined, id);
    else if (is_changed)
        tell(EventKind::member_updated, id);
    return true;
}

bool Membership::accept_leave(const Record& record, Now now) {
    if (!record.body.empty()) return false;
    const crypto::NodeId& id = record.header.publisher;
    if (id == core_.self_id) {
        if (!has_left_) handle_own_record(record.epoch(), record.version(), now.monotonic);
        return true;
    }
    Member* member = get(id, now.monotonic);
    if (member == nullptr) return true;
    member->epoch = record.epoch();
    member->version = record.version();
    member->heard = now.monotonic;
    records_.put(record);
    forgive(*member);
    if (member->state != MemberState::left) tell(EventKind::member_left, id);
    set_state(*member, MemberState::left, now.monotonic);
    return true;
}

Member* Membership::get(const crypto::NodeId& id, Instant now) {
    if (const auto found = members_.find(id); found != members_.end()) return &found->second;
    if (members_.size() + 1 >= core_.config.limits.members && !make_room(now)) return nullptr;
    Member& member = members_[id];
    member.id = id;
    member.since = now;
    member.heard = now;
    member.lapse_at = now + 2min;
    ++alive_others_;
    due_.insert(&member);
    schedule(member);
    return &member;
}

bool Membership::make_room(Instant now) {
    const auto rank = [](const Member& member) {
        const bool is_gone =
            member.state == MemberState::failed || member.state == MemberState::left;
        return std::make_tuple(!is_gone, member.was_linked, member.heard);
    };
    const auto worst = std::min_element(
        members_.begin(), members_.end(),
        [&](const auto& a, const auto& b) { return rank(a.second) < rank(b.second); });
    core_.count(Counter::members_evicted);
    // Every entry is a member we have been linked with: the newcomer has to wait.
    if (worst == members_.end() || worst->second.is_linked || (worst->second.was_linked &&
                                    worst->second.state == MemberState::alive))
        return false;
    set_state(worst->second, MemberState::failed, now);
    forget(worst->second);
    return true;
}

void Membership::forget(Member& member) {
    due_.erase(&member);
    records_.erase(member.id);
    members_.erase(members_.find(member.id));
}

void Membership::set_state(Member& member, MemberState state, Instant now) {
    const auto lives = [](MemberState s) {
        return s == MemberState::alive || s == MemberState::suspect;
    };
    if (lives(member.state) && !lives(state)) --alive_others_;
    if (!lives(member.state) && lives(state)) ++alive_others_;
    if (member.state != state) member.since = now;
    member.state = state;
    schedule(member);
}

// When the member next changes by itself: fails, lapses, or is forgotten.
void Membership::schedule(Member& member) {
    Instant at = member.since + kReapAfter;
    if (member.state == MemberState::alive || member.state == MemberState::suspect) {
        at = member.is_linked ? Instant::max() : member.lapse_at;
        if (member.fail_at) at = std::min(at, *member.fail_at);
    }
    if (member.due == at) return;
    auto place = due_.extract(&member);  // while it is still where `due` says
    member.due = at;
    due_.insert(std::move(place));
}

void Membership::handle_link_up(const crypto::NodeId& id, const Endpoint& at, Instant now) {
    const auto found = members_.find(id);
    if (found == members_.end()) return;
    Member& member = found->second;
    if (!member.is_linked) ++linked_count_;
    alone_at_.reset();
    if (!first_linked_at_) first_linked_at_ = now;
    member.is_linked = true;
    member.was_linked = true;
    member.reached_at = at;
    member.heard = now;
    forgive(member);
    const bool is_back = member.state == MemberState::failed;
    if (member.state != MemberState::left) set_state(member, MemberState::alive, now);
    schedule(member);
    if (!is_back) return;
    tell(EventKind::member_joined, id);
    answer_return(now);
}

void Membership::handle_link_down(const crypto::NodeId& id, bool is_silent, Instant now) {
    const auto found = members_.find(id);
    if (found == members_.end()) return;
    Member& member = found->second;
    if (member.is_linked && --linked_count_ == 0) alone_at_ = now + kAloneAfter;
    member.is_linked = false;
    member.lapse_at = std::max(member.lapse_at, now + kRefreshesMissed * refresh_interval());
    schedule(member);
    if (is_silent) accuse(id, now);
}

void Membership::note_heard(const crypto::NodeId& id, Instant now) {
    const auto found = members_.find(id);
    if (found == members_.end()) return;
    Member& member = found->second;
    member.heard = now;
    if (member.state == MemberState::alive && !member.accusations.empty()) forgive(member);
}

void Membership::note_presence(const crypto::NodeId& id, std::uint8_t hops, Instant now) {
    const auto found = members_.find(id);
    if (found == members_.end()) return;
    found->second.presence_hops = hops;
    found->second.presence_at = now;
}

void Membership::handle_timeout(Instant now) {
    if (refresh_at_ <= now && !put_off_refresh(now))
        publish_presence(std::exchange(is_refresh_news_, false), now);
    if (alone_at_ && *alone_at_ <= now) fail_everybody(now);
    while (!due_.empty() && (*due_.begin())->due <= now) {
        Member& member = **due_.begin();
        if (member.state == MemberState::failed || member.state == MemberState::left) {
            forget(member);
            continue;
        }
        const bool is_accused = member.fail_at && *member.fail_at <= now;
        const crypto::NodeId accuser =
            is_accused ? member.accusations.front().accuser : crypto::NodeId{};
        set_state(member, MemberState::failed, now);
        tell(EventKind::member_failed, member.id, accuser,
             is_accused ? "silent and did not answer the accusation" : "not heard of any more");
        forgive(member);
        schedule(member);
    }
}

std::optional<Instant> Membership::next_deadline() const {
    std::optional<Instant> next;
    if (!has_left_) next = refresh_at_;
    next = earliest(next, alone_at_);
    if (!due_.empty() && (*due_.begin())->due != Instant::max())
        next = earliest(next, (*due_.begin())->due);
    return next;
}

std::vector<SavedState::Member> Membership::remembered() const {
    std::vector<SavedState::Member> result;
    for (const auto& [id, member] : members_) {
        SavedState::Member entry{id, {}};
        if (member.reached_at.port != 0) entry.addresses.push_back(member.reached_at);
        for (const Endpoint& at : member.presence().addresses)
            if (at != member.reached_at) entry.addresses.push_back(at);
        if (!entry.addresses.empty() && member.state != MemberState::left)
            result.push_back(std::move(entry));
    }
    return result;
}

void Membership::tell(EventKind kind, const crypto::NodeId& member, const crypto::NodeId& other,
                      std::string text) {
    Event event;
    event.kind = kind;
    event.member = member;
    event.other = other;
    const Member* const known = find(member);
    if (known != nullptr) event.name = known->presence().name;
    event.text = std::move(text);
    core_.outbox.tell(std::move(event));
}

void Membership::check_invariants() const {
    INSIST(members_.size() < std::max<std::size_t>(core_.config.limits.members, 1));
    INSIST(due_.size() == members_.size());
    std::size_t alive = 0;
    std::size_t linked = 0;
    for (const auto& [id, member] : members_) {
        INSIST(id == member.id && id != core_.self_id);
        INSIST(member.accusations.size() <= kAccusersMax);
        INSIST(member.refuted.size() <= kAccusersMax);
        INSIST(member.state != MemberState::suspect || member.fail_at.has_value());
        INSIST(*due_.find(const_cast<Member*>(&member)) == &member);
        if (member.state == MemberState::alive || member.state == MemberState::suspect) ++alive;
        if (member.is_linked) ++linked;
    }
    INSIST(linked == linked_count_);
    INSIST(alive == alive_others_);
}

}  // namespace hearsay::gossip
