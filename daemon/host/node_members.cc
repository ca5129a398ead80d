#include <algorithm>

#include "daemon/gossip/presence.h"
#include "daemon/host/labels.h"
#include "daemon/host/node_parts.h"

namespace hearsay::host {
namespace {

using namespace std::chrono_literals;

// Looking for shared names costs a snapshot, and members may come in hundreds at once.
constexpr Duration kNamesPause = 500ms;

// With as many addresses as a presence may have: more may come at any time, and what does not fit
// would be left out without a word.
bool fits_presence(gossip::Presence presence) {
    presence.addresses.assign(gossip::kAddressesMax, Endpoint::ipv4(10, 0, 0, 1, 1));
    const auto read = gossip::decode_presence(gossip::encode_presence(presence));
    return read && read->tags.size() == presence.tags.size();
}

}  // namespace

const std::vector<config::Tag>& Node::tags() const { return parts_->tags; }

std::optional<NodeError> Node::set_tags(std::vector<config::Tag> tags) {
    Parts& p = *parts_;
    if (p.leaving != Parts::Leaving::no) return NodeError::leaving;
    gossip::Presence presence;
    presence.name = node_name(p.config);
    presence.software = software_name();
    presence.tags = tags;
    if (!fits_presence(std::move(presence))) return NodeError::tags_too_large;
    p.tags = std::move(tags);
    if (!p.engine) return std::nullopt;
    p.engine->set_tags(p.tags);
    p.touch();
    return std::nullopt;
}

std::optional<gossip::PublishTicket> Node::probe(const crypto::NodeId& member) {
    Parts& p = *parts_;
    if (!p.engine) return std::nullopt;
    p.touch();
    return p.engine->probe(member, Loop::both());
}

void Node::Parts::note_names() {
    if (!names_timer.due()) names_timer.start_in(kNamesPause);
}

// Each name once, until nobody shares it any more.
void Node::Parts::tell_shared_names() {
    if (!engine) return;
    std::set<std::string> shared;
    for (const SharedName& found : find_shared_names(engine->snapshot(Loop::both()))) {
        shared.insert(found.name);
        if (names_told.contains(found.name)) continue;
        gossip::Event event;
        event.kind = gossip::EventKind::duplicate_name;
        event.member = found.members.back();
        event.other = found.members.front();
        event.text = std::to_string(found.members.size()) + " members are called " + found.name;
        handle_event(event);
        if (node.on_event) node.on_event(event);
    }
    names_told = std::move(shared);
}

}  // namespace hearsay::host
