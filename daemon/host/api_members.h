#pragma once

#include <optional>
#include <string>

#include "daemon/gossip/snapshot.h"
#include "daemon/host/api_reply.h"

namespace hearsay::host {

// Into `id` the one member that `text` means: by whole id, start of an id (four characters or
// more), name, or NAME#KEY as it is shown where two share the name. nullopt: found.
std::optional<ApiError> find_member(const gossip::Snapshot& snapshot, const std::string& text,
                                    crypto::NodeId& id);

// What is known of the way to a member, into an object that is open: of a member.ping reply.
// `round_trip`: as just measured.
void write_ping(JsonWriter& json, const gossip::Snapshot& snapshot, const crypto::NodeId& id,
                std::optional<Duration> round_trip);

}  // namespace hearsay::host
