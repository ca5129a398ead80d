#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/endpoint.h"
#include "base/result.h"
#include "config/config.h"

// Addresses as people write them. An IPv6 address with a port stands in brackets (RFC 3986
// 3.2.2); a link-local one carries its interface index after '%' (RFC 4007 11).
namespace hearsay::config {

enum class EndpointError {
    empty,
    bad_address,  // neither an IPv4 nor an IPv6 address
    bad_host,     // neither an address nor a host name
    bad_scope,    // '%' on an address that is not link-local, or an index that is no number
    bad_port,     // not 0 to 65535
    no_port,      // none given where one is needed
};

// "192.0.2.1:4327", "[2001:db8::1]:4327", "[fe80::1%3]:4327", or without the port (then also
// without brackets) if there is a default for it.
Result<Endpoint, EndpointError> parse_endpoint(
    std::string_view text, std::optional<std::uint16_t> default_port = std::nullopt);
// An address alone: "192.0.2.1", "::1", "fe80::1%3". The port of the result is zero.
Result<Endpoint, EndpointError> parse_address(std::string_view text);

// The canonical text (RFC 5952) that parse_endpoint reads back as the same endpoint.
std::string to_text(const Endpoint& endpoint);
// The same without the port and without brackets.
std::string address_text(const Endpoint& endpoint);

// "host", "host:4327", or any form of parse_endpoint. Nothing is looked up. The scope of a
// link-local address may here be an interface's name, as getaddrinfo understands it.
Result<HostPort, EndpointError> parse_host_port(std::string_view text,
                                                std::uint16_t default_port = kDefaultPort);
// With the port always, and brackets around an IPv6 address; parse_host_port reads it back.
std::string to_text(const HostPort& host);

// What is wrong, in the words of a message: "is not an address".
std::string_view to_text(EndpointError error);

}  // namespace hearsay::config
