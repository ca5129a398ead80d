#include "daemon/gossip/membership.h"

// Who accuses whom of silence, and when that counts.
namespace hearsay::gossip {

using namespace std::chrono_literals;

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
    member.accusations.shrink_to_fit();  // rarely needed, but for thousands at once
    member.fail_at.reset();
}

void Membership::note_refuted(Member& member, Instant now) {
    for (const Member::Accusation& accusation : member.accusations) {
        if (member.refuted.size() >= kAccusersMax) member.refuted.erase(member.refuted.begin());
        member.refuted.push_back({accusation.accuser, now});
    }
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

}  // namespace hearsay::gossip
