#pragma once

#include "client/command/diagnosis.h"

namespace hearsay::client {

// Of the network namespace the command runs in, which is the daemon's unless that has one of its
// own. What may not be read is left out.
LocalFacts read_local_facts(std::uint16_t port);

}  // namespace hearsay::client
