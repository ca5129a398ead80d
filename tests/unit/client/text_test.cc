#include "client/command/text.h"

#include "tests/catch.h"

namespace hearsay::client {

TEST_CASE("what a terminal might obey is escaped, what people read is not") {
    CHECK(printable("plain h\xc3\xa9llo \xe2\x82\xac") == "plain h\xc3\xa9llo \xe2\x82\xac");
    CHECK(printable("a\nb\tc\r") == "a\\nb\\tc\\r");
    CHECK(printable("\x1b[31mred") == "\\x1b[31mred");
    CHECK(printable("\xc2\x9b"
                    "31m") == "\\xc2\\x9b31m");  // a C1 control
    CHECK(printable(std::string_view("\0\x7f\xff", 3)) == "\\x00\\x7f\\xff");
}

TEST_CASE("base64 is that of RFC 4648") {
    CHECK(base64("") == "");
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    CHECK(base64("foobar") == "Zm9vYmFy");
    CHECK(base64("\xff\xfe") == "//4=");
}

TEST_CASE("ages have the largest unit that says something") {
    CHECK(age_text(0.04) == "0.0s");
    CHECK(age_text(9.94) == "9.9s");
    CHECK(age_text(45) == "45s");
    CHECK(age_text(720) == "12min");
    CHECK(age_text(18'000) == "5h");
    CHECK(age_text(864'000) == "10d");
}

TEST_CASE("uptimes have two units") {
    CHECK(uptime_text(4) == "4.0s");
    CHECK(uptime_text(300) == "5min");
    CHECK(uptime_text(11'520) == "3h 12min");
    CHECK(uptime_text(100'000) == "1d 3h");
}

TEST_CASE("round trips, counts and bytes are short") {
    CHECK(rtt_text(0.0004) == "0.40ms");
    CHECK(rtt_text(0.012) == "12ms");
    CHECK(rtt_text(1.25) == "1.2s");
    CHECK(count_text(17) == "17");
    CHECK(count_text(12'345) == "12.3k");
    CHECK(bytes_text(512) == "512B");
    CHECK(bytes_text(12'595) == "12.3KiB");
}

TEST_CASE("times are shown on this host's clock") {
    setenv("TZ", "UTC", 1);
    tzset();
    CHECK(clock_text("2026-01-31T09:15:02.125Z") == "09:15:02");
    CHECK(clock_text("no time\n") == "no time\\n");
}

TEST_CASE("a table aligns its columns and leaves no spaces at line ends") {
    Table table({"NAME", "RTT", "TAGS"});
    table.right_align(1);
    table.row({"alpha", "0.40ms", "role=web"});
    table.row({"h\xc3\xa9", "-", ""});
    CHECK(table.text({}) ==
          "NAME      RTT  TAGS\n"
          "alpha  0.40ms  role=web\n"
          "h\xc3\xa9          -\n");
}

TEST_CASE("colour changes no column") {
    Table table({"STATE", "AGE"});
    table.row({"alive", "1s"}, Color::green, 0);
    CHECK(table.text({true}) == "\x1b[1mSTATE  AGE\x1b[0m\n\x1b[32malive\x1b[0m  1s\n");
    CHECK(table.text({false}) == "STATE  AGE\nalive  1s\n");
}

TEST_CASE("a row may have fewer cells than the table") {
    Table table({"A", "B", "C"});
    table.right_align(1);
    table.row({"and 3 more"});
    table.row({"x", "12", "y"});
    CHECK(table.text(Painter{}) ==
          "A            B  C\n"
          "and 3 more    \n"
          "x           12  y\n");
}

TEST_CASE("offsets have a sign unless they are nothing") {
    CHECK(offset_text(0.002) == "+2ms");
    CHECK(offset_text(-0.0304) == "-30ms");
    CHECK(offset_text(-1.5) == "-1.5s");
    CHECK(offset_text(-0.0001) == "0ms");
    CHECK(offset_text(3600) == "+60min");
}

}  // namespace hearsay::client
