#include "config/suggest.h"

#include <array>

#include "tests/catch.h"

namespace hearsay::config {
namespace {

constexpr std::array<std::string_view, 4> kWords{"heartbeat_interval", "probe_after", "dead_after",
                                                 "links"};

TEST_CASE("distance counts letters added, dropped, changed and swapped", "[config][suggest]") {
    CHECK(edit_distance("links", "links") == 0);
    CHECK(edit_distance("link", "links") == 1);
    CHECK(edit_distance("linkss", "links") == 1);
    CHECK(edit_distance("lanks", "links") == 1);
    CHECK(edit_distance("ilnks", "links") == 1);
    CHECK(edit_distance("", "links") == 5);
    CHECK(edit_distance("links", "") == 5);
}

TEST_CASE("case and hyphens are no misspelling", "[config][suggest]") {
    CHECK(edit_distance("Dead-After", "dead_after") == 0);
}

TEST_CASE("the nearest word is suggested", "[config][suggest]") {
    CHECK(closest("hartbeat_intervall", kWords) == "heartbeat_interval");
    CHECK(closest("prob_after", kWords) == "probe_after");
    CHECK(closest("lniks", kWords) == "links");
}

TEST_CASE("the start of a word suggests the rest", "[config][suggest]") {
    CHECK(closest("dead", kWords) == "dead_after");
    CHECK_FALSE(closest("de", kWords));
}

TEST_CASE("nothing is suggested for a word unlike any other", "[config][suggest]") {
    CHECK_FALSE(closest("colour", kWords));
    CHECK_FALSE(closest("", kWords));
    CHECK(did_you_mean("colour", kWords).empty());
    CHECK(did_you_mean("lniks", kWords) == " (did you mean \"links\"?)");
}

TEST_CASE("a word too long to be a key costs nothing", "[config][suggest]") {
    CHECK_FALSE(closest(std::string(100'000, 'a'), kWords));
}

}  // namespace
}  // namespace hearsay::config
