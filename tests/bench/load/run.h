#pragma once

#include <string>

#include "tests/bench/load/options.h"

namespace hearsay::load {

// Publishes and subscribes as planned; one line of JSON. Throws std::runtime_error.
std::string run(const Options& options);

}  // namespace hearsay::load
