#include "daemon/gossip/membership.h"

#include "base/insist.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;

// Refreshes travel by record repair, one random neighbour a second, so a few dozen seconds are
// enough for them to be everywhere; with more members each may speak more rarely.
constexpr Duration kRefreshInterval = 30s;
constexpr Duration kRefreshPerMember = 200ms;
constexpr int kRefreshesMissed = 4;  // before a member nobody is linked to has lapsed

}  // namespace

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
    const bool is_changed = !(member->presence == *presence);
    const bool has_returned = was_known && member->state == MemberState::failed &&
                              member->epoch == record.epoch();
    member->presence = std::move(*presence);
    if (member->epoch != record.epoch()) member->accuse_again_at = {};  // restarted: another life
    member->epoch = record.epoch();
    member->version = record.version();
    member->heard = now.monotonic;
    member->lapse_at = now.monotonic + std::chrono::milliseconds(record.header.lifetime_ms);
    records_.put(record);
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

bool Membership::accept_suspect(const Record& record, Now now) {
    const auto suspect = decode_suspect(record.body);
    if (!suspect) return false;
    const crypto::NodeId& accuser = record.header.publisher;
    if (suspect->target == core_.self_id) {
        refute(*suspect, now.monotonic);
        return true;
    }
    const auto found = members_.find(suspect->target);
    if (found == members_.end()) return true;
    Member& member = found->second;
    if (is_newer(member.epoch, member.version, suspect->epoch, suspect->version)) return true;
    add_accusation(member, accuser, now.monotonic);
    // We hear the accused ourselves: nobody needs to tell us.
    if (!is_heard(member, now.monotonic)) act_on_accusations(member, now.monotonic);
    return true;
}

// Whatever of ours they know, they have not heard of us since. Several accusers of one state get
// one answer.
void Membership::refute(const Suspect& suspect, Instant now) {
    if (is_newer(suspect.epoch, suspect.version, core_.epoch, version_)) return;
    const bool is_answered = now < refute_again_at_ &&
                             is_newer(core_.epoch, version_, suspect.epoch, suspect.version);
    if (is_answered) return;
    refute_again_at_ = now + kRefuteAgainAfter;
    publish_presence(true, now);
}

bool Membership::is_heard(const Member& member, Instant now) const {
    return member.is_linked && now - member.heard < core_.config.link.probe_after;
}

void Membership::add_accusation(Member& member, const crypto::NodeId& accuser, Instant now) {
    const auto is_his = [&](const Member::Accusation& known) { return known.accuser == accuser; };
    std::erase_if(member.refuted, [&](const Member::Accusation& answered) {
        return now - answered.at >= kNotBelievedFor;
    });
    const bool is_believed = accuser == core_.self_id ||
                             std::none_of(member.refuted.begin(), member.refuted.end(), is_his);
    const bool is_repeat =
        std::any_of(member.accusations.begin(), member.accusations.end(), is_his);
    if (!is_believed || is_repeat || member.accusations.size() >= kAccusersMax) return;
    member.accusations.push_back({accuser, now});
}

void Membership::act_on_accusations(Member& member, Instant now) {
    if (member.state == MemberState::failed || member.state == MemberState::left) return;
    if (member.accusations.empty()) return;
    if (member.state == MemberState::alive) {
        set_state(member, MemberState::suspect, now);
        ++suspicions_;
        tell(EventKind::member_suspected, member.id, member.accusations.front().accuser);
    }
    Duration patience = member.accusations.size() >= 2 ? kConfirmedAfter : kUnconfirmedAfter;
    if (alive_count() <= 3) patience = {};
    member.fail_at = std::min(member.fail_at.value_or(Instant::max()), now + patience);
    schedule(member);
}

void Membership::forgive(Member& member) {
    member.accusations.clear();
    member.fail_at.reset();
}

