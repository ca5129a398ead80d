#include "client/json_scan.h"

#include <charconv>

namespace hearsay::client {
namespace {

constexpr auto kNowhere = std::string_view::npos;

void skip_space(std::string_view& rest) {
    const auto first = rest.find_first_not_of(" \t\r\n");
    rest.remove_prefix(first == kNowhere ? rest.size() : first);
}

bool take(std::string_view& rest, char wanted) {
    skip_space(rest);
    if (rest.empty() || rest[0] != wanted) return false;
    rest.remove_prefix(1);
    return true;
}

// The size of the string that begins at `at`, quotes included; 0 when it does not end.
std::size_t string_size(std::string_view text, std::size_t at) {
    for (std::size_t i = at + 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            return i + 1 - at;
        }
    }
    return 0;
}

// Of the value at the start: brackets are balanced, strings passed over.
std::size_t value_size(std::string_view text) {
    std::size_t depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            const std::size_t size = string_size(text, i);
            if (size == 0) return 0;
            i += size - 1;
            if (depth == 0) return i + 1;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return i;
            if (--depth == 0) return i + 1;
        } else if (depth == 0 && (c == ',' || c == ' ')) {
            return i;
        }
    }
    return depth == 0 ? text.size() : 0;
}

bool take_value(std::string_view& rest, std::string_view& value) {
    skip_space(rest);
    const std::size_t size = value_size(rest);
    if (size == 0) return false;
    value = rest.substr(0, size);
    rest.remove_prefix(size);
    return true;
}

std::optional<unsigned> hex4(std::string_view text) {
    unsigned value = 0;
    if (text.size() < 4) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + 4, value, 16);
    if (error != std::errc() || end != text.data() + 4) return std::nullopt;
    return value;
}

void append_utf8(std::string& out, unsigned code) {
    const auto add = [&](unsigned byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        add(code);
    } else if (code < 0x800) {
        add(0xc0 | code >> 6);
        add(0x80 | (code & 63));
    } else if (code < 0x10000) {
        add(0xe0 | code >> 12);
        add(0x80 | (code >> 6 & 63));
        add(0x80 | (code & 63));
    } else {
        add(0xf0 | code >> 18);
        add(0x80 | (code >> 12 & 63));
        add(0x80 | (code >> 6 & 63));
        add(0x80 | (code & 63));
    }
}

// "uXXXX", or two of them for a character beyond 16 bits; returns what was used up.
std::size_t append_unicode(std::string& out, std::string_view escape) {
    const auto high = hex4(escape.substr(1));
    if (!high) return 0;
    const bool is_pair = *high >= 0xd800 && *high < 0xdc00 && escape.substr(5).starts_with("\\u");
    const auto low = is_pair ? hex4(escape.substr(7)) : std::nullopt;
    if (low && *low >= 0xdc00 && *low < 0xe000) {
        append_utf8(out, 0x10000 + ((*high - 0xd800) << 10) + (*low - 0xdc00));
        return 11;
    }
    append_utf8(out, *high >= 0xd800 && *high < 0xe000 ? 0xfffd : *high);
    return 5;
}

std::size_t append_escape(std::string& out, std::string_view escape) {
    if (escape.empty()) return 0;
    switch (escape[0]) {
        case 'n':
            out += '\n';
            return 1;
        case 'r':
            out += '\r';
            return 1;
        case 't':
            out += '\t';
            return 1;
        case 'b':
            out += '\b';
            return 1;
        case 'f':
            out += '\f';
            return 1;
        case '"':
        case '\\':
        case '/':
            out += escape[0];
            return 1;
        case 'u':
            return append_unicode(out, escape);
        default:
            return 0;
    }
}

}  // namespace

ObjectScanner::ObjectScanner(std::string_view object) : rest_(object) {
    if (!take(rest_, '{')) rest_ = {};
}

bool ObjectScanner::next(std::string_view& key, std::string_view& value) {
    if (take(rest_, '}')) {
        is_whole_ = true;
        rest_ = {};
        return false;
    }
    if ((!is_first_ && !take(rest_, ',')) || !take_value(rest_, key) || key.size() < 2 ||
        key[0] != '"' || !take(rest_, ':') || !take_value(rest_, value)) {
        rest_ = {};
        return false;
    }
    is_first_ = false;
    key = key.substr(1, key.size() - 2);
    return true;
}

ListScanner::ListScanner(std::string_view list) : rest_(list) {
    if (!take(rest_, '[')) rest_ = {};
}

bool ListScanner::next(std::string_view& value) {
    if (!is_first_ && !take(rest_, ',')) return false;
    is_first_ = false;
    return take_value(rest_, value);
}

std::string_view json_member(std::string_view object, std::string_view key) {
    ObjectScanner scanner(object);
    std::string_view name;
    std::string_view value;
    while (scanner.next(name, value))
        if (name == key) return value;
    return {};
}

std::optional<std::string> json_text(std::string_view value) {
    if (value.size() < 2 || value.front() != '"' || string_size(value, 0) != value.size())
        return std::nullopt;
    value = value.substr(1, value.size() - 2);
    std::string text;
    text.reserve(value.size());
    while (!value.empty()) {
        const auto escape = value.find('\\');
        text += value.substr(0, escape);
        if (escape == kNowhere) break;
        value.remove_prefix(escape + 1);
        const std::size_t used = append_escape(text, value);
        if (used == 0) return std::nullopt;
        value.remove_prefix(used);
    }
    return text;
}

std::optional<std::uint64_t> json_number(std::string_view value) {
    std::uint64_t number = 0;
    const char* const end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, number);
    if (error != std::errc() || stop != end) return std::nullopt;
    return number;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const auto lead = static_cast<unsigned char>(text[0]);
        const std::size_t size = lead < 0x80   ? 1
                                 : lead < 0xc2 ? 0
                                 : lead < 0xe0 ? 2
                                 : lead < 0xf0 ? 3
                                               : 4;
        if (size == 0 || lead > 0xf4 || size > text.size()) return false;
        for (std::size_t i = 1; i < size; ++i)
            if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return false;
        const unsigned second = size > 1 ? static_cast<unsigned char>(text[1]) : 0;
        const bool is_overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
        const bool is_outside = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
        if (is_overlong || is_outside) return false;
        text.remove_prefix(size);
    }
    return true;
}

void append_json_text(std::string& out, std::string_view text) {
    constexpr std::string_view kHexDigits = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20) {
            out += "\\u00";
            out += kHexDigits[byte >> 4];
            out += kHexDigits[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

}  // namespace hearsay::client
