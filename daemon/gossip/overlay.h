#pragma once

#include <map>
#include <set>

#include "daemon/gossip/handshakes.h"
#include "daemon/gossip/links.h"
#include "daemon/gossip/membership.h"

namespace hearsay::gossip {

// Whom to be linked with, and where to find them: a partial view in the manner of HyParView
// (Leitao, Pereira, Rodrigues 2007), the member directory serving as its passive view.
//
// Rules:
//   1. Up to kEveryoneMax members, everyone is linked with everyone.
//   2. Beyond, a node chooses kChosen neighbours at random among the living and replaces one that
//      goes at once; it accepts up to kAccepted others. Each node choosing four keeps a random
//      graph connected when half of all nodes go at once. What an operator dialled stays besides.
//   3. A joiner is never turned away: a link beyond rule 2 lives kSurplusTime, enough to learn of
//      each other's members, and is then closed with other members to try; a full table lets
//      one go at once.
//   4. Splits heal: while F of N members are failed, a random failed one is dialled every
//      max(1 s, N / 20F s), without back-off; a seed that is none of the living is dialled for
//      ever; and every kProbeInterval one place is dialled that rules 1 and 2 do not ask for.
//
// A candidate is a place that was named to us, with whoever named it: a seed for ever, a member's
// own signed presence, a beacon (a hint: it may be a spoofed one, so its address gets a single
// HELLO per kHintPause, however many beacons name it). Failed dials back off up to kBackoffMax.
//
// Bounds: kCandidatesMax places; a full table lets the one go that failed most and is no seed.
class Overlay {
public:
    static constexpr std::size_t kEveryoneMax = 9;
    static constexpr std::size_t kChosen = 4;
    static constexpr std::size_t kAccepted = 8;
    static constexpr std::size_t kHandedMax = 8;
    static constexpr std::size_t kCandidatesMax = 4096;
    static constexpr std::size_t kAvoidedMax = 1024;
    static constexpr std::size_t kHintedMax = 1024;
    static constexpr Duration kHintPause = std::chrono::seconds(5);
    // A hint that led nowhere so often is nothing to keep; the next beacon brings it back.
    static constexpr unsigned kHintTries = 4;
    static constexpr Duration kBackoffFirst = std::chrono::seconds(1);
    static constexpr Duration kBackoffMax = std::chrono::seconds(30);
    static constexpr Duration kSeedBackoffMax = std::chrono::seconds(10);
    static constexpr Duration kAvoidTime = std::chrono::minutes(1);
    static constexpr Duration kFullTime = std::chrono::seconds(20);
    static constexpr Duration kSelfPause = std::chrono::minutes(10);
    static constexpr Duration kProbeInterval = std::chrono::seconds(30);
    static constexpr Duration kTendInterval = std::chrono::milliseconds(500);
    static constexpr Duration kSurplusTime = std::chrono::seconds(1);

    Overlay(Core& core, Links& links, Membership& membership, Handshakes& handshakes, Instant now);

    // `id`, if known, saves dialling a place whose owner is linked already.
    void add(const Endpoint& at, LearntFrom source, std::optional<crypto::NodeId> id, Instant now);
    // A member's presence is new: dialled if rule 1 asks for it.
    void add_member(const crypto::NodeId& id, Instant now);
    void handle_link_up(const crypto::NodeId& id, const Endpoint& at);
    // Dialled again soon, unless it said that it leaves.
    void handle_link_down(const crypto::NodeId& id, const Endpoint& at, bool has_left,
                          Instant now);
    void handle_failed_dial(const FailedDial& failed, Instant now);
    // Not dialled for kAvoidTime, and if it `is_refused` not accepted either.
    void avoid(const crypto::NodeId& id, bool is_refused, Instant now);
    bool is_avoided(const crypto::NodeId& id, Instant now) const;
    bool is_refused(const crypto::NodeId& id, Instant now) const;
    // Whoever is reached where an operator wants to connect is avoided no more.
    void note_reached(const crypto::NodeId& id, const Endpoint& at);
    // It has no room for us: not chosen for kFullTime.
    void note_full(const crypto::NodeId& id, Instant now);
    // Rule 1 holds. A node that has just started knows nobody but may remember a thousand.
    bool is_small() const;
    // Before a link is opened: a full table lets one go.
    void make_room(Now now);

    void handle_timeout(Now now);
    std::optional<Instant> next_deadline() const;
    std::vector<CandidateSnapshot> snapshot(Instant now) const;

private:
    struct Candidate {
        LearntFrom source{};
        std::optional<crypto::NodeId> id;
        unsigned failures = 0;
        Instant next_try;
        std::optional<Instant> tried_at;
    };

    bool is_hint(const Candidate& candidate) const {
        return candidate.source == LearntFrom::beacon;
    }
    // Forgotten after some failures: a beacon or a scan tells of it anew.
    bool comes_back(const Candidate& candidate) const {
        return is_hint(candidate) || candidate.source == LearntFrom::scan;
    }
    unsigned hellos_for(const Candidate& candidate) const;
    bool wants_links() const;
    bool needs_tending() const;
    bool is_pointless(const Endpoint& at, const Candidate& candidate, Instant now) const;
    bool is_wanted(const Candidate& candidate) const;
    bool has_no_room(const crypto::NodeId& id, Instant now) const;
    bool may_follow_hint(const Endpoint& at, Instant now);
    void schedule(const Endpoint& at, Candidate& candidate, Instant next_try);
    void forget_worst_candidate();
    void forget(std::map<Endpoint, Candidate>::iterator candidate);
    void dial_due(Instant now);
    void tend(Now now);
    void choose(Instant now);
    void dial_failed(Instant now);
    void probe(Instant now);
    bool dial_member(const Member& member, Instant now);
    std::vector<const Member*> members_to_dial(bool failed, Instant now) const;
    void trim(Now now);
    Link* spare_accepted(Instant now);
    Link* oldest_accepted();
    void close_newest_chosen(Now now);
    bool is_asked_for(const Endpoint& at) const;
    void close_full(Link& link, Now now);

    Core& core_;
    Links& links_;
    Membership& membership_;
    Handshakes& handshakes_;
    std::map<Endpoint, Candidate> candidates_;
    std::size_t hint_count_ = 0;  // of the candidates
    std::set<std::pair<Instant, Endpoint>> due_;
    struct Avoided {
        Instant until;
        bool is_refused = false;
    };
    std::map<crypto::NodeId, Avoided> avoided_;
    std::map<Endpoint, Instant> hinted_;  // addresses that had a HELLO for a hint, until when
    std::map<crypto::NodeId, Instant> full_;
    Instant tend_at_;
    Instant dial_failed_at_;
    Instant probe_at_;
};

}  // namespace hearsay::gossip
