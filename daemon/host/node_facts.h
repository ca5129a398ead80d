#pragma once

#include "daemon/gossip/discovery_snapshot.h"
#include "daemon/host/node.h"
#include "daemon/host/seeds.h"

namespace hearsay::host {

// What `hearsay doctor` is told: facts, not judgements.
struct NodeFacts {
    NodeStatus status;
    gossip::Snapshot snapshot;
    gossip::DiscoverySnapshot discovery;
    std::vector<gossip::Interface> interfaces;  // that are up, one for each address
    std::vector<SeedFacts> seeds;
    std::optional<Duration> alone_for;          // no other member is alive
    bool has_duplicate = false;                 // of our identity, seen in the last ten minutes
    std::optional<Endpoint> duplicate_at;       // where, when that is known
    std::uint64_t dropped_lately = 0;           // datagrams, by the kernel, in the last minute
    std::uint64_t send_failed = 0;
    std::string their_codecs;  // of discovery.no_common_codec, by name
    std::string our_codecs;
    std::string beacon_problem;
    std::string disk_problem;
};

}  // namespace hearsay::host
