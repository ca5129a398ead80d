#pragma once

#include <string>

#include "config/config.h"

namespace hearsay::config {

// The whole Config as TOML, a section after the other, every key with its value; a comment names
// the default where the value is another. Loading the text gives the same Config again.
std::string show(const Config& config);

}  // namespace hearsay::config
