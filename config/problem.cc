#include "config/problem.h"

#include "config/toml_text.h"

namespace hearsay::config {

std::string to_text(const Problem& problem) {
    std::string text = problem.file + ": ";
    if (problem.line != 0)
        text = problem.file + ":" + std::to_string(problem.line) + ":" +
               std::to_string(problem.column) + ": ";
    if (!problem.key.empty()) text += problem.key + ": ";
    return text + problem.what;
}

std::string quoted(std::string_view text) {
    constexpr std::size_t kShown = 64;
    if (text.size() <= kShown) return toml_string(text);
    std::size_t size = kShown;
    // Not in the middle of a character: UTF-8 continues with 10xxxxxx.
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
    return toml_string(std::string(text.substr(0, size)) + "...");
}

}  // namespace hearsay::config
