#include <algorithm>

#include "tests/sim/network.h"

// Questions about a running simulation.
namespace hearsay::sim {

bool Network::is_complete(Published message) const {
    return std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
        return !node->is_running() || node->liar != nullptr ||
               ledger_.deliveries(message, node->index) > 0;
    });
}

bool Network::all_complete() const {
    for (Published message = 0; message < ledger_.size(); ++message)
        if (!ledger_.is_disowned(message) && !is_complete(message)) return false;
    return true;
}

std::size_t Network::running_count() const { return running().size(); }

std::vector<std::size_t> Network::running() const {
    std::vector<std::size_t> indices;
    for (const auto& node : nodes_)
        if (node->is_running()) indices.push_back(node->index);
    return indices;
}

std::optional<gossip::MemberState> Network::state_of(std::size_t about, std::size_t seen_by) const {
    const auto view = snapshot(seen_by);
    for (const auto& member : view.members)
        if (member.id == nodes_[about]->id) return member.state;
    return std::nullopt;
}

bool Network::members_agree() const {
    const std::size_t alive = running_count();
    for (const auto& node : nodes_)
        if (options_.liars.empty() && node->is_running() && node->engine->alive_count() != alive)
            return false;
    return std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
        return !node->is_running() || node->liar != nullptr || agrees(*node);
    });
}

std::vector<std::size_t> Network::neighbours(std::size_t index) const {
    std::vector<std::size_t> result;
    for (const auto& link : snapshot(index).links)
        if (const auto found = by_id_.find(link.id);
            found != by_id_.end() && nodes_[found->second]->is_running())
            result.push_back(found->second);
    return result;
}

bool Network::is_connected() const {
    std::vector<std::size_t> reached = running();
    if (reached.empty()) return true;
    const std::size_t wanted = reached.size();
    reached.resize(1);
    std::vector<bool> is_seen(size(), false);
    is_seen[reached.front()] = true;
    for (std::size_t next = 0; next < reached.size(); ++next)
        for (const std::size_t other : neighbours(reached[next])) {
            if (is_seen[other]) continue;
            is_seen[other] = true;
            reached.push_back(other);
        }
    return reached.size() == wanted;
}

bool Network::agrees(const Node& node) const {
    std::map<crypto::NodeId, gossip::MemberState> states;
    for (const auto& member : snapshot(node.index).members) states[member.id] = member.state;
    for (const auto& other : nodes_) {
        if (other->liar != nullptr) continue;
        const auto found = states.find(other->id);
        if (found == states.end()) {
            if (other->is_running()) return false;
            continue;
        }
        const bool is_listed_alive = found->second == gossip::MemberState::alive;
        const bool is_suspect = found->second == gossip::MemberState::suspect;
        if (other->is_running() != is_listed_alive || is_suspect) return false;
    }
    return true;
}

std::optional<Instant> Network::time_noticed(std::size_t node, gossip::EventKind kind,
                                             std::size_t about, Instant since) const {
    for (auto entry = noticed_.rbegin(); entry != noticed_.rend() && entry->at >= since; ++entry)
        if (entry->node == node && entry->event.kind == kind &&
            entry->event.member == nodes_[about]->id)
            return entry->at;
    return std::nullopt;
}

bool Network::is_healthy(const crypto::NodeId& id) const {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return false;
    const Node& node = *nodes_[found->second];
    return node.is_running() && !node.is_paused && !node.is_leaving;
}

std::size_t Network::false_failures(Instant since) const {
    return static_cast<std::size_t>(
        std::count_if(noticed_.begin(), noticed_.end(), [&](const Noticed& noticed) {
            return noticed.at >= since && noticed.is_about_running &&
                   noticed.event.kind == gossip::EventKind::member_failed;
        }));
}

std::uint64_t Network::counter_total(gossip::Counter counter) const {
    std::uint64_t sum = ended_[static_cast<std::size_t>(counter)];
    for (const auto& node : nodes_)
        if (node->is_running() && node->liar == nullptr) sum += node->engine->counters()[counter];
    return sum;
}

std::uint64_t Network::counter_sum(gossip::Counter counter) const {
    std::uint64_t sum = 0;
    for (const auto& node : nodes_)
        if (node->is_running()) sum += node->engine->counters()[counter];
    return sum;
}

}  // namespace hearsay::sim
