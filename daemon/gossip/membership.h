#pragma once

#include <map>
#include <set>

#include "daemon/gossip/core.h"
#include "daemon/gossip/presence.h"
#include "daemon/gossip/records.h"
#include "daemon/gossip/saved_state.h"

namespace hearsay::gossip {

struct Member {
    crypto::NodeId id;
    std::shared_ptr<const Record> spoken;  // its newest presence; null: none yet
    std::uint64_t epoch = 0;       // of its newest record
    std::uint64_t version = 0;
    MemberState state = MemberState::alive;
    bool is_linked = false;
    bool was_linked = false;       // ever: such members are kept before others
    std::uint8_t presence_hops = 0;  // links its newest presence crossed on its way, a hint
    Instant presence_at;           // when that came; zero: none yet
    Instant since;                 // the state last changed
    Instant heard;                 // newest record or link
    Instant lapse_at;              // unlinked and unrefreshed: failed
    Instant due;                   // when it next changes by itself: see Membership::schedule
    Endpoint reached_at;           // of the last link; port 0: none yet
    struct Accusation {
        crypto::NodeId accuser;
        Instant at;
    };
    // Of its present (epoch, version), at most kAccusersMax; those made while we hear it ourselves
    // wait here until we do not.
    std::vector<Accusation> accusations;
    std::vector<Accusation> refuted;      // whom it has answered and when; at most kAccusersMax
    std::optional<Instant> fail_at;
    Instant accuse_again_at;

    const Presence& presence() const;
};

// Something this node has to say, to be signed by the flood.
struct Publication {
    wire::Kind kind = wire::Kind::presence;
    std::uint64_t epoch = 0;
    std::uint64_t version = 0;
    Bytes body;
    bool is_news = true;           // floods; a refresh spreads by record repair
    std::uint32_t lifetime_ms = 0; // a presence not renewed for so long has lapsed
};

// The directory: who is known, who is alive, and what we say of ourselves. Suspicion and
// refutation follow SWIM (Das, Gupta, Motivala 2002), with a member's own link to the accused as
// the probe and Lifeguard's lesson (Dadgar, Phillips, Currey 2018) that an accuser must first be
// sure that it was not itself asleep; the engine sees to that.
//
// Rules:
//   1. Only a member speaks of itself; the newest (epoch, version) wins, whoever brings it.
//   2. An accusation names the (epoch, version) it is about; a newer presence refutes it, and its
//      accusers are not believed about that member for kNotBelievedFor.
//   3. Failed: two accusers and 500 ms unrefuted, one accuser and 3 s, one at once when at most
//      three members live (nobody else could confirm), or a lapse.
//   4. A node that has lost its last link and finds no other for kAloneAfter cannot know who lives:
//      everybody has failed. When a member that had failed comes back without having restarted,
//      nodes were apart, and over there others are taken for failed: each says that it lives.
//   5. At most limits.members entries. A full table lets go of the left and failed first, then of
//      those never linked: keys are cheap, links to this node are not.
class Membership {
public:
    // Refreshes travel by record repair, one random neighbour every two seconds, so a minute is
    // enough for them to be everywhere; with more members each may speak more rarely.
    static constexpr Duration kRefreshInterval = std::chrono::seconds(90);
    static constexpr Duration kRefreshPerMember = std::chrono::milliseconds(500);
    // Half of the longest lifetime (wire::kLifetimeMsMax) and less: one refresh may be missed.
    static constexpr Duration kRefreshIntervalMax = std::chrono::minutes(25);
    static constexpr int kRefreshesMissed = 4;  // before a member nobody is linked to has lapsed
    // Of the first presence: hosts that start together do not know yet how many they are, and are
    // not to refresh together either. So the first refresh comes within half of this.
    static constexpr Duration kFirstLapse = std::chrono::minutes(15);
    static constexpr Duration kConfirmedAfter = std::chrono::milliseconds(500);
    static constexpr Duration kUnconfirmedAfter = std::chrono::seconds(3);
    static constexpr Duration kAccuseAgainAfter = std::chrono::seconds(10);
    static constexpr Duration kAloneAfter = std::chrono::seconds(5);
    static constexpr Duration kAnswerReturnsAgain = std::chrono::seconds(2);
    // So many may flood their presence, each a moment after the other: a burst of half a megabyte a
    // second and node (6 copies of 450 bytes every 5 ms). More let it spread by repair.
    static constexpr std::size_t kFloodReturnsMax = 256;
    static constexpr Duration kFloodReturnsPause = std::chrono::milliseconds(5);
    static constexpr Duration kNotBelievedFor = std::chrono::minutes(1);
    static constexpr Duration kRefuteAgainAfter = std::chrono::milliseconds(200);
    static constexpr Duration kReapAfter = std::chrono::hours(24);
    // Who has been linked for so long has heard of its own past.
    static constexpr Duration kPastIsKnownAfter = std::chrono::seconds(10);
    static constexpr Duration kEpochBumpInterval = std::chrono::minutes(1);
    static constexpr std::size_t kAccusersMax = 4;

