#pragma once

#include "daemon/gossip/repair.h"
#include "tests/unit/gossip/ground.h"

namespace hearsay::gossip::ground {

// The parts of node `number` wired as the engine wires them, without the engine: tests call one
// part and look at all of them. Neighbours are far ends of made-up sessions.
struct Stage {
    explicit Stage(const config::Gossip& config = {}, unsigned number = 1);
    FloodParts parts() {
        return {links, store, streams, records, membership, desk, tree, backpressure};
    }

    // Node `number` at place(number) becomes a neighbour; told of to repair and membership.
    Link& add_link(unsigned number, Now now = after(0s));
    Link& link(unsigned number) { return *links.find(node_of(number)); }
    MessageId publish(std::string_view payload, Now now, std::string_view topic = "t");
    // Accepts a presence of node `number`, as if it had been verified.
    void add_member(unsigned number, const Presence& presence = {}, Now now = after(0s));

    // What was put out since, added to `put`.
    void collect() { put.add(ground.core.outbox.take()), ground.core.outbox.begin(); }
    // Gives the verdict on every signature asked about; returns how many those were.
    std::size_t run_checks(Now now);
    // Everything to send leaves; what it says to neighbour `number`, since the last call for it.
    std::vector<wire::Frame> flush_to(unsigned number, Now now);
    // That neighbour acknowledges everything it has heard.
    void acknowledge(unsigned number, Now now);
    // A chunk arrives from neighbour `number`.
    void receive(unsigned number, const wire::Chunk& chunk, Now now);
    // ... and is checked.
    void receive_and_check(unsigned number, const wire::Chunk& chunk, Now now);
    std::uint64_t counted(Counter counter) const { return core.counters[counter]; }
    void check_invariants() const { flood.check_invariants(); }

    Ground ground;
    Core& core;
    ChunkStore store;
    Streams streams;
    Records records;
    Membership membership;
    Links links;
    VerifyDesk desk;
    Tree tree;
    Backpressure backpressure;
    Flood flood;
    Repair repair;
    Put put;
    std::map<unsigned, FarEnd> far;
};

}  // namespace hearsay::gossip::ground
