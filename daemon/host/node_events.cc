#include <algorithm>

#include "config/endpoint_text.h"
#include "daemon/host/health.h"
#include "daemon/host/node_parts.h"

namespace hearsay::host {

namespace {

bool changes_names(gossip::EventKind kind) {
    using gossip::EventKind;
    return kind == EventKind::member_joined || kind == EventKind::member_updated ||
           kind == EventKind::member_failed || kind == EventKind::member_left;
}

}  // namespace

// A name is what its owner says it is: the key is what counts.
std::string Node::Parts::label_of(const crypto::NodeId& member) const {
    const std::string key = crypto::short_text(member);
    for (const auto& known : engine->snapshot(Loop::both()).members)
        if (known.id == member && !known.name.empty()) return known.name + " (" + key + ")";
    return key;
}

void Node::Parts::handle_event(const gossip::Event& event) {
    using gossip::EventKind;
    const std::string_view cause = gossip::name_of(event.kind);
    const auto why = [&] { return event.text.empty() ? "" : ": " + event.text; };
    const auto member = [&] { return label_of(event.member); };
    if (changes_names(event.kind)) note_names();
    switch (event.kind) {
        case EventKind::accepted:
        case EventKind::probed:
            return;
        case EventKind::member_joined:
            are_members_dirty = true;
            return log.info_lazily(cause, [&] { return member() + " has joined"; });
        case EventKind::member_updated:
            are_members_dirty = true;
            return log.debug(cause, crypto::short_text(event.member) + " has changed");
        case EventKind::member_suspected:
            return log.debug(cause, crypto::short_text(event.member) + " is suspected by " +
                                        crypto::short_text(event.other) + why());
        case EventKind::member_failed:
            are_members_dirty = true;
            return log.info_lazily(cause, [&] { return member() + " has failed" + why(); });
        case EventKind::member_left:
            are_members_dirty = true;
            return log.info_lazily(cause, [&] { return member() + " has left"; });
        case EventKind::link_up:
            return log.info(cause, "linked with " + crypto::short_text(event.member) + " at " +
                                       config::to_text(event.at));
        case EventKind::link_lost:
            return log.info(cause,
                            "lost the link with " + crypto::short_text(event.member) + why());
        case EventKind::duplicate_identity:
            // Not every sign of it says where.
            has_duplicate = true;
            if (event.at.is_dialable()) duplicate_at = event.at;
            duplicate_seen = Loop::now();
            return log.error(cause, duplicate_sentence(duplicate_at));
        case EventKind::equivocation:
            return log.warning(cause, member() + " signed two different batches with one number");
        case EventKind::clock_skew:
            return log.warning(cause, "this host's clock is far from its neighbours'" + why());
        case EventKind::duplicate_name:
            return log.warning(cause, event.text + ", among them " + member());
        case EventKind::slow_link:
            return log.warning(cause, "slow link with " + crypto::short_text(event.member) + why());
    }
}

}  // namespace hearsay::host
