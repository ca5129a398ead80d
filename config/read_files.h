#pragma once

#include <string>
#include <vector>

#include "config/load.h"

namespace hearsay::config {

inline constexpr std::size_t kFileSizeMax = 256 * 1024;

struct FileText {
    std::string name;
    std::string text;
    std::string error;  // why there is no text; empty: there is
};

// The main file and conf.d/*.toml beside it, as load_files describes. A main file that is
// optional and not there is left out, as is a conf.d that is not there.
std::vector<FileText> read_files(const std::string& main_file, MainFile need);

}  // namespace hearsay::config
