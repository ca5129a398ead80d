#pragma once

#include "daemon/host/api_text.h"
#include "daemon/host/node_facts.h"

namespace hearsay::host {

// The members of a doctor reply, into an object that is open.
void write_doctor(JsonWriter& json, const NodeFacts& facts, const config::Config& config,
                  Instant now);

}  // namespace hearsay::host
