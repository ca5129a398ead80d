#pragma once

#include <string>
#include <string_view>

namespace hearsay::config {

// A basic string of TOML 1.0: in double quotes, with escapes for what may not stand in it.
std::string toml_string(std::string_view text);

// A key of TOML 1.0: bare where its characters allow it, else a basic string.
std::string toml_key(std::string_view text);

}  // namespace hearsay::config