void Membership::note_refuted(Member& member, Instant now) {
    for (const Member::Accusation& accusation : member.accusations) {
        if (member.refuted.size() >= kAccusersMax) member.refuted.erase(member.refuted.begin());
        member.refuted.push_back({accusation.accuser, now});
    }
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
    const crypto::NodeId id = worst->first;
    due_.erase({due_of_[id], id});
    due_of_.erase(id);
    records_.erase(id);
    members_.erase(worst);
    return true;
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
    Instant& due = due_of_.try_emplace(member.id, at).first->second;
    due_.erase({due, member.id});
    due = at;
    due_.emplace(due, member.id);
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

void Membership::accuse(const crypto::NodeId& id, Instant now) {
    const auto found = members_.find(id);
    if (found == members_.end()) return;
    Member& member = found->second;
    if (has_left_ || now < member.accuse_again_at) return;
    if (member.state != MemberState::alive && member.state != MemberState::suspect) return;
    member.accuse_again_at = now + kAccuseAgainAfter;
    // Two who accuse are enough for everybody: a third only adds traffic.
    if (member.accusations.size() < 2) {
        const Suspect suspect{id, member.epoch, member.version};
        publications_.push_back({wire::Kind::suspect, core_.epoch, ++suspect_count_,
                                 encode_suspect(suspect), true, 10'000});
    }
    add_accusation(member, core_.self_id, now);
    act_on_accusations(member, now);
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

void Membership::handle_own_record(std::uint64_t epoch, std::uint64_t version, Instant now) {
    if (!is_newer(epoch, version, core_.epoch, version_)) return;
    if (epoch == core_.epoch) {
        // Only a clone that started in the same millisecond, or we ourselves before the state
        // was rolled back, can have said more than we have.
        version_ = version;
        publish_presence(true, now);
        return;
    }
    rise_above(epoch, now);
}

void Membership::answer_return(Instant now) {
    if (answered_return_at_ && now - *answered_return_at_ < kAnswerReturnsAgain) return;
    answered_return_at_ = now;
    const bool is_small = members_.size() < kFloodReturnsMax;
    is_refresh_news_ |= is_small;
    refresh_at_ = std::min(refresh_at_, now + core_.random.between(0ms, is_small ? 50ms : 2s));
}

void Membership::fail_everybody(Instant now) {
    alone_at_.reset();
    for (auto& [id, member] : members_) {
        if (member.state == MemberState::failed || member.state == MemberState::left) continue;
        forgive(member);
        set_state(member, MemberState::failed, now);
        tell(EventKind::member_failed, id, {}, "this node has no link to anybody");
    }
}

void Membership::rise_above(std::uint64_t epoch, Instant now) {
    const bool is_clone =
        epoch_bumped_at_ || (first_linked_at_ && now - *first_linked_at_ > kPastIsKnownAfter);
    if (is_clone) {
        if (epoch_bumped_at_ && now - *epoch_bumped_at_ < kEpochBumpInterval) return;
        if (clone_told_until_ <= now)
            tell(EventKind::duplicate_identity, core_.self_id, {},
                 "another node uses this node's key, or its state was restored from a copy");
    }
    if (epoch == UINT64_MAX) return;
    epoch_bumped_at_ = now;
    core_.epoch = epoch + 1;
    publish_presence(true, now);
}

// A record of our key that is newer than all of ours was signed by us before a restart, or, if it
// was signed since, by somebody else. It says where that one is.
void Membership::watch_for_clone(const Record& record, const std::vector<Endpoint>& addresses,
                                 Instant now) {
    const bool is_ours =
        record.epoch() <= core_.epoch || record.header.created_ms <= core_.started_wall.ms;
    if (is_ours || now < clone_told_until_) return;
    clone_told_until_ = now + kEpochBumpInterval;
    Event event;
    event.kind = EventKind::duplicate_identity;
    event.member = core_.self_id;
    event.text = "another node signs with this node's key";
    for (const Endpoint& at : addresses) {
        const auto& own = presence_.addresses;
        if (std::find(own.begin(), own.end(), at) == own.end()) event.at = at;
    }
    core_.outbox.tell(std::move(event));
}

void Membership::note_clone(const Endpoint& at, std::uint64_t epoch, Instant) {
    if (epoch == core_.epoch) return;  // ourselves, by another of our addresses
    Event event;
    event.kind = EventKind::duplicate_identity;
    event.member = core_.self_id;
    event.at = at;
    event.text = "a node there answers with this node's key";
    core_.outbox.tell(std::move(event));
}

void Membership::set_tags(std::vector<config::Tag> tags, Instant now) {
    if (presence_.tags == tags) return;
    presence_.tags = std::move(tags);
    publish_presence(true, now);
}

void Membership::set_addresses(std::vector<Endpoint> addresses, Instant now) {
    if (presence_.addresses == addresses) return;
    presence_.addresses = std::move(addresses);
    publish_presence(true, now);
}

void Membership::leave(Instant) {
    has_left_ = true;
    publications_.push_back({wire::Kind::leave, core_.epoch, ++version_, {}, true,
                             wire::kLifetimeMsMax});
}

Duration Membership::refresh_interval() const {
    return std::max<Duration>(kRefreshInterval,
                              kRefreshPerMember * static_cast<int>(members_.size()));
}

void Membership::publish_presence(bool is_news, Instant now) {
    if (has_left_) return;
    const Duration interval = refresh_interval();
    refresh_at_ = now + core_.random.between(interval * 9 / 10, interval * 11 / 10);
    const auto lapse = std::chrono::duration_cast<std::chrono::milliseconds>(
        kRefreshesMissed * interval);
    publications_.push_back(
        {wire::Kind::presence, core_.epoch, ++version_, encode_presence(presence_), is_news,
         static_cast<std::uint32_t>(std::min<std::int64_t>(lapse.count(),
                                                           wire::kLifetimeMsMax))});
}

void Membership::handle_timeout(Instant now) {
    if (refresh_at_ <= now) publish_presence(std::exchange(is_refresh_news_, false), now);
    if (alone_at_ && *alone_at_ <= now) fail_everybody(now);
    while (!due_.empty() && due_.begin()->first <= now) {
        const crypto::NodeId id = due_.begin()->second;
        Member& member = members_.at(id);
        if (member.state == MemberState::failed || member.state == MemberState::left) {
            due_.erase(due_.begin());
            due_of_.erase(id);
            records_.erase(id);
            members_.erase(id);
            continue;
        }
        const bool is_accused = member.fail_at && *member.fail_at <= now;
        const crypto::NodeId accuser =
            is_accused ? member.accusations.front().accuser : crypto::NodeId{};
        set_state(member, MemberState::failed, now);
        tell(EventKind::member_failed, id, accuser,
             is_accused ? "silent and did not answer the accusation" : "not heard of any more");
        forgive(member);
        schedule(member);
    }
}

std::optional<Instant> Membership::next_deadline() const {
    std::optional<Instant> next;
    if (!has_left_) next = refresh_at_;
    next = earliest(next, alone_at_);
    if (!due_.empty() && due_.begin()->first != Instant::max())
        next = earliest(next, due_.begin()->first);
    return next;
}

std::vector<SavedState::Member> Membership::remembered() const {
    std::vector<SavedState::Member> result;
    for (const auto& [id, member] : members_) {
        SavedState::Member entry{id, {}};
        if (member.reached_at.port != 0) entry.addresses.push_back(member.reached_at);
        for (const Endpoint& at : member.presence.addresses)
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
    event.text = std::move(text);
    core_.outbox.tell(std::move(event));
}

void Membership::check_invariants() const {
    INSIST(members_.size() < std::max<std::size_t>(core_.config.limits.members, 1));
    INSIST(due_.size() == members_.size() && due_of_.size() == members_.size());
    std::size_t alive = 0;
    std::size_t linked = 0;
    for (const auto& [id, member] : members_) {
        INSIST(id == member.id && id != core_.self_id);
        INSIST(member.accusations.size() <= kAccusersMax);
        INSIST(member.refuted.size() <= kAccusersMax);
        INSIST(member.state != MemberState::suspect || member.fail_at.has_value());
        INSIST(due_.contains({due_of_.at(id), id}));
        if (member.state == MemberState::alive || member.state == MemberState::suspect) ++alive;
        if (member.is_linked) ++linked;
    }
    INSIST(linked == linked_count_);
    INSIST(alive == alive_others_);
}

}  // namespace hearsay::gossip
