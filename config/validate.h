#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace hearsay::config {

// What is wrong with a value, or with two values together.
struct Violation {
    std::string key;      // path of the key at fault
    std::string element;  // which part of it: "[2]" of a list, ".role" of tags; empty: all of it
    std::string related;  // path of the other key of a contradiction; empty when there is none
    std::string what;     // as in Problem

    bool operator==(const Violation&) const = default;
};

// Everything wrong with a Config however it was made: amounts out of bound, names and addresses
// that are none, contradictions. Empty for Config{}. Nothing is looked up or opened.
std::vector<Violation> validate(const Config& config);

// 1 to 63 of A-Z a-z 0-9 . _ -
bool is_valid_node_name(std::string_view name);
// 1 to 32 of a-z 0-9 . _ -
bool is_valid_tag_key(std::string_view key);

// What tags take where a node tells of itself, in one datagram with all else: their bytes and two
// for each.
std::size_t size_of(const std::vector<Tag>& tags);
inline constexpr std::size_t kTagsSizeMax = 600;

}  // namespace hearsay::config
