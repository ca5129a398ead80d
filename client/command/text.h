#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// How values look to people.
namespace hearsay::client {

// One line, safe for a terminal: control characters and bytes that are no UTF-8 become \n, \t or
// \xNN, everything else stays.
std::string printable(std::string_view text);
// RFC 4648.
std::string base64(std::string_view bytes);

// "0.4s", "45s", "12min", "5h", "9d": the largest unit that says something.
std::string age_text(double seconds);
// "3h 12min": two units.
std::string uptime_text(double seconds);
// "0.40ms", "12ms", "1.2s".
std::string rtt_text(double seconds);
// "+2ms", "-1.5s", "0ms".
std::string offset_text(double seconds);
// "17", "12.3k", "4.5M".
std::string count_text(double count);
// "512B", "12.3KiB".
std::string bytes_text(double bytes);
// HH:MM:SS of this host's time zone; the text itself when it is no RFC 3339 in UTC.
std::string clock_text(const std::string& time);

enum class Color { none, bold, green, yellow, red, dim };

// Text that may be coloured. `is_on` is decided once, from --color, NO_COLOR and the terminal.
struct Painter {
    bool is_on = false;
    std::string operator()(Color color, std::string_view text) const;
};

// Columns aligned by their widest cell, two spaces between.
class Table {
public:
    explicit Table(std::vector<std::string> headers);
    void right_align(std::size_t column) { is_right_[column] = true; }
    // Cells left out are empty.
    void row(std::vector<std::string> cells, Color color_of_first = Color::none,
             std::size_t colored_column = 0);
    bool empty() const { return rows_.empty(); }
    std::string text(const Painter& paint) const;

private:
    struct Row {
        std::vector<std::string> cells;
        Color color;
        std::size_t colored_column;
    };
    std::string line(const Row& row, const std::vector<std::size_t>& widths,
                     const Painter& paint) const;

    std::vector<std::string> headers_;
    std::vector<bool> is_right_;
    std::vector<Row> rows_;
};

}  // namespace hearsay::client
