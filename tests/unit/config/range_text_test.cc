#include "config/range_text.h"

#include <set>

#include "config/endpoint_text.h"
#include "config/load.h"
#include "tests/catch.h"

namespace hearsay::config {
namespace {

AddressRange range_of(std::string_view text) {
    const auto range = parse_range(text);
    INFO(text);
    REQUIRE(range);
    return *range;
}

std::optional<RangeError> error_of(std::string_view text) {
    const auto range = parse_range(text);
    return range ? std::nullopt : std::optional(range.error());
}

// What an operator reads of a file with this list.
std::string problem_of(const std::string& list) {
    const Loaded loaded = load_text("[discovery]\nscan = " + list + "\n", "hearsay.toml");
    std::string all;
    for (const Problem& problem : loaded.problems) all += to_text(problem) + "\n";
    return all;
}

TEST_CASE("a range is read and written back", "[config][range]") {
    for (const char* text : {"10.1.2.0/24", "10.1.0.0/16", "10.1.2.7/32", "127.0.0.0/31",
                             "2001:db8::7:0/112", "2001:db8::1/128"})
        CHECK(to_text(range_of(text)) == text);
    CHECK(to_text(range_of("2001:DB8:0::/112")) == "2001:db8::/112");
}

TEST_CASE("the hosts of a range are all its addresses but the reserved ones", "[config][range]") {
    const AddressRange range = range_of("10.1.2.0/24");
    REQUIRE(host_count(range) == 254);
    CHECK(address_text(host_at(range, 0)) == "10.1.2.1");
    CHECK(address_text(host_at(range, 253)) == "10.1.2.254");

    CHECK(host_count(range_of("10.1.0.0/16")) == 65'534);
    CHECK(address_text(host_at(range_of("10.1.0.0/16"), 65'533)) == "10.1.255.254");
    CHECK(host_count(range_of("2001:db8::/112")) == 65'535);
    CHECK(address_text(host_at(range_of("2001:db8::/112"), 0)) == "2001:db8::1");
    CHECK(address_text(host_at(range_of("2001:db8::/112"), 65'534)) == "2001:db8::ffff");
}

TEST_CASE("a range of one or two addresses has them all", "[config][range]") {
    CHECK(host_count(range_of("10.1.2.7/32")) == 1);
    CHECK(address_text(host_at(range_of("10.1.2.7/32"), 0)) == "10.1.2.7");
    CHECK(host_count(range_of("10.1.2.6/31")) == 2);
    CHECK(address_text(host_at(range_of("10.1.2.6/31"), 1)) == "10.1.2.7");
    CHECK(host_count(range_of("2001:db8::4/127")) == 2);
    CHECK(host_count(range_of("10.1.2.4/30")) == 2);
}

TEST_CASE("every host of a range is another one and within it", "[config][range]") {
    for (const char* text : {"10.1.4.0/22", "2001:db8::/118", "192.0.2.128/25"}) {
        const AddressRange range = range_of(text);
        std::set<Endpoint> seen;
        for (std::uint32_t place = 0; place < host_count(range); ++place) {
            const Endpoint at = host_at(range, place);
            if (!contains(range, at)) FAIL_CHECK(address_text(at) << " is outside " << text);
            seen.insert(at);
        }
        CHECK(seen.size() == host_count(range));
    }
}

TEST_CASE("what lies beside a range is not in it", "[config][range]") {
    const AddressRange range = range_of("10.1.2.0/24");
    CHECK(contains(range, Endpoint::ipv4(10, 1, 2, 255, 4327)));
    CHECK_FALSE(contains(range, Endpoint::ipv4(10, 1, 3, 0, 4327)));
    CHECK_FALSE(contains(range, Endpoint::ipv4(10, 1, 1, 255, 4327)));
    CHECK_FALSE(contains(range_of("2001:db8::/112"), Endpoint::ipv4(10, 1, 2, 1, 1)));
}

TEST_CASE("each thing wrong with a range has its own reason", "[config][range]") {
    CHECK(error_of("10.1.2.0") == RangeError::no_prefix);
    CHECK(error_of("") == RangeError::bad_address);
    CHECK(error_of("office/24") == RangeError::bad_address);
    CHECK(error_of("10.1.2/24") == RangeError::bad_address);
    CHECK(error_of("10.1.2.0/") == RangeError::bad_prefix);
    CHECK(error_of("10.1.2.0/2x") == RangeError::bad_prefix);
    CHECK(error_of("10.1.2.0/-1") == RangeError::bad_prefix);
    CHECK(error_of("10.1.2.0/33") == RangeError::bad_prefix);
    CHECK(error_of("2001:db8::/129") == RangeError::bad_prefix);
    CHECK(error_of("10.1.2.0/24/24") == RangeError::bad_prefix);
    CHECK(error_of("10.0.0.0/15") == RangeError::too_large);
    CHECK(error_of("10.0.0.0/8") == RangeError::too_large);
    CHECK(error_of("2001:db8::/64") == RangeError::too_large);
    CHECK(error_of("10.1.2.7/24") == RangeError::host_bits);
    CHECK(error_of("2001:db8::1/112") == RangeError::host_bits);
    CHECK(error_of("224.0.0.0/24") == RangeError::not_unicast);
    CHECK(error_of("0.0.0.0/0") == RangeError::not_unicast);
    CHECK(error_of("ff02::/112") == RangeError::not_unicast);
    CHECK(error_of("fe80::%2/112") == RangeError::not_unicast);
}

TEST_CASE("a bad range is told with its place, its reason and what would do", "[config][range]") {
    CHECK(problem_of(R"(["10.1.2.0/24", "10.1.2.7/24"])") ==
          "hearsay.toml:2:24: discovery.scan: \"10.1.2.7/24\" begins within its range; its first "
          "address stands before the slash (did you mean \"10.1.2.0/24\"?)\n");
    CHECK(problem_of(R"(["10.0.0.0/8"])") ==
          "hearsay.toml:2:9: discovery.scan: \"10.0.0.0/8\" is too large to scan; at most 65536 "
          "addresses, which is /16 for IPv4 and /112 for IPv6\n");
    CHECK(problem_of(R"(["10.1.2.0"])").find("no prefix length") != std::string::npos);
    CHECK(problem_of(R"(["10.1.2.0/24x"])").find("16 to 32 for IPv4") != std::string::npos);
    CHECK(problem_of(R"("10.1.2.0/24")").find("write it in brackets") != std::string::npos);
    CHECK(problem_of("[24]").find("expected a string in the list") != std::string::npos);
}

TEST_CASE("ranges do not overlap", "[config][range]") {
    CHECK(problem_of(R"(["10.1.2.0/24", "10.1.3.0/24"])").empty());
    CHECK(problem_of(R"(["10.1.0.0/16", "10.1.3.0/24"])") ==
          "hearsay.toml:2:24: discovery.scan: \"10.1.3.0/24\" overlaps with \"10.1.0.0/16\"; each "
          "address once\n");
    CHECK_FALSE(problem_of(R"(["10.1.2.0/24", "10.1.2.0/24"])").empty());
}

TEST_CASE("seventeen ranges are too many", "[config][range]") {
    const auto list = [](int count) {
        std::string text;
        for (int i = 0; i < count; ++i)
            text += (i == 0 ? "\"10." : ", \"10.") + std::to_string(i) + ".0.0/16\"";
        return "[" + text + "]";
    };
    CHECK(problem_of(list(16)).empty());
    CHECK(problem_of(list(17)).find("at most 16 entries") != std::string::npos);
}

}  // namespace
}  // namespace hearsay::config
