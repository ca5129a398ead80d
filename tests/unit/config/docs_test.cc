// The files that an operator reads say what the table of keys says.
#include <sstream>

#include "config/keys.h"
#include "config/load.h"
#include "tests/catch.h"
#include "tests/unit/config/files.h"

namespace hearsay::config {
namespace {

bool is_key_line(const std::string& line) {
    const std::size_t equals = line.find(" = ");
    return line.starts_with('#') && equals != line.npos && equals > 1 &&
           line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", 1) == equals;
}

struct Documented {
    std::string section;
    std::string line;     // "name = value"
    std::string comment;  // the block above it, in one line
};

std::vector<Documented> documented_keys(const std::string& text) {
    std::vector<Documented> result;
    std::istringstream lines(text);
    std::string section;
    std::string comment;
    for (std::string line; std::getline(lines, line);) {
        if (is_key_line(line)) {
            result.push_back({section, line.substr(1), comment});
            comment.clear();
        } else if (line.starts_with("# ")) {
            comment += (comment.empty() ? "" : " ") + line.substr(2);
        } else {
            comment.clear();
            if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1);
        }
    }
    return result;
}

std::string uncommented(const std::string& text) {
    std::istringstream lines(text);
    std::string result;
    for (std::string line; std::getline(lines, line);)
        result += (is_key_line(line) ? line.substr(1) : line) + "\n";
    return result;
}

TEST_CASE("the shipped file changes nothing", "[config][docs]") {
    const Loaded loaded = load_text(read_source_file("packaging/hearsay.toml"), "hearsay.toml");
    for (const Problem& problem : loaded.problems) FAIL_CHECK(to_text(problem));
    CHECK(loaded.config == Config{});
}

TEST_CASE("every key uncommented in the shipped file gives the defaults", "[config][docs]") {
    const Loaded loaded =
        load_text(uncommented(read_source_file("packaging/hearsay.toml")), "hearsay.toml");
    for (const Problem& problem : loaded.problems) FAIL_CHECK(to_text(problem));
    CHECK(loaded.config == Config{});
}

TEST_CASE("the shipped file has every key with its effect, bound and default", "[config][docs]") {
    const auto documented = documented_keys(read_source_file("packaging/hearsay.toml"));
    REQUIRE(documented.size() == keys().size());
    for (std::size_t i = 0; i < documented.size(); ++i) {
        const Key& key = keys()[i];
        CHECK(documented[i].section == key.section);
        CHECK(documented[i].line == std::string(key.name) + " = " + value_text(key, Config{}));
        const std::string expected = std::string(key.help) + " (" + bound_text(key) + ")";
        CHECK(documented[i].comment == expected);
    }
}

// What a roff line shows: "\-" is '-', "\(dq" is '"', "\e" is '\'; fonts and "\&" are nothing.
std::string unroffed(std::string line) {
    const std::pair<std::string_view, std::string_view> escapes[] = {
        {"\\fB", ""}, {"\\fI", ""},    {"\\fR", ""},   {"\\&", ""},
        {"\\-", "-"}, {"\\(dq", "\""}, {"\\(aq", "'"}, {"\\e", "\\"}};
    for (const auto& [from, to] : escapes)
        for (std::size_t at = 0; (at = line.find(from, at)) != line.npos; at += to.size())
            line.replace(at, from.size(), to);
    return line;
}

TEST_CASE("the man page has every key with its effect, bound and default", "[config][docs]") {
    std::istringstream lines(read_source_file("packaging/man/hearsay.toml.5"));
    std::string page;
    for (std::string line; std::getline(lines, line);) page += unroffed(line) + "\n";
    std::string flowing = page;
    std::replace(flowing.begin(), flowing.end(), '\n', ' ');

    std::size_t at = 0;
    for (const Key& key : keys()) {
        INFO(key.path());
        const std::string head = ".B " + std::string(key.name) + " = " + value_text(key, Config{});
        at = page.find("\n" + head + "\n", at);
        REQUIRE(at != page.npos);
        const std::string expected = head + " " + std::string(key.help) + " (" + bound_text(key) +
                                     (key.is_reloadable ? "; reloadable)" : ")");
        CHECK(flowing.substr(at + 1, expected.size()) == expected);
    }
}

}  // namespace
}  // namespace hearsay::config
