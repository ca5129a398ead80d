#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

// JSON as the local API writes it: straight into the buffer that is sent, no document in between.
namespace hearsay::host {

// Appends a JSON string (RFC 8259 7) in quotes. Always valid UTF-8: each byte that is not part of
// a well-formed character becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
void append_number(std::string& out, std::uint64_t number);
void append_number(std::string& out, std::int64_t number);
// Seconds to the microsecond, without needless zeros: "1.5", "0.0004", "60", "-2".
void append_seconds(std::string& out, Duration duration);
// RFC 3339 in quotes, UTC, milliseconds: "2026-01-31T09:15:02.125Z". Years after 9999 are 9999.
void append_time(std::string& out, WallTime time);

// Puts the commas. Whoever uses it sees to the nesting.
class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    JsonWriter& key(std::string_view name);

    JsonWriter& text(std::string_view value);
    JsonWriter& number(std::uint64_t value);
    JsonWriter& signed_number(std::int64_t value);
    JsonWriter& flag(bool value) { return raw(value ? "true" : "false"); }
    JsonWriter& null() { return raw("null"); }
    JsonWriter& seconds(Duration value);
    JsonWriter& time(WallTime value);
    // JSON that is already whole.
    JsonWriter& raw(std::string_view json);

private:
    JsonWriter& open(char bracket);
    JsonWriter& close(char bracket);
    void before_value();

    std::string& out_;
    bool needs_comma_ = false;
};

}  // namespace hearsay::host
