#include "client/json_scan.h"

#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "tests/catch.h"

namespace hearsay::client {

TEST_CASE("the members of an object come one by one, nested ones as their text") {
    ObjectScanner scanner(R"( {"a":1, "b" : "x,}\"" ,"c":{"d":[1,{"e":"]"}]},"f":[],"g":null} )");
    std::vector<std::string> seen;
    std::string_view key;
    std::string_view value;
    while (scanner.next(key, value)) seen.push_back(std::string(key) + "=" + std::string(value));
    CHECK(seen == std::vector<std::string>{"a=1", R"(b="x,}\"")", R"(c={"d":[1,{"e":"]"}]})",
                                           "f=[]", "g=null"});
    CHECK(scanner.is_whole());
}

TEST_CASE("a member is found by its key at the top only") {
    CHECK(json_member(R"({"a":{"b":1},"b":2})", "b") == "2");
    CHECK(json_member(R"({"a":{"b":1}})", "b").empty());
    CHECK(json_member("[1]", "b").empty());
}

TEST_CASE("text that is no object is noticed and never left") {
    for (const char* const text : {"", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{1:2}",
                                   "{\"a\":\"", "{\"a\":[1}", "nonsense", "{\"a\":1 \"b\":2}"}) {
        ObjectScanner scanner(text);
        std::string_view key;
        std::string_view value;
        int steps = 0;
        while (scanner.next(key, value) && steps < 10) ++steps;
        CAPTURE(text);
        CHECK(steps < 3);
        CHECK_FALSE(scanner.is_whole());
    }
}

TEST_CASE("lists are walked over") {
    ListScanner list("[1, \"a,b\",{\"c\":[]}]");
    std::vector<std::string> seen;
    for (std::string_view value; list.next(value);) seen.emplace_back(value);
    CHECK(seen == std::vector<std::string>{"1", "\"a,b\"", "{\"c\":[]}"});
    ListScanner empty("[]");
    std::string_view value;
    CHECK_FALSE(empty.next(value));
}

TEST_CASE("JSON strings are read back with every escape") {
    CHECK(json_text(R"("a\"b\\c\/\n\r\t\b\f")") == "a\"b\\c/\n\r\t\b\f");
    CHECK(json_text(R"("\u00e9\u20ac\ud83d\ude00")") == "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    CHECK(json_text(R"("\ud83d")") == "\xef\xbf\xbd");  // half a pair
    CHECK(json_text("\"\"") == "");
    for (const char* const bad : {"", "\"", "a", "\"a", "\"\\x\"", "\"\\u12\"", "\"a\"b"})
        CHECK_FALSE(json_text(bad));
}

// Goal: what a real JSON library writes and reads, this does too.
TEST_CASE("texts agree with a JSON library in both directions") {
    const auto seed = GENERATE(take(1, random(1, 1'000'000)));
    CAPTURE(seed);
    std::mt19937 random_bits(static_cast<unsigned>(seed));
    const std::vector<std::string> pieces{
        "a", "\"", "\\", "\n", "\x01", "\x7f", "\xc3\xa9", "\xf0\x9f\x98\x80", "/", "{", ",", "]"};
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (std::size_t size = random_bits() % 8; size > 0; --size)
            text += pieces[random_bits() % pieces.size()];
        std::string ours;
        append_json_text(ours, text);
        REQUIRE(nlohmann::json::parse(ours).get<std::string>() == text);
        const bool is_ascii = round % 2 == 0;
        REQUIRE(json_text(nlohmann::json(text).dump(-1, ' ', is_ascii)) == text);
    }
}

TEST_CASE("whole numbers are read whole or not at all") {
    CHECK(json_number("0") == 0U);
    CHECK(json_number("18446744073709551615") == 18446744073709551615U);
    for (const char* const bad : {"", "-1", "1.5", "x", "1x", "18446744073709551616"})
        CHECK_FALSE(json_number(bad));
}

TEST_CASE("well-formed UTF-8 is told from what is not") {
    CHECK(is_utf8(""));
    CHECK(is_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
    for (const char* const bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80",
                                  "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xff"})
        CHECK_FALSE(is_utf8(bad));
}

}  // namespace hearsay::client
