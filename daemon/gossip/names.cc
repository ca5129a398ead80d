#include "daemon/gossip/engine.h"
#include "daemon/gossip/outputs.h"
#include "daemon/gossip/snapshot.h"

// What the API and the command call the states and reasons of the protocol: the enumerators.
namespace hearsay::gossip {

std::string_view name_of(EventKind kind) {
    switch (kind) {
        case EventKind::accepted:
            return "accepted";
        case EventKind::member_joined:
            return "member_joined";
        case EventKind::member_updated:
            return "member_updated";
        case EventKind::member_suspected:
            return "member_suspected";
        case EventKind::member_failed:
            return "member_failed";
        case EventKind::member_left:
            return "member_left";
        case EventKind::link_up:
            return "link_up";
        case EventKind::link_lost:
            return "link_lost";
        case EventKind::duplicate_identity:
            return "duplicate_identity";
        case EventKind::equivocation:
            return "equivocation";
        case EventKind::clock_skew:
            return "clock_skew";
        case EventKind::probed:
            return "probed";
        case EventKind::duplicate_name:
            return "duplicate_name";
        case EventKind::slow_link:
            return "slow_link";
    }
    return {};
}

std::string_view name_of(MemberState state) {
    switch (state) {
        case MemberState::alive:
            return "alive";
        case MemberState::suspect:
            return "suspect";
        case MemberState::failed:
            return "failed";
        case MemberState::left:
            return "left";
    }
    return {};
}

std::string_view name_of(PublishError error) {
    switch (error) {
        case PublishError::payload_too_large:
            return "payload_too_large";
        case PublishError::bad_topic:
            return "bad_topic";
        case PublishError::bad_lifetime:
            return "bad_lifetime";
        case PublishError::busy:
            return "busy";
        case PublishError::clock_skewed:
            return "clock_skewed";
        case PublishError::leaving:
            return "leaving";
    }
    return {};
}

}  // namespace hearsay::gossip
