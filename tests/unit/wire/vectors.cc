#include "tests/unit/wire/vectors.h"

#include <fstream>
#include <sstream>

#include "crypto/ids.h"
#include "tests/catch.h"

namespace hearsay::wire::test {
namespace {

std::string without_note(const std::string& line) { return line.substr(0, line.find('#')); }

std::string without_spaces(std::string text) {
    std::erase_if(text, [](char c) { return c == ' '; });
    return text;
}

}  // namespace

Bytes vector_of(const std::string& file, const std::string& name) {
    INFO(file << ": " << name);
    std::ifstream stream(std::string(HEARSAY_VECTORS "/") + file);
    REQUIRE(stream);
    std::string hex;
    std::string line;
    bool is_inside = false;
    bool is_found = false;
    while (std::getline(stream, line)) {
        if (line.starts_with(' ')) {
            if (is_inside) hex += without_spaces(without_note(line));
            continue;
        }
        is_inside = line == name;
        is_found = is_found || is_inside;
    }
    REQUIRE(is_found);
    const auto bytes = crypto::from_hex(hex);
    REQUIRE(bytes);
    return *bytes;
}

}  // namespace hearsay::wire::test
