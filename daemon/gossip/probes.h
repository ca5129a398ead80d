#pragma once

#include <vector>

#include "daemon/gossip/links.h"

namespace hearsay::gossip {

// Round trips to neighbours, measured because somebody asked (`hearsay ping`): a heartbeat that
// wants a reply, and the echo in whatever heartbeat comes back. The time the neighbour took is not
// counted, so a lost datagram delays the answer by a heartbeat interval and changes nothing else.
//
// Each probe ends with exactly one probed event. At most kCountMax are under way.
class Probes {
public:
    static constexpr std::size_t kCountMax = 64;
    static constexpr Duration kPatience = std::chrono::seconds(2);

    Probes(Core& core, Links& links) : core_(core), links_(links) {}

    // False: too many.
    bool start(std::uint64_t ticket, Link& link, Instant now);
    void handle_heartbeat(const Link& link, const wire::Heartbeat& heartbeat, Instant now);
    void handle_timeout(Instant now);
    // This node leaves: all end without an answer.
    void give_up();
    std::optional<Instant> next_deadline() const;
    std::size_t size() const { return probes_.size(); }

private:
    struct Probe {
        std::uint64_t ticket = 0;
        crypto::NodeId member;
        Instant asked;
    };
    void tell(const Probe& probe, std::optional<Duration> round_trip);

    Core& core_;
    Links& links_;
    std::vector<Probe> probes_;  // in the order of asking
};

}  // namespace hearsay::gossip
