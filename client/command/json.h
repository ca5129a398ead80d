#pragma once

#include <nlohmann/json.hpp>

namespace hearsay::client {

// Keeps the order in which the daemon, or we, put the keys.
using Json = nlohmann::ordered_json;

}  // namespace hearsay::client
