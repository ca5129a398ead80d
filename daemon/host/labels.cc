#include "daemon/host/labels.h"

#include <algorithm>
#include <set>

namespace hearsay::host {
namespace {

constexpr std::size_t kKeySizeMin = 4;

using ByName = std::map<std::string, std::vector<crypto::NodeId>>;

// In the order of the snapshot, which has self first.
template <typename Wanted>
ByName members_by_name(const gossip::Snapshot& snapshot, Wanted is_wanted) {
    ByName result;
    for (const auto& member : snapshot.members)
        if (!member.name.empty() && is_wanted(member)) result[member.name].push_back(member.id);
    return result;
}

// The beginnings of keys are cheap to choose, so four characters may be those of another.
std::size_t telling_size(const std::vector<crypto::NodeId>& members) {
    const std::size_t size_max = crypto::to_text(members.front()).size();
    for (std::size_t size = kKeySizeMin; size < size_max; ++size) {
        std::set<std::string> beginnings;
        for (const crypto::NodeId& id : members)
            beginnings.insert(crypto::to_text(id).substr(0, size));
        if (beginnings.size() == members.size()) return size;
    }
    return size_max;
}

bool lives(const gossip::MemberSnapshot& member) {
    return member.state == gossip::MemberState::alive ||
           member.state == gossip::MemberState::suspect;
}

}  // namespace

std::map<crypto::NodeId, std::string> labels_of(const gossip::Snapshot& snapshot) {
    std::map<crypto::NodeId, std::string> labels;
    for (const auto& member : snapshot.members) labels.emplace(member.id, member.name);
    const auto all = [](const gossip::MemberSnapshot&) { return true; };
    for (const auto& [name, members] : members_by_name(snapshot, all)) {
        if (members.size() < 2) continue;
        const std::size_t size = telling_size(members);
        for (const crypto::NodeId& id : members)
            labels[id] = name + "#" + crypto::to_text(id).substr(0, size);
    }
    return labels;
}

std::vector<SharedName> find_shared_names(const gossip::Snapshot& snapshot) {
    std::vector<SharedName> shared;
    for (auto& [name, members] : members_by_name(snapshot, lives))
        if (members.size() > 1) shared.push_back({name, members});
    return shared;
}

}  // namespace hearsay::host
