#include "daemon/gossip/membership.h"

// What this node says of itself, and when somebody else speaks in its name.
namespace hearsay::gossip {

using namespace std::chrono_literals;

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
    put_off_until_.reset();
    const Duration spread =
        is_small ? std::max<Duration>(50ms, kFloodReturnsPause * static_cast<int>(members_.size()))
                 : 2s;
    refresh_at_ = std::min(refresh_at_, now + core_.random.between(0ms, spread));
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
    return std::clamp<Duration>(kRefreshPerMember * static_cast<int>(members_.size()),
                                kRefreshInterval, kRefreshIntervalMax);
}

void Membership::publish_presence(bool is_news, Instant now) {
    if (has_left_) return;
    is_refresh_news_ = false;
    const Duration interval = refresh_interval();
    refresh_at_ = now + core_.random.between(interval * 9 / 10, interval * 11 / 10);
    Duration lapse = kRefreshesMissed * interval;
    if (version_ == 0) {
        lapse = std::max<Duration>(lapse, kFirstLapse);
        put_off_until_ = now + lapse / 2;
    }
    const auto lapse_ms = std::chrono::duration_cast<std::chrono::milliseconds>(lapse).count();
    publications_.push_back(
        {wire::Kind::presence, core_.epoch, ++version_, encode_presence(presence_), is_news,
         static_cast<std::uint32_t>(std::min<std::int64_t>(lapse_ms, wire::kLifetimeMsMax))});
}

// Once after the first presence: by up to the interval that the members known by now ask for, so
// that refreshes come evenly from then on.
bool Membership::put_off_refresh(Instant now) {
    if (is_refresh_news_ || !put_off_until_) return false;
    const Instant until = std::min(now + refresh_interval(), *put_off_until_);
    put_off_until_.reset();
    if (until <= now) return false;
    refresh_at_ = now + core_.random.between(0ms, until - now);
    return refresh_at_ > now;
}

}  // namespace hearsay::gossip
