#include "daemon/host/api_text.h"

#include <nlohmann/json.hpp>
#include <random>

#include "tests/catch.h"

namespace hearsay::host {
namespace {

using namespace std::chrono_literals;

std::string escaped(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string seconds(Duration duration) {
    std::string out;
    append_seconds(out, duration);
    return out;
}

std::string time_text(std::uint64_t ms) {
    std::string out;
    append_time(out, WallTime{ms});
    return out;
}

}  // namespace

TEST_CASE("quotes, backslashes and control characters are escaped in JSON strings") {
    CHECK(escaped("a\"b\\c") == R"("a\"b\\c")");
    CHECK(escaped("\n\r\t") == R"("\n\r\t")");
    CHECK(escaped(std::string_view("\0\x1f\x7f", 3)) == R"("\u0000\u001f\u007f")");
}

TEST_CASE("an empty text is an empty JSON string") { CHECK(escaped("") == "\"\""); }

TEST_CASE("well-formed UTF-8 passes through JSON strings unchanged") {
    CHECK(escaped("h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80") ==
          "\"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

TEST_CASE("bytes that are no UTF-8 become replacement characters") {
    CHECK(escaped("a\xff"
                  "b") ==
          "\"a\xef\xbf\xbd"
          "b\"");
    CHECK(escaped("\xed\xa0\x80") == "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");  // a surrogate
    CHECK(escaped("\xe2\x82") == "\"\xef\xbf\xbd\xef\xbf\xbd\"");                  // cut off
    CHECK(escaped("\xc0\xaf") == "\"\xef\xbf\xbd\xef\xbf\xbd\"");                  // overlong
}

// Goal: whatever the text, another JSON reader gets it back; what is not UTF-8 still reads.
TEST_CASE("a JSON library reads back what is escaped") {
    const auto seed = GENERATE(take(1, random(1, 1'000'000)));
    CAPTURE(seed);
    std::mt19937 random_bits(static_cast<unsigned>(seed));
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        const std::size_t size = random_bits() % 12;
        const bool is_ascii = round % 2 == 0;
        for (std::size_t i = 0; i < size; ++i)
            text += static_cast<char>(random_bits() % (is_ascii ? 128 : 256));
        const auto read = nlohmann::json::parse(escaped(text), nullptr, false);
        REQUIRE(read.is_string());
        if (is_ascii) REQUIRE(read.get<std::string>() == text);
    }
}

TEST_CASE("seconds are written to the microsecond without needless zeros") {
    CHECK(seconds(0s) == "0");
    CHECK(seconds(60s) == "60");
    CHECK(seconds(1500ms) == "1.5");
    CHECK(seconds(400us) == "0.0004");
    CHECK(seconds(1ns) == "0");
    CHECK(seconds(-2250ms) == "-2.25");
    CHECK(seconds(Duration::max()) == "9223372036.854775");
}

TEST_CASE("times are RFC 3339 in UTC with milliseconds") {
    CHECK(time_text(0) == "\"1970-01-01T00:00:00.000Z\"");
    CHECK(time_text(1'769'850'902'125) == "\"2026-01-31T09:15:02.125Z\"");
    CHECK(time_text(951'782'399'999) == "\"2000-02-28T23:59:59.999Z\"");
    CHECK(time_text(951'868'799'000) == "\"2000-02-29T23:59:59.000Z\"");
    CHECK(time_text(~0ULL) == "\"9999-12-31T23:59:59.999Z\"");
}

TEST_CASE("the writer puts the commas") {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("a").number(std::uint64_t{1}).key("b").begin_array();
    json.flag(true).null().begin_object().end_object().text("x").end_array();
    json.key("c").signed_number(-3).key("d").raw("[1,2]").end_object();
    CHECK(out == R"({"a":1,"b":[true,null,{},"x"],"c":-3,"d":[1,2]})");
}

}  // namespace hearsay::host
