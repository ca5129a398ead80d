#include "daemon/host/api_glob.h"

#include <random>

#include "tests/catch.h"

namespace hearsay::host {
namespace {

// The definition, tried in every way: exponential, and obviously right.
bool naive_matches(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '*')
        return naive_matches(pattern.substr(1), text) ||
               (!text.empty() && naive_matches(pattern, text.substr(1)));
    if (text.empty()) return false;
    return (pattern[0] == '?' || pattern[0] == text[0]) &&
           naive_matches(pattern.substr(1), text.substr(1));
}

std::string random_word(std::mt19937& random, std::string_view alphabet, std::size_t size_max) {
    std::string word;
    const std::size_t size = random() % (size_max + 1);
    for (std::size_t i = 0; i < size; ++i) word += alphabet[random() % alphabet.size()];
    return word;
}

}  // namespace

TEST_CASE("globs match as their definition says") {
    const auto seed = GENERATE(take(1, random(1, 1'000'000)));
    CAPTURE(seed);
    std::mt19937 random_bits(static_cast<unsigned>(seed));
    int matches = 0;
    for (int round = 0; round < 50'000; ++round) {
        const std::string pattern = random_word(random_bits, "ab*?", 7);
        const std::string text = random_word(random_bits, "ab", 9);
        CAPTURE(pattern, text);
        const bool expected = naive_matches(pattern, text);
        matches += expected ? 1 : 0;
        REQUIRE(glob_matches(pattern, text) == expected);
    }
    CHECK(matches > 1000);
}

TEST_CASE("a pattern without wildcards matches itself only") {
    CHECK(glob_matches("deploy", "deploy"));
    CHECK_FALSE(glob_matches("deploy", "deploys"));
    CHECK_FALSE(glob_matches("deploy", "Deploy"));
}

TEST_CASE("a star also matches nothing, dots and slashes") {
    CHECK(glob_matches("*", ""));
    CHECK(glob_matches("ci*", "ci"));
    CHECK(glob_matches("ci.*", "ci.build/x.y"));
    CHECK_FALSE(glob_matches("ci.*", "ci"));
}

TEST_CASE("a question mark matches one character, not one byte") {
    CHECK(glob_matches("caf?", "caf\xc3\xa9"));
    CHECK_FALSE(glob_matches("caf??", "caf\xc3\xa9"));
    CHECK(glob_matches("*?x", "\xe2\x82\xacx"));
}

TEST_CASE("a pattern made to be slow is not") {
    const std::string pattern = std::string(127, '*') + "a*a*a*a*a*a*a*a*a*a*a*a*a*b";
    CHECK_FALSE(glob_matches(pattern, std::string(255, 'a')));  // would never end if exponential
}

TEST_CASE("patterns of one connection are a bounded set") {
    TopicPatterns patterns;
    for (std::size_t i = 0; i < TopicPatterns::kCountMax; ++i)
        REQUIRE(patterns.add("t" + std::to_string(i)));
    CHECK(patterns.add("t0"));  // is there already
    CHECK_FALSE(patterns.add("one more"));
    patterns.remove("t1");
    CHECK_FALSE(patterns.match("t1"));
    CHECK(patterns.match("t2"));
    CHECK(patterns.add("one*"));
    CHECK(patterns.match("one more"));
    patterns.clear();
    CHECK(patterns.empty());
}

}  // namespace hearsay::host
