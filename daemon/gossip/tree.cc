#include "daemon/gossip/tree.h"

#include "base/insist.h"

namespace hearsay::gossip {
namespace {

std::size_t count(LinkMask links) { return static_cast<std::size_t>(std::popcount(links)); }

}  // namespace

Tree::Branch& Tree::branch_of(const crypto::NodeId& publisher) {
    if (branches_.size() >= kPublishersMax && !branches_.contains(publisher)) branches_.clear();
    return branches_[publisher];
}

LinkMask Tree::lazy(const crypto::NodeId& publisher, Instant now) {
    const auto found = branches_.find(publisher);
    if (found == branches_.end() || found->second.lazy == 0) return 0;
    Branch& branch = found->second;
    std::erase_if(branch.lapses, [&](const auto& lapse) {
        if (lapse.second > now) return false;
        branch.lazy &= ~mask_of(lapse.first);
        return true;
    });
    return branch.lazy;
}

void Tree::note_batch(Link& from, const crypto::NodeId& publisher, LinkMask earlier,
                      Instant now) {
    if (redundancy() == 0 || links_.size() < kLinksMin) return;
    Branch& branch = branch_of(publisher);
    std::uint8_t& late = branch.late[from.slot()];
    earlier &= ~from.mask();
    if (count(earlier) < redundancy()) {
        late = 0;
        if ((branch.pruned & from.mask()) != 0)
            return earlier == 0 ? note_repaired(from, branch, publisher, now) : void();
        branch.parents |= from.mask();
    } else if (++late >= kLateBatches) {
        prune(from, branch, publisher);
    }
}

void Tree::prune(Link& link, Branch& branch, const crypto::NodeId& publisher) {
    branch.late[link.slot()] = 0;
    branch.parents &= ~link.mask();
    branch.pruned |= link.mask();
    core_.count(Counter::prunes_sent);
    link.queue_control(wire::Prune{publisher});
}

void Tree::graft(Link& link, Branch& branch, const crypto::NodeId& publisher) {
    branch.late[link.slot()] = 0;
    branch.pruned &= ~link.mask();
    branch.parents |= link.mask();
    branch.repaired = 0;
    core_.count(Counter::grafts_sent);
    link.queue_control(wire::Graft{publisher});
}

void Tree::note_repaired(Link& from, Branch& branch, const crypto::NodeId& publisher,
                         Instant now) {
    if (branch.repaired == 0 || now - branch.repaired_since > kGraftWithin) {
        branch.repaired = 0;
        branch.repaired_since = now;
    }
    if (++branch.repaired >= kGraftAfter) graft(from, branch, publisher);
}

void Tree::handle_prune(const Link& from, const crypto::NodeId& publisher, Instant now) {
    // Of whom nothing has come here there is nothing to send less of.
    if (publisher != core_.self_id && !branches_.contains(publisher)) return;
    Branch& branch = branch_of(publisher);
    make_eager(branch, from.slot());
    branch.lazy |= from.mask();
    branch.lapses.emplace_back(
        from.slot(), now + core_.random.between(kPruneTime * 3 / 4, kPruneTime * 5 / 4));
}

void Tree::handle_graft(const Link& from, const crypto::NodeId& publisher) {
    const auto found = branches_.find(publisher);
    if (found != branches_.end()) make_eager(found->second, from.slot());
}

void Tree::make_eager(Branch& branch, std::size_t slot) {
    branch.lazy &= ~mask_of(slot);
    std::erase_if(branch.lapses, [&](const auto& lapse) { return lapse.first == slot; });
}

void Tree::handle_link_down(std::size_t slot) {
    const LinkMask gone = mask_of(slot);
    for (auto& [publisher, branch] : branches_) {
        make_eager(branch, slot);
        branch.late[slot] = 0;
        branch.pruned &= ~gone;
        if ((branch.parents & gone) == 0) continue;
        branch.parents &= ~gone;
        if (count(branch.parents) >= redundancy() || branch.pruned == 0) continue;
        // Any of them will do: it has the messages, or it would not have been pruned.
        if (Link* link = links_.at(static_cast<std::size_t>(std::countr_zero(branch.pruned))))
            graft(*link, branch, publisher);
    }
}

void Tree::check_invariants() const {
    INSIST(branches_.size() <= kPublishersMax);
    for (const auto& [publisher, branch] : branches_) {
        INSIST(count(branch.lazy) == branch.lapses.size());
        INSIST((branch.pruned & branch.parents) == 0);
    }
}

}  // namespace hearsay::gossip
