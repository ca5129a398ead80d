#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/time.h"
#include "daemon/gossip/snapshot.h"

namespace hearsay::host {

// What the node knows about its own state, for an operator to read.
struct HealthFacts {
    std::optional<std::string> network;
    bool network_is_open = false;
    std::string exposed_network_file;  // empty: nobody else can read it
    bool beacons_are_on = true;
    std::size_t others_alive = 0;
    Duration alone_for{};
    std::uint16_t port = config::kDefaultPort;
    std::vector<std::string> failed;  // labels of members
    std::uint64_t receive_buffer_wanted = 0;
    std::uint64_t receive_buffer = 0;
    std::uint64_t dropped_lately = 0;  // datagrams, by the kernel, in the last minute
    std::optional<std::int64_t> clock_offset_ms;
    Duration clock_skew_max{};
    // Neighbours whose clocks are far from those of the others.
    struct OddClock {
        std::string label;
        std::int64_t offset_ms = 0;  // theirs minus the neighbours' median
    };
    std::vector<OddClock> odd_clocks;
    std::vector<std::string> shared_names;  // "two members are called x: ..."
    bool has_duplicate = false;             // of our identity, seen in the last ten minutes
    std::optional<Endpoint> duplicate_at;   // where, when that is known
    std::uint64_t wrong_network = 0;        // datagrams, since the start
    std::uint64_t wrong_secret = 0;
    // A member without a codec in common, met in the last ten minutes.
    std::optional<Endpoint> no_codec_at;
    std::string their_codecs;
    std::string our_codecs;
    Duration loop_lag{};
    std::string disk_problem;
    std::string beacon_problem;
};

// One sentence or two for each thing that is not as it should be: what, and what to do. Empty:
// all is well.
std::vector<std::string> find_health_problems(const HealthFacts& facts);

// That another host uses this host's identity, and what to do.
std::string duplicate_sentence(const std::optional<Endpoint>& at);
// Of each name that several living members share who they are, as in HealthFacts.
std::vector<std::string> describe_shared_names(const gossip::Snapshot& snapshot);
// Of each failed member its label, or the beginning of its key.
std::vector<std::string> labels_of_failed(const gossip::Snapshot& snapshot);
// Empty when the median itself is off: then it is this host's clock that is wrong.
std::vector<HealthFacts::OddClock> find_odd_clocks(const gossip::Snapshot& snapshot);

}  // namespace hearsay::host
