#include <algorithm>

#include "config/validate.h"
#include "daemon/host/labels.h"
#include "daemon/host/node_parts.h"

namespace hearsay::host {
namespace {

using namespace std::chrono_literals;

// Looking for shared names costs a snapshot, and members may come in hundreds at once.
constexpr Duration kNamesPause = 500ms;

}  // namespace

const std::vector<config::Tag>& Node::tags() const { return parts_->tags; }

std::optional<NodeError> Node::set_tags(std::vector<config::Tag> tags) {
    Parts& p = *parts_;
    if (p.leaving != Parts::Leaving::no) return NodeError::leaving;
    if (config::size_of(tags) > config::kTagsSizeMax) return NodeError::tags_too_large;
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
