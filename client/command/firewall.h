#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/command/json.h"

namespace hearsay::client {

// Where this host's packet filter drops what comes to the port.
struct FirewallBlock {
    std::string chain;          // "inet filter input", as nft(8) takes it
    bool is_by_policy = false;  // nothing lets it in; else a rule of its own drops it
    unsigned handle = 0;        // of that rule
};

// Reads what `nft -j list ruleset` prints. A chain of the input hook blocks the port when a rule
// for it drops or rejects before another accepts, or when its policy is drop and no rule of its
// table accepts. Rules that nothing of this can be said of are passed over.
std::vector<FirewallBlock> find_blocks(const Json& ruleset, std::uint16_t port);

}  // namespace hearsay::client
