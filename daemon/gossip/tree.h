#pragma once

#include <map>

#include "daemon/gossip/links.h"

namespace hearsay::gossip {

// Which neighbours get a publisher's messages at once (eager) and which are only told of them
// (lazy): epidemic broadcast trees (Plumtree; Leitao, Pereira, Rodrigues 2007), one for each
// publisher, with `flood.redundancy` parents for each node instead of one.
//
// Rules:
//   1. Every link starts eager, so a publisher's first messages flood.
//   2. Who gets kLateBatches batches in a row from a link after `redundancy` others had brought
//      them asks that link to prune. A batch's first chunk speaks for the batch.
//   3. A prune lapses after kPruneTime, less or more a quarter, so that the tree keeps learning.
//   4. Graft: kGraftAfter batches within a second came first from a link that we had pruned (so
//      by repair: the eager ones fail); or a parent's link went and fewer than `redundancy` are
//      left.
//
// Prune and Graft are not acknowledged. A lost Prune is repeated after as many late batches, a
// lost Graft after as many repairs, and whatever both sides think, repair delivers.
//
// Bounds: kPublishersMax publishers; at the bound all are forgotten, which makes every link eager.
class Tree {
public:
    static constexpr std::size_t kPublishersMax = 4096;
    static constexpr unsigned kLateBatches = 8;
    static constexpr unsigned kGraftAfter = 3;
    static constexpr Duration kGraftWithin = std::chrono::seconds(1);
    static constexpr Duration kPruneTime = std::chrono::seconds(60);
    // With fewer links there is nothing to save.
    static constexpr std::size_t kLinksMin = 3;

    Tree(Core& core, Links& links) : core_(core), links_(links) {}

    // Links that asked for less of this publisher.
    LinkMask lazy(const crypto::NodeId& publisher, Instant now);
    // The first chunk of a batch came over a link; `earlier` had brought it before.
    void note_batch(Link& from, const crypto::NodeId& publisher, LinkMask earlier, Instant now);

    void handle_prune(const Link& from, const crypto::NodeId& publisher, Instant now);
    void handle_graft(const Link& from, const crypto::NodeId& publisher);
    void handle_link_down(std::size_t slot);

    std::size_t size() const { return branches_.size(); }
    void check_invariants() const;

private:
    struct Branch {
        LinkMask lazy = 0;     // they asked us
        LinkMask pruned = 0;   // we asked them
        LinkMask parents = 0;  // have lately been among the first
        std::array<std::uint8_t, kLinksMax> late{};  // batches in a row
        std::vector<std::pair<std::size_t, Instant>> lapses;  // of `lazy`, by slot
        unsigned repaired = 0;
        Instant repaired_since;
    };

    std::size_t redundancy() const { return core_.config.flood.redundancy; }
    Branch& branch_of(const crypto::NodeId& publisher);
    void prune(Link& link, Branch& branch, const crypto::NodeId& publisher);
    void graft(Link& link, Branch& branch, const crypto::NodeId& publisher);
    void note_repaired(Link& from, Branch& branch, const crypto::NodeId& publisher, Instant now);
    static void make_eager(Branch& branch, std::size_t slot);

    Core& core_;
    Links& links_;
    std::map<crypto::NodeId, Branch> branches_;
};

}  // namespace hearsay::gossip
