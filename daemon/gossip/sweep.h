#pragma once

#include <map>
#include <set>

#include "daemon/gossip/handshakes.h"
#include "daemon/gossip/membership.h"

namespace hearsay::gossip {

// After a mass failure, asks members nobody may be linked with any more. With four to twelve links
// a node, the neighbours of the dead notice them; but when half of a network goes at once, some of
// the dead had only dead neighbours, and would be listed as alive until their presence lapses.
//
// Rules:
//   1. Two members suspected within kWindow, by us or by others, begin a sweep of kLength: every
//      kPause a random living member without a link here gets a HELLO for which nothing is kept
//      (Handshakes::probe). By others too: an accusation that was flooded while the network was
//      in pieces has not reached everybody.
//   2. Who answers none of kTries, kTryPause apart, is accused like a silent neighbour: two
//      accusers are needed, and a newer presence refutes.
//   3. Whoever was itself asleep forgets what it has asked.
// Bounds: kAskedMax members at a time, each once in a sweep, however often it is prolonged.
class Sweep {
public:
    static constexpr Duration kWindow = std::chrono::seconds(2);
    static constexpr Duration kLength = std::chrono::seconds(10);
    static constexpr Duration kPause = std::chrono::milliseconds(100);
    static constexpr Duration kTryPause = std::chrono::milliseconds(500);
    static constexpr unsigned kTries = 3;
    static constexpr std::size_t kAskedMax = 64;

    Sweep(Core& core, Membership& membership, Handshakes& handshakes)
        : core_(core), membership_(membership), handshakes_(handshakes) {}

    void handle_suspicion(Instant now);
    void handle_answer(const Endpoint& at) { asked_.erase(at); }
    void forget_asked() { asked_.clear(); }

    void handle_timeout(Instant now);
    std::optional<Instant> next_deadline() const;

private:
    struct Asked {
        crypto::NodeId id;
        unsigned tries = 0;
        Instant again_at;
    };

    void ask_another(Instant now);
    void ask(const Endpoint& at, Asked& asked, Instant now);

    Core& core_;
    Membership& membership_;
    Handshakes& handshakes_;
    std::optional<Instant> suspected_at_;
    Instant until_;
    Instant next_at_;
    std::map<Endpoint, Asked> asked_;
    std::set<crypto::NodeId> swept_;  // asked in this sweep
};

}  // namespace hearsay::gossip