    Membership(Core& core, Records& records, Instant now);

    enum class Standing { news, known, stale };
    // Of a record that claims to be `header`, before its signature is looked at.
    Standing standing_of(const wire::BatchHeader& header) const;
    // A verified record. False when its body is none.
    bool accept(const Record& record, Now now);

    void handle_link_up(const crypto::NodeId& id, const Endpoint& at, Instant now);
    void handle_link_down(const crypto::NodeId& id, bool is_silent, Instant now);
    void note_heard(const crypto::NodeId& id, Instant now);
    // Silent where it should have answered: says so to everybody.
    void accuse(const crypto::NodeId& id, Instant now);
    // We were out of reach for so long that others may have given us up.
    void assert_alive(Instant now) { publish_presence(true, now); }
    // How a presence that was accepted came here.
    void note_presence(const crypto::NodeId& id, std::uint8_t hops, Instant now);
    // A record that our own key has signed, which somebody else still holds.
    void handle_own_record(std::uint64_t epoch, std::uint64_t version, Instant now);
    void note_clone(const Endpoint& at, std::uint64_t epoch, Instant now);

    void set_tags(std::vector<config::Tag> tags, Instant now);
    void set_addresses(std::vector<Endpoint> addresses, Instant now);
    void leave(Instant now);
    // Members whose addresses are new to us.
    std::vector<crypto::NodeId> take_news() { return std::exchange(news_, {}); }
    // Members that have become suspect since the last call.
    std::size_t take_suspicions() { return std::exchange(suspicions_, 0); }
    std::vector<Publication> take_publications() { return std::exchange(publications_, {}); }

    void handle_timeout(Instant now);
    std::optional<Instant> next_deadline() const;

    const Member* find(const crypto::NodeId& id) const;
    const std::map<crypto::NodeId, Member>& all() const { return members_; }
    std::size_t alive_count() const { return alive_others_ + 1; }
    std::uint64_t version() const { return version_; }
    const Presence& self() const { return presence_; }
    Instant started() const { return started_; }
    // Everybody worth dialling after a restart.
    std::vector<SavedState::Member> remembered() const;
    void check_invariants() const;

private:
    bool accept_presence(const Record& record, Now now);
    bool accept_suspect(const Record& record, Now now);
    bool accept_leave(const Record& record, Now now);
    Member* get(const crypto::NodeId& id, Instant now);
    bool make_room(Instant now);
    void forget(Member& member);
    void refute(const Suspect& suspect, Instant now);
    void add_accusation(Member& member, const crypto::NodeId& accuser, Instant now);
    void act_on_accusations(Member& member, Instant now);
    bool is_heard(const Member& member, Instant now) const;
    void set_state(Member& member, MemberState state, Instant now);
    void forgive(Member& member);
    void note_refuted(Member& member, Instant now);
    void schedule(Member& member);
    void publish_presence(bool is_news, Instant now);
    bool put_off_refresh(Instant now);
    void answer_return(Instant now);
    void fail_everybody(Instant now);
    void watch_for_clone(const Record& record, const std::vector<Endpoint>& addresses, Instant now);
    void rise_above(std::uint64_t epoch, Instant now);
    Duration refresh_interval() const;
    void tell(EventKind kind, const crypto::NodeId& member, const crypto::NodeId& other = {},
              std::string text = {});

    Core& core_;
    Records& records_;
    std::map<crypto::NodeId, Member> members_;  // all but ourselves
    struct ByDue {
        bool operator()(const Member* a, const Member* b) const {
            return a->due != b->due ? a->due < b->due : a->id < b->id;
        }
    };
    std::set<Member*, ByDue> due_;              // all of them
    std::size_t alive_others_ = 0;

    Presence presence_;
    std::uint64_t version_ = 0;         // of our presence
    std::uint64_t suspect_count_ = 0;   // numbers our accusations
    Instant refresh_at_;
    std::optional<Instant> put_off_until_;  // at most, if more members are known when it is due
    bool is_refresh_news_ = true;       // the first presence is
    std::size_t linked_count_ = 0;
    std::optional<Instant> alone_at_;   // no link was left, and for how long that is borne
    std::optional<Instant> answered_return_at_;
    std::optional<Instant> first_linked_at_;
    Instant started_;
    std::optional<Instant> epoch_bumped_at_;
    Instant clone_told_until_;
    Instant refute_again_at_;
    bool has_left_ = false;
    std::size_t suspicions_ = 0;
    std::vector<Publication> publications_;
    std::vector<crypto::NodeId> news_;
};

}  // namespace hearsay::gossip
