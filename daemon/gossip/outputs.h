#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/time.h"
#include "wire/frame.h"

// What the engine asks of the world. Spans and views live until the next call that changes the
// engine; the caller acts on all of them before that.
namespace hearsay::gossip {

// `to` may be a multicast group: then `to.scope` is the index of the interface to send on, for
// IPv4 too.
struct Transmit {
    Endpoint to;
    ByteView datagram;
};

using VerifyTicket = std::uint64_t;
// Names a command whose answer comes as an event.
using PublishTicket = std::uint64_t;

// A signature to check, owning its bytes: it may travel to a worker thread. The verdict comes
// back with Engine::handle_verified, in any order; a verdict that is never brought back holds
// one place in the verify budget until its deadline.
struct VerifyJob {
    VerifyTicket ticket = 0;
    crypto::NodeId signer;
    Bytes message;
    crypto::Signature signature;
};

struct MessageId {
    crypto::Uid uid;
    std::uint32_t index = 0;      // of the message in its batch
    auto operator<=>(const MessageId&) const = default;
};

// A message for local subscribers. Each is delivered at most once by this process.
struct Delivery {
    MessageId id;
    crypto::NodeId publisher;
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
    std::string_view topic;
    ByteView payload;
    WallTime created;
    std::uint32_t lifetime_ms = 0;
    std::uint8_t hops = 0;        // links crossed; 0: published here
    bool may_repeat = false;      // the last stop was no clean one and this is older than the start
};

enum class EventKind : std::uint8_t {
    accepted,          // ticket, id: a publish is on its way
    member_joined,     // first seen, or back after it had left or failed
    member_updated,    // name, address or tags changed
    member_suspected,  // by `other`
    member_failed,     // by `other`, `text` says why
    member_left,
    link_up,
    link_lost,         // `text` says why
    duplicate_identity,// somebody else uses our key, at `at`
    equivocation,      // `member` signed two batches with one number
    clock_skew,        // our wall clock is far from the neighbours' median; `text` has the amount
    probed,            // ticket, round_trip: what Engine::probe() asked
    duplicate_name,    // `member` and `other` live under one name, `text`; told by the host
    slow_link,
};

std::string_view name_of(EventKind kind);

struct Event {
    EventKind kind{};
    crypto::NodeId member;
    crypto::NodeId other;          // zero when there is none
    Endpoint at;
    std::uint64_t ticket = 0;      // accepted, probed
    MessageId id;                  // accepted
    std::string name;              // of the member: member_*, as it calls itself
    std::string text;
    std::optional<Duration> round_trip;  // probed; nullopt: no answer
};

struct Outputs {
    std::span<const Transmit> transmits;
    std::span<VerifyJob> verifications;   // may be moved from
    std::span<const Delivery> deliveries;
    std::span<const Event> events;

    bool is_empty() const {
        return transmits.empty() && verifications.empty() && deliveries.empty() && events.empty();
    }
};

}  // namespace hearsay::gossip
