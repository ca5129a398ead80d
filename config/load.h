#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/problem.h"

// From files to a Config, with everything wrong with them told at once.
namespace hearsay::config {

enum class MainFile { required, optional };

struct Loaded {
    Config config;                   // to be used only if there are no problems
    std::vector<Problem> problems;   // by file, line and column
    std::vector<std::string> files;  // read, in this order

    bool is_good() const { return problems.empty(); }
};

// Reads `main_file`, then conf.d/*.toml beside it by name in byte order (hidden files are left
// out). What comes later wins: tables are merged by key, everything else is replaced. Each file
// is at most 256 KiB. Never throws for what a file holds.
Loaded load_files(const std::string& main_file, MainFile need = MainFile::required);

// The files of conf.d that load_files() does not read, as they are not called *.toml; without
// hidden ones. By name.
std::vector<std::string> files_left_out(const std::string& main_file);

// As load_files(), for one text, which problems call `file_name`.
Loaded load_text(std::string_view text, std::string_view file_name);

}  // namespace hearsay::config
