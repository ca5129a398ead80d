#include "config/duration_text.h"

#include <random>

#include "tests/catch.h"

namespace hearsay::config {
namespace {

using namespace std::chrono_literals;

UnitError duration_error(std::string_view text) {
    const auto parsed = parse_duration(text);
    INFO(text);
    REQUIRE_FALSE(parsed);
    return parsed.error();
}

UnitError size_error(std::string_view text) {
    const auto parsed = parse_size(text);
    INFO(text);
    REQUIRE_FALSE(parsed);
    return parsed.error();
}

TEST_CASE("every unit of a duration is understood", "[config][duration]") {
    CHECK(*parse_duration("7ns") == 7ns);
    CHECK(*parse_duration("7us") == 7us);
    CHECK(*parse_duration("250ms") == 250ms);
    CHECK(*parse_duration("5s") == 5s);
    CHECK(*parse_duration("2min") == 2min);
    CHECK(*parse_duration("1h") == 1h);
    CHECK(*parse_duration("1d") == 24h);
    CHECK(*parse_duration("0s") == 0s);
}

TEST_CASE("a duration may have a fraction", "[config][duration]") {
    CHECK(*parse_duration("1.5s") == 1500ms);
    CHECK(*parse_duration("0.25min") == 15s);
    CHECK(duration_error("0.5ns") == UnitError::too_fine);
    CHECK(duration_error("1.2345s") == UnitError::too_fine);
    CHECK(duration_error("1.s") == UnitError::not_a_number);
}

TEST_CASE("a duration needs a number and a unit it knows", "[config][duration]") {
    CHECK(duration_error("") == UnitError::not_a_number);
    CHECK(duration_error("s") == UnitError::not_a_number);
    CHECK(duration_error("-5s") == UnitError::not_a_number);
    CHECK(duration_error(" 5s") == UnitError::not_a_number);
    CHECK(duration_error("5") == UnitError::no_unit);
    CHECK(duration_error("5 s") == UnitError::unknown_unit);
    CHECK(duration_error("5m") == UnitError::unknown_unit);
    CHECK(duration_error("5S") == UnitError::unknown_unit);
    CHECK(duration_error("1h30min") == UnitError::unknown_unit);
}

TEST_CASE("a duration beyond 292 years is too large", "[config][duration]") {
    CHECK(*parse_duration("9223372036854775807ns") == Duration::max());
    CHECK(duration_error("9223372036854775808ns") == UnitError::too_large);
    CHECK(duration_error("106752d") == UnitError::too_large);
    CHECK(duration_error("99999999999999999999999s") == UnitError::too_large);
}

TEST_CASE("a duration is written in the largest unit that is exact", "[config][duration]") {
    CHECK(format_duration(0s) == "0s");
    CHECK(format_duration(1500ms) == "1500ms");
    CHECK(format_duration(90s) == "90s");
    CHECK(format_duration(120s) == "2min");
    CHECK(format_duration(48h) == "2d");
    CHECK(format_duration(1ns) == "1ns");
}

TEST_CASE("every unit of a size is understood", "[config][size]") {
    CHECK(*parse_size("4096") == 4096);
    CHECK(*parse_size("7B") == 7);
    CHECK(*parse_size("100kB") == 100'000);
    CHECK(*parse_size("2MB") == 2'000'000);
    CHECK(*parse_size("3GB") == 3'000'000'000);
    CHECK(*parse_size("512KiB") == 512 * 1024);
    CHECK(*parse_size("64MiB") == 64 << 20);
    CHECK(*parse_size("4GiB") == 4ULL << 30);
}

TEST_CASE("a size may have a fraction of whole bytes", "[config][size]") {
    CHECK(*parse_size("1.5KiB") == 1536);
    CHECK(*parse_size("0.125MiB") == 128 * 1024);
    CHECK(size_error("0.5B") == UnitError::too_fine);
    CHECK(size_error("0.1KiB") == UnitError::too_fine);
}

TEST_CASE("a size needs a number and a unit it knows", "[config][size]") {
    CHECK(size_error("") == UnitError::not_a_number);
    CHECK(size_error("MiB") == UnitError::not_a_number);
    CHECK(size_error("64 MiB") == UnitError::unknown_unit);
    CHECK(size_error("64M") == UnitError::unknown_unit);
    CHECK(size_error("64mib") == UnitError::unknown_unit);
    CHECK(size_error("1.5") == UnitError::no_unit);
}

TEST_CASE("a size beyond 64 bits is too large", "[config][size]") {
    CHECK(*parse_size("18446744073709551615") == 18446744073709551615ULL);
    CHECK(size_error("18446744073709551616") == UnitError::too_large);
    CHECK(size_error("17179869184GiB") == UnitError::too_large);
}

TEST_CASE("a size is written in the largest unit that is exact", "[config][size]") {
    CHECK(format_size(0) == "0B");
    CHECK(format_size(1500) == "1500B");
    CHECK(format_size(64 << 20) == "64MiB");
    CHECK(format_size((64 << 20) + 1024) == "65537KiB");
}

TEST_CASE("the usual spellings of a unit are recognised for a hint", "[config][duration][size]") {
    CHECK(nearest_duration("5m") == "5min");
    CHECK(nearest_duration("10 seconds") == "10s");
    CHECK(nearest_duration("1H") == "1h");
    CHECK(nearest_duration("5 parsecs").empty());
    CHECK(nearest_duration("soon").empty());
    CHECK(nearest_size("64 MiB") == "64MiB");
    CHECK(nearest_size("64M") == "64MiB");
    CHECK(nearest_size("100KB") == "100kB");
    CHECK(nearest_size("64 acres").empty());
}

TEST_CASE("a hint is always something that can be read", "[config][duration][size]") {
    for (const char* text : {"5m", "5 mins", "5sec", "5 hr", "5days", "5usec", "5MS", "5 ns"})
        CHECK(parse_duration(nearest_duration(text)));
    for (const char* text : {"5k", "5kb", "5 KIB", "5m", "5mb", "5g", "5gb", "5 bytes"})
        CHECK(parse_size(nearest_size(text)));
}

TEST_CASE("what is written is read back as the same amount", "[config][duration][size]") {
    INFO("seed " << Catch::rngSeed());
    std::mt19937_64 random(Catch::rngSeed());
    for (int i = 0; i < 2'000; ++i) {
        const std::uint64_t amount = random() >> (1 + random() % 63);
        const Duration duration(static_cast<Duration::rep>(amount));
        REQUIRE(*parse_duration(format_duration(duration)) == duration);
        REQUIRE(*parse_size(format_size(amount)) == amount);
    }
}

}  // namespace
}  // namespace hearsay::config
