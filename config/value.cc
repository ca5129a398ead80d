#include "config/value.h"

#include "config/problem.h"

namespace hearsay::config {

std::string_view to_text(ValueType type) {
    switch (type) {
        case ValueType::string:
            return "a string";
        case ValueType::integer:
            return "an integer";
        case ValueType::decimal:
            return "a decimal number";
        case ValueType::boolean:
            return "a boolean";
        case ValueType::list:
            return "a list";
        case ValueType::table:
            return "a table";
        case ValueType::date:
            return "a date or time";
    }
    return {};
}

std::string describe(const Value& value) {
    switch (value.type) {
        case ValueType::string:
            return "the string " + quoted(value.text);
        case ValueType::integer:
            return "the integer " + std::to_string(value.integer);
        case ValueType::boolean:
            return value.flag ? "true" : "false";
        case ValueType::decimal:
        case ValueType::list:
        case ValueType::table:
        case ValueType::date:
            return std::string(to_text(value.type));
    }
    return {};
}

}  // namespace hearsay::config
