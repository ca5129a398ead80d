#include "daemon/host/api_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace hearsay::host {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

void append_escaped(std::string& out, unsigned char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    out += "\\u00";
    out += kHexDigits[c >> 4];
    out += kHexDigits[c & 15];
}

// The size of the well-formed character (Unicode 15, table 3-7) at the start; 0: there is none.
std::size_t character_size(std::string_view text) {
    const auto at = [&](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
    };
    const auto is_tail = [&](std::size_t i) { return (at(i) & 0xc0) == 0x80; };
    const unsigned lead = at(0);
    if (lead >= 0xc2 && lead <= 0xdf) return is_tail(1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        if (lead == 0xe0 && at(1) < 0xa0) return 0;  // could be shorter
        if (lead == 0xed && at(1) > 0x9f) return 0;  // a surrogate
        return is_tail(1) && is_tail(2) ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if (lead == 0xf0 && at(1) < 0x90) return 0;
        if (lead == 0xf4 && at(1) > 0x8f) return 0;  // beyond U+10FFFF
        return is_tail(1) && is_tail(2) && is_tail(3) ? 4 : 0;
    }
    return 0;
}

// Appends one character that is not plain; returns its size in bytes.
std::size_t append_special(std::string& out, std::string_view rest) {
    const auto lead = static_cast<unsigned char>(rest[0]);
    if (lead < 0x80) {
        append_escaped(out, lead);
        return 1;
    }
    const std::size_t size = character_size(rest);
    out += size == 0 ? kReplacement : rest.substr(0, size);
    return std::max<std::size_t>(size, 1);
}

template <typename Integer>
void append_integer(std::string& out, Integer number) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

void append_padded(std::string& out, unsigned number, unsigned width) {
    std::array<char, 10> digits;
    for (unsigned i = width; i-- > 0; number /= 10)
        digits[i] = static_cast<char>('0' + number % 10);
    out.append(digits.data(), width);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const auto special = std::find_if_not(text.begin(), text.end(), [](char c) {
            return is_plain(static_cast<unsigned char>(c));
        });
        const auto plain_size = static_cast<std::size_t>(special - text.begin());
        out += text.substr(0, plain_size);
        text.remove_prefix(plain_size);
        if (!text.empty()) text.remove_prefix(append_special(out, text));
    }
    out += '"';
}

void append_number(std::string& out, std::uint64_t number) { append_integer(out, number); }
void append_number(std::string& out, std::int64_t number) { append_integer(out, number); }

void append_seconds(std::string& out, Duration duration) {
    const std::int64_t us = duration.count() / 1000;
    if (us < 0) out += '-';
    const std::uint64_t size =
        us < 0 ? 0 - static_cast<std::uint64_t>(us) : static_cast<std::uint64_t>(us);
    append_number(out, size / 1'000'000);
    const auto fraction = static_cast<unsigned>(size % 1'000'000);
    if (fraction == 0) return;
    out += '.';
    append_padded(out, fraction, 6);
    while (out.back() == '0') out.pop_back();
}

void append_time(std::string& out, WallTime time) {
    constexpr std::uint64_t kMsMax = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z
    const std::uint64_t ms = std::min(time.ms, kMsMax);
    const std::chrono::sys_days day{std::chrono::days(ms / 86'400'000)};
    const std::chrono::year_month_day date{day};
    const auto in_day = static_cast<unsigned>(ms % 86'400'000);
    out += '"';
    append_padded(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    out += '-';
    append_padded(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_padded(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_padded(out, in_day / 3'600'000, 2);
    out += ':';
    append_padded(out, in_day / 60'000 % 60, 2);
    out += ':';
    append_padded(out, in_day / 1'000 % 60, 2);
    out += '.';
    append_padded(out, in_day % 1'000, 3);
    out += "Z\"";
}

// ---- JsonWriter

void JsonWriter::before_value() {
    if (needs_comma_) out_ += ',';
    needs_comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
    before_value();
    out_ += bracket;
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
    out_ += bracket;
    needs_comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    before_value();
    append_json_string(out_, name);
    out_ += ':';
    needs_comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
    before_value();
    append_json_string(out_, value);
    return *this;
}

JsonWriter& JsonWriter::number(std::uint64_t value) {
    before_value();
    append_number(out_, value);
    return *this;
}

JsonWriter& JsonWriter::signed_number(std::int64_t value) {
    before_value();
    append_number(out_, value);
    return *this;
}

JsonWriter& JsonWriter::seconds(Duration value) {
    before_value();
    append_seconds(out_, value);
    return *this;
}

JsonWriter& JsonWriter::time(WallTime value) {
    before_value();
    append_time(out_, value);
    return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
    before_value();
    out_ += json;
    return *this;
}

}  // namespace hearsay::host
