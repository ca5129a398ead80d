#pragma once

#include <map>
#include <set>

#include "daemon/gossip/handshakes.h"
#include "daemon/gossip/links.h"

namespace hearsay::gossip {

// Whom to be linked with, and where to find them. Today: with every member there is room for.
//
// A candidate is a place that was named to us, with whoever named it: a seed for ever, a member's
// own signed presence, a beacon (a hint: it may be a spoofed one, so its address gets a single
// HELLO per kHintPause, however many beacons name it). Failed dials back off up to kBackoffMax.
//
// Bounds: kCandidatesMax places; a full table lets the one go that failed most and is no seed.
class Overlay {
public:
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
    static constexpr Duration kSelfPause = std::chrono::minutes(10);

    Overlay(Core& core, Links& links, Handshakes& handshakes);

    // `id`, if known, saves dialling a place whose owner is linked already.
    void add(const Endpoint& at, LearntFrom source, std::optional<crypto::NodeId> id, Instant now);
    void handle_link_up(const crypto::NodeId& id, const Endpoint& at);
    // Dialled again soon, unless it said that it leaves.
    void handle_link_down(const crypto::NodeId& id, const Endpoint& at, bool has_left,
                          Instant now);
    void handle_failed_dial(const FailedDial& failed, Instant now);
    // Neither dialled nor accepted for kAvoidTime.
    void avoid(const crypto::NodeId& id, Instant now);
    bool is_avoided(const crypto::NodeId& id, Instant now) const;

    void handle_timeout(Instant now);
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
    bool is_pointless(const Endpoint& at, const Candidate& candidate, Instant now) const;
    bool may_follow_hint(const Endpoint& at, Instant now);
    void schedule(const Endpoint& at, Candidate& candidate, Instant next_try);
    void make_room();

    Core& core_;
    Links& links_;
    Handshakes& handshakes_;
    std::map<Endpoint, Candidate> candidates_;
    std::set<std::pair<Instant, Endpoint>> due_;
    std::map<crypto::NodeId, Instant> avoided_;
    std::map<Endpoint, Instant> hinted_;  // addresses that had a HELLO for a hint, until when
};

}  // namespace hearsay::gossip
