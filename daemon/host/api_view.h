#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/gossip/snapshot.h"
#include "daemon/host/api_text.h"
#include "daemon/host/node.h"

// What the daemon knows, as JSON in the shape of docs/API.md.
namespace hearsay::host {

// How much of it happened a second, lately.
class ApiRates {
public:
    // To be called every 10 seconds or so.
    void sample(const gossip::Counters& counters, Instant now);
    // "rates": {...}, from the sample before the last up to now.
    void write(JsonWriter& json, const gossip::Counters& counters, Instant now) const;

private:
    struct Sample {
        gossip::Counters counters;
        Instant at;
    };
    std::optional<Sample> older_;
    std::optional<Sample> newer_;
};

struct ApiUse {
    std::size_t clients = 0;
    std::size_t subscribers = 0;
    std::uint64_t lagged = 0;  // messages and events not given to slow readers
};

struct ApiStatusParts {
    const NodeStatus& node;
    const gossip::Snapshot& snapshot;
    const ApiRates& rates;
    const ApiUse& use;
    Instant now;
};
// The members of a status reply, into an object that is open.
void write_status(JsonWriter& json, const ApiStatusParts& parts);
// Null when there is none.
void write_scan(JsonWriter& json, const gossip::ScanSnapshot& scan);
void write_network(JsonWriter& json, const NodeStatus& node);
void write_members(JsonWriter& json, const gossip::Snapshot& snapshot);
void write_links(JsonWriter& json, const gossip::Snapshot& snapshot);

}  // namespace hearsay::host
