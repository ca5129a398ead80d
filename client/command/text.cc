#include "client/command/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "client/json_scan.h"

namespace hearsay::client {
namespace {

std::string format(const char* pattern, double value) {
    std::array<char, 64> buffer;
    std::snprintf(buffer.data(), buffer.size(), pattern, value);
    return buffer.data();
}

std::string whole(double value, const char* unit) { return format("%.0f", value) + unit; }

// The size of the printable character at the start; 0: none.
std::size_t printable_size(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
    for (std::size_t size = 2; size <= 4; ++size) {
        if (size > text.size() || !is_utf8(text.substr(0, size))) continue;
        const auto second = static_cast<unsigned char>(text[1]);
        return lead == 0xc2 && second < 0xa0 ? 0 : size;  // C1 controls: a terminal may obey them
    }
    return 0;
}

std::string escape(char c) {
    if (c == '\n') return "\\n";
    if (c == '\r') return "\\r";
    if (c == '\t') return "\\t";
    std::array<char, 8> buffer;
    std::snprintf(buffer.data(), buffer.size(), "\\x%02x", static_cast<unsigned char>(c));
    return buffer.data();
}

// In characters, which terminals show in one column each; wide ones are rare in names.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

std::string scaled(double value, double step, const std::array<const char*, 5>& units) {
    std::size_t unit = 0;
    while (value >= step && unit + 1 < units.size()) {
        value /= step;
        ++unit;
    }
    return (unit == 0 ? format("%.0f", value) : format("%.1f", value)) + units[unit];
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t size = printable_size(text);
        out += size == 0 ? escape(text[0]) : std::string(text.substr(0, size));
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return out;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        unsigned group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group =
                group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0);
        for (std::size_t j = 0; j < 4; ++j)
            out += i + j > bytes.size() ? '=' : kDigits[group >> (18 - 6 * j) & 63];
    }
    return out;
}

std::string age_text(double seconds) {
    if (seconds < 10) return format("%.1fs", seconds);
    if (seconds < 120) return whole(seconds, "s");
    if (seconds < 7200) return whole(seconds / 60, "min");
    if (seconds < 172'800) return whole(seconds / 3600, "h");
    return whole(seconds / 86'400, "d");
}

std::string uptime_text(double seconds) {
    const auto minutes = static_cast<std::uint64_t>(std::max(seconds, 0.0)) / 60;
    const auto part = [](std::uint64_t value, const char* unit) {
        return std::to_string(value) + unit;
    };
    if (minutes == 0) return age_text(seconds);
    if (minutes < 60) return part(minutes, "min");
    if (minutes < 1440) return part(minutes / 60, "h ") + part(minutes % 60, "min");
    return part(minutes / 1440, "d ") + part(minutes / 60 % 24, "h");
}

std::string rtt_text(double seconds) {
    if (seconds >= 1) return format("%.1fs", seconds);
    return format(seconds < 0.01 ? "%.2fms" : "%.0fms", seconds * 1000);
}

std::string offset_text(double seconds) {
    const double size = std::abs(seconds);
    const std::string sign = size < 0.0005 ? "" : seconds < 0 ? "-" : "+";
    return sign + (size < 1 ? format("%.0fms", size * 1000) : age_text(size));
}

std::string count_text(double count) { return scaled(count, 1000, {"", "k", "M", "G", "T"}); }

std::string bytes_text(double bytes) {
    return scaled(bytes, 1024, {"B", "KiB", "MiB", "GiB", "TiB"});
}

std::string clock_text(const std::string& time) {
    std::tm parts{};
    if (std::sscanf(time.c_str(), "%d-%d-%dT%d:%d:%d", &parts.tm_year, &parts.tm_mon,
                    &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec) != 6)
        return printable(time);
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    const std::time_t seconds = timegm(&parts);
    std::tm local{};
    localtime_r(&seconds, &local);
    std::array<char, 16> buffer;
    std::strftime(buffer.data(), buffer.size(), "%H:%M:%S", &local);
    return buffer.data();
}

std::string Painter::operator()(Color color, std::string_view text) const {
    if (!is_on || color == Color::none) return std::string(text);
    const char* code = "1";
    switch (color) {
        case Color::none:
        case Color::bold:
            break;
        case Color::green:
            code = "32";
            break;
        case Color::yellow:
            code = "33";
            break;
        case Color::red:
            code = "31";
            break;
        case Color::dim:
            code = "2";
            break;
    }
    return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

// ---- Table

Table::Table(std::vector<std::string> headers)
    : headers_(std::move(headers)), is_right_(headers_.size(), false) {}

void Table::row(std::vector<std::string> cells, Color color, std::size_t colored_column) {
    cells.resize(headers_.size());
    rows_.push_back({std::move(cells), color, colored_column});
}

std::string Table::line(const Row& row, const std::vector<std::size_t>& widths,
                        const Painter& paint) const {
    std::string text;
    std::size_t pad_before = 0;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
        const std::size_t padding = widths[i] - width(row.cells[i]);
        if (row.cells[i].empty() && !is_right_[i]) {
            pad_before += padding + 2;
            continue;
        }
        text += std::string(pad_before + (is_right_[i] ? padding : 0), ' ');
        text += i == row.colored_column ? paint(row.color, row.cells[i]) : row.cells[i];
        pad_before = (is_right_[i] ? 0 : padding) + 2;
    }
    return text + "\n";
}

std::string Table::text(const Painter& paint) const {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < headers_.size(); ++i) {
        widths.push_back(width(headers_[i]));
        for (const Row& row : rows_) widths[i] = std::max(widths[i], width(row.cells[i]));
    }
    // A colour of its own would upset nobody's columns: it is put around the whole line.
    std::string head = line({headers_, Color::none, 0}, widths, paint);
    head.pop_back();
    std::string out = paint(Color::bold, head) + "\n";
    for (const Row& row : rows_) out += line(row, widths, paint);
    return out;
}

}  // namespace hearsay::client
