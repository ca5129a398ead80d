#include "config/endpoint_text.h"

#include <random>

#include "tests/catch.h"

namespace hearsay::config {
namespace {

Endpoint parsed(std::string_view text) {
    INFO(text);
    const auto endpoint = parse_endpoint(text);
    REQUIRE(endpoint);
    return *endpoint;
}

EndpointError endpoint_error(std::string_view text) {
    INFO(text);
    const auto endpoint = parse_endpoint(text);
    REQUIRE_FALSE(endpoint);
    return endpoint.error();
}

EndpointError host_error(std::string_view text) {
    INFO(text);
    const auto host = parse_host_port(text);
    REQUIRE_FALSE(host);
    return host.error();
}

TEST_CASE("an IPv4 endpoint is read in its mapped form", "[config][endpoint]") {
    CHECK(parsed("192.0.2.1:4327") == Endpoint::ipv4(192, 0, 2, 1, 4327));
    CHECK(parsed("[::ffff:192.0.2.1]:4327") == Endpoint::ipv4(192, 0, 2, 1, 4327));
}

TEST_CASE("an IPv6 endpoint stands in brackets", "[config][endpoint]") {
    Endpoint expected;
    expected.address = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    expected.port = 4327;
    CHECK(parsed("[2001:db8::1]:4327") == expected);
    CHECK(parsed("[2001:DB8:0:0::0:1]:4327") == expected);
}

TEST_CASE("a link-local endpoint has its interface index", "[config][endpoint]") {
    CHECK(parsed("[fe80::1%3]:4327").scope == 3);
    CHECK(parsed("[fe80::1]:4327").scope == 0);
    CHECK(endpoint_error("[fe80::1%0]:4327") == EndpointError::bad_scope);
    CHECK(endpoint_error("[fe80::1%]:4327") == EndpointError::bad_scope);
    CHECK(endpoint_error("[fe80::1%eth0]:4327") == EndpointError::bad_scope);
    CHECK(endpoint_error("[fe80::1%4294967296]:1") == EndpointError::bad_scope);
    CHECK(endpoint_error("[2001:db8::1%3]:4327") == EndpointError::bad_scope);
    CHECK(endpoint_error("192.0.2.1%3:4327") == EndpointError::bad_scope);
}

TEST_CASE("without a port the default is taken, if there is one", "[config][endpoint]") {
    CHECK(parse_endpoint("192.0.2.1", 9)->port == 9);
    CHECK(parse_endpoint("[::1]", 9)->port == 9);
    CHECK(parse_endpoint("::1", 9)->port == 9);
    CHECK(parse_endpoint("192.0.2.1:7", 9)->port == 7);
    CHECK(endpoint_error("192.0.2.1") == EndpointError::no_port);
    CHECK(endpoint_error("::1") == EndpointError::no_port);
}

TEST_CASE("a port is a number up to 65535", "[config][endpoint]") {
    CHECK(parsed("192.0.2.1:0").port == 0);
    CHECK(parsed("192.0.2.1:65535").port == 65535);
    for (const char* text : {"192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:4x",
                             "192.0.2.1: 4", "[::1]:", "[::1]:+4"})
        CHECK(endpoint_error(text) == EndpointError::bad_port);
}

TEST_CASE("what is no address is refused", "[config][endpoint]") {
    CHECK(endpoint_error("") == EndpointError::empty);
    for (const char* text : {"host:1", ":1", "192.0.2.256:1", "192.0.2:1", "[]:1", "[::1:1",
                             "[192.0.2.1]:1", "[::1]x", "::g", " ::1", "01.2.3.4:1"})
        CHECK(endpoint_error(text) == EndpointError::bad_address);
    CHECK(endpoint_error(std::string_view("192.0.2.1\0:1", 12)) == EndpointError::bad_address);
}

TEST_CASE("an address alone has no port and no brackets", "[config][endpoint]") {
    CHECK(*parse_address("192.0.2.1") == Endpoint::ipv4(192, 0, 2, 1, 0));
    CHECK(parse_address("fe80::1%3")->scope == 3);
    CHECK_FALSE(parse_address("[::1]"));
    CHECK_FALSE(parse_address("192.0.2.1:5"));
}

TEST_CASE("an endpoint is written in the canonical form", "[config][endpoint]") {
    CHECK(to_text(Endpoint::ipv4(192, 0, 2, 1, 4327)) == "192.0.2.1:4327");
    CHECK(to_text(parsed("[2001:0DB8:0::1]:4327")) == "[2001:db8::1]:4327");
    CHECK(to_text(parsed("[fe80::1%3]:4327")) == "[fe80::1%3]:4327");
    CHECK(address_text(parsed("[fe80::1%3]:4327")) == "fe80::1%3");
    CHECK(address_text(Endpoint::ipv4(192, 0, 2, 1, 1)) == "192.0.2.1");
}

TEST_CASE("any endpoint written is read back the same", "[config][endpoint]") {
    INFO("seed " << Catch::rngSeed());
    std::mt19937_64 random(Catch::rngSeed());
    for (int i = 0; i < 2'000; ++i) {
        Endpoint endpoint;
        // Half the bytes are zero, so that "::" and the mapped form turn up.
        for (std::uint8_t& byte : endpoint.address)
            byte = random() % 2 == 0 ? 0 : static_cast<std::uint8_t>(random());
        if (random() % 4 == 0) endpoint = Endpoint::ipv4(endpoint.address[0], 2, 3, 4, 0);
        if (random() % 4 == 0) endpoint.address[0] = 0xfe, endpoint.address[1] = 0x80;
        if (endpoint.is_link_local()) endpoint.scope = static_cast<std::uint32_t>(random());
        endpoint.port = static_cast<std::uint16_t>(random());
        REQUIRE(*parse_endpoint(to_text(endpoint)) == endpoint);
    }
}

TEST_CASE("a host is a name or an address, with or without a port", "[config][host_port]") {
    CHECK(*parse_host_port("gossip.example") == HostPort{"gossip.example", kDefaultPort});
    CHECK(*parse_host_port("gossip.example:99") == HostPort{"gossip.example", 99});
    CHECK(*parse_host_port("gossip", 7) == HostPort{"gossip", 7});
    CHECK(*parse_host_port("192.0.2.1:99") == HostPort{"192.0.2.1", 99});
    CHECK(*parse_host_port("[2001:db8::1]:99") == HostPort{"2001:db8::1", 99});
    CHECK(*parse_host_port("2001:db8::1") == HostPort{"2001:db8::1", kDefaultPort});
    CHECK(*parse_host_port("my_host.example.:99") == HostPort{"my_host.example.", 99});
}

TEST_CASE("a link-local host may name its interface", "[config][host_port]") {
    CHECK(*parse_host_port("[fe80::1%eth0.5]:99") == HostPort{"fe80::1%eth0.5", 99});
    CHECK(*parse_host_port("fe80::1%3") == HostPort{"fe80::1%3", kDefaultPort});
    CHECK_FALSE(parse_host_port("[2001:db8::1%eth0]:99"));
    CHECK_FALSE(parse_host_port("fe80::1%"));
    CHECK_FALSE(parse_host_port("fe80::1%a-name-too-long-"));
}

TEST_CASE("what can be no host is refused", "[config][host_port]") {
    CHECK(host_error("") == EndpointError::empty);
    for (const char* text : {"a b", "-a", "a-", "a..b", ".", "a/b", ":99", "a:b:c", "192.0.2.256",
                             "10.1", "h\xc3\xb6st", "[a]:99", "[::1", "user@host"})
        CHECK(host_error(text) == EndpointError::bad_host);
    CHECK(host_error(std::string(64, 'a')) == EndpointError::bad_host);
    CHECK(host_error("a:") == EndpointError::bad_port);
    CHECK(host_error("a:0") == EndpointError::bad_port);
    CHECK(host_error("a:65536") == EndpointError::bad_port);
}

TEST_CASE("a host name ends at 253 characters", "[config][host_port]") {
    std::string name = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                       std::string(63, 'c') + "." + std::string(61, 'd');
    REQUIRE(name.size() == 253);
    CHECK(parse_host_port(name));
    CHECK_FALSE(parse_host_port(name + "d"));
}

TEST_CASE("a host is written so that it is read back the same", "[config][host_port]") {
    for (const char* text :
         {"gossip.example:1", "192.0.2.1:2", "[2001:db8::1]:3", "[fe80::1%eth0]:4"})
        CHECK(to_text(*parse_host_port(text)) == text);
}

}  // namespace
}  // namespace hearsay::config
