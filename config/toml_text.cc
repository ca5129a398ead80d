#include "config/toml_text.h"

namespace hearsay::config {
namespace {

constexpr std::string_view kBareKeyCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

std::string escaped(char character) {
    constexpr std::string_view kHex = "0123456789abcdef";
    switch (character) {
        case '"':
            return "\\\"";
        case '\\':
            return "\\\\";
        case '\n':
            return "\\n";
        case '\r':
            return "\\r";
        case '\t':
            return "\\t";
        default:
            break;
    }
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte != 0x7f) return {character};
    return std::string("\\u00") + kHex[byte >> 4] + kHex[byte & 15];
}

}  // namespace

std::string toml_string(std::string_view text) {
    std::string result = "\"";
    for (const char character : text) result += escaped(character);
    return result + "\"";
}

std::string toml_key(std::string_view text) {
    const bool is_bare = !text.empty() && text.find_first_not_of(kBareKeyCharacters) == text.npos;
    return is_bare ? std::string(text) : toml_string(text);
}

}  // namespace hearsay::config
