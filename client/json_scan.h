#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Just enough JSON for what the daemon sends: walking over an object or a list without building
// anything. It trusts the daemon to send JSON, and memory to nobody: whatever the text, it stays
// within it and ends.
namespace hearsay::client {

// The members of an object, in order. A nested value comes as its text.
class ObjectScanner {
public:
    explicit ObjectScanner(std::string_view object);
    // False at the end, and where the text is no object any more.
    bool next(std::string_view& key, std::string_view& value);
    // The end was reached and nothing was wrong.
    bool is_whole() const { return is_whole_; }

private:
    std::string_view rest_;
    bool is_first_ = true;
    bool is_whole_ = false;
};

class ListScanner {
public:
    explicit ListScanner(std::string_view list);
    bool next(std::string_view& value);

private:
    std::string_view rest_;
    bool is_first_ = true;
};

// The value of `key`, as text; empty when there is none.
std::string_view json_member(std::string_view object, std::string_view key);

// The text of a JSON string; nullopt when it is none.
std::optional<std::string> json_text(std::string_view value);
// A whole number that is not negative.
std::optional<std::uint64_t> json_number(std::string_view value);

// Well-formed, as Unicode has it: what a JSON text must be made of.
bool is_utf8(std::string_view text);

// In quotes, escaped. Precondition: is_utf8(text).
void append_json_text(std::string& out, std::string_view text);

}  // namespace hearsay::client
