#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hearsay::config {

enum class ValueType { string, integer, decimal, boolean, list, table, date };

// A value as it stands in a file: TOML without the library that read it. Only the members of its
// type mean anything.
struct Value {
    ValueType type = ValueType::date;
    unsigned line = 0;
    unsigned column = 0;
    std::string text;          // string
    std::int64_t integer = 0;  // integer
    bool flag = false;         // boolean
    std::vector<Value> items;  // list, table
    std::string name;          // of an item of a table, its key
};

// "a string", "an integer", ...
std::string_view to_text(ValueType type);
// With the value where it is short: "the string \"5\"", "the integer 5", "a list".
std::string describe(const Value& value);

}  // namespace hearsay::config
