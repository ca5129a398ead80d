#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/time.h"
#include "config/config.h"
#include "crypto/ids.h"
#include "daemon/gossip/counters.h"

// A copy of what the engine knows, for status, the API and tests. Costs time in its size: not
// for the hot path.
namespace hearsay::gossip {

enum class MemberState : std::uint8_t { alive, suspect, failed, left };
std::string_view name_of(MemberState state);

struct MemberSnapshot {
    crypto::NodeId id;
    bool is_self = false;
    bool is_linked = false;
    MemberState state = MemberState::alive;
    std::string name;
    std::vector<Endpoint> addresses;   // where it was reached first, then what it says of itself
    std::vector<config::Tag> tags;
    std::string software;
    std::uint64_t epoch = 0;
    std::uint64_t version = 0;
    Duration age{};                    // since its state last changed
    Duration last_heard{};             // since its newest record or packet
    std::optional<Duration> presence_age;         // since its newest presence came
    std::uint8_t presence_hops = 0;               // links that crossed; a hint
    std::optional<Duration> rtt;       // linked members
    std::optional<std::int64_t> clock_offset_ms;  // theirs minus ours, linked members
};

struct LinkSnapshot {
    crypto::NodeId id;
    std::string name;
    Endpoint at;
    bool is_initiator = false;         // we dialled
    std::string codec;                 // that we send
    Duration age{};
    Duration idle{};                   // since its last packet
    std::optional<Duration> rtt;
    std::optional<std::int64_t> clock_offset_ms;  // theirs minus ours
    std::uint64_t packets_sent = 0;
    std::uint64_t packets_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t packets_lost = 0;
    std::size_t chunks_queued = 0;
    std::size_t packets_in_flight = 0;
    bool is_slow = false;
};

struct CandidateSnapshot {
    Endpoint at;
    std::string learnt_from;
    std::uint32_t failures = 0;
    Duration next_try{};               // from now
};

// [discovery] scan; no ranges: it is off.
struct ScanSnapshot {
    std::vector<config::AddressRange> ranges;
    std::uint64_t addresses = 0;       // of all ranges
    std::uint64_t tried = 0;           // in the pass under way, or in the last
    std::uint64_t answered = 0;        // of those
    std::uint32_t passes = 0;          // finished
    bool is_running = false;
    std::optional<Duration> next_pass; // from now; none: under way, or not while there are links
};

struct Snapshot {
    crypto::NodeId self;
    std::uint64_t epoch = 0;
    std::vector<MemberSnapshot> members;  // self first, then by name and id
    std::vector<LinkSnapshot> links;
    std::vector<CandidateSnapshot> candidates;
    ScanSnapshot scan;
    Counters counters;
    std::size_t batches_stored = 0;
    std::size_t bytes_stored = 0;
    std::size_t streams = 0;
    std::size_t dedup_entries = 0;
    std::size_t verifications_pending = 0;
    std::optional<std::int64_t> clock_offset_ms;  // neighbours' median minus ours
};

}  // namespace hearsay::gossip
