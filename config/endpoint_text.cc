#include "config/endpoint_text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace hearsay::config {
namespace {

constexpr std::size_t kHostSizeMax = 253;  // RFC 1035 2.3.4, without the final dot
constexpr std::size_t kLabelSizeMax = 63;
constexpr std::size_t kInterfaceNameMax = 15;  // IFNAMSIZ less the final zero

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHostCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

bool consists_of(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == text.npos;
}

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
    Number value{};
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

struct Split {
    std::string_view host;
    std::optional<std::string_view> port;
};

// Cuts at the colon before the port. Two colons and no brackets is an IPv6 address without one.
std::optional<Split> split(std::string_view text) {
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == text.npos) return std::nullopt;
        const std::string_view host = text.substr(1, end - 1);
        const std::string_view rest = text.substr(end + 1);
        if (host.find(':') == host.npos) return std::nullopt;
        if (rest.empty()) return Split{host, std::nullopt};
        if (!rest.starts_with(':')) return std::nullopt;
        return Split{host, rest.substr(1)};
    }
    const std::size_t colon = text.find(':');
    if (colon == text.npos || text.find(':', colon + 1) != text.npos)
        return Split{text, std::nullopt};
    return Split{text.substr(0, colon), text.substr(colon + 1)};
}

bool is_host_name(std::string_view text) {
    if (text.ends_with('.')) text.remove_suffix(1);
    if (text.empty() || text.size() > kHostSizeMax) return false;
    std::string_view label;
    for (std::string_view rest = text;;) {
        const std::size_t dot = std::min(rest.find('.'), rest.size());
        label = rest.substr(0, dot);
        if (label.empty() || label.size() > kLabelSizeMax) return false;
        if (label.front() == '-' || label.back() == '-') return false;
        if (!consists_of(label, kHostCharacters)) return false;
        if (dot == rest.size()) break;
        rest.remove_prefix(dot + 1);
    }
    // A name whose last label is a number is a mistyped IPv4 address: "192.0.2.256".
    return !consists_of(label, kDigits);
}

// "fe80::1%eth0": an address that only getaddrinfo can turn into an endpoint.
bool is_named_scope(std::string_view text) {
    const std::size_t percent = text.find('%');
    if (percent == text.npos) return false;
    const auto address = parse_address(text.substr(0, percent));
    const std::string_view interface = text.substr(percent + 1);
    return address && address->is_link_local() && !interface.empty() &&
           interface.size() <= kInterfaceNameMax &&
           interface.find_first_of("/% \t") == interface.npos;
}

}  // namespace

Result<Endpoint, EndpointError> parse_address(std::string_view text) {
    if (text.empty()) return EndpointError::empty;
    const std::size_t percent = std::min(text.find('%'), text.size());
    const std::string address(text.substr(0, percent));
    if (address.find('\0') != address.npos) return EndpointError::bad_address;
    Endpoint endpoint;
    if (std::array<std::uint8_t, 4> four{}; inet_pton(AF_INET, address.c_str(), &four) == 1)
        endpoint = Endpoint::ipv4(four[0], four[1], four[2], four[3], 0);
    else if (inet_pton(AF_INET6, address.c_str(), endpoint.address.data()) != 1)
        return EndpointError::bad_address;
    if (percent == text.size()) return endpoint;
    const auto scope = number_of<std::uint32_t>(text.substr(percent + 1));
    if (!endpoint.is_link_local() || !scope || *scope == 0) return EndpointError::bad_scope;
    endpoint.scope = *scope;
    return endpoint;
}

Result<Endpoint, EndpointError> parse_endpoint(std::string_view text,
                                               std::optional<std::uint16_t> default_port) {
    if (text.empty()) return EndpointError::empty;
    const auto parts = split(text);
    if (!parts) return EndpointError::bad_address;
    const auto address = parse_address(parts->host);
    if (!address)
        return address.error() == EndpointError::empty ? EndpointError::bad_address
                                                       : address.error();
    const auto port = parts->port ? number_of<std::uint16_t>(*parts->port) : default_port;
    if (!port) return parts->port ? EndpointError::bad_port : EndpointError::no_port;
    return address->with_port(*port);
}

std::string address_text(const Endpoint& endpoint) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (endpoint.is_ipv4())
        inet_ntop(AF_INET, endpoint.address.data() + 12, text.data(), text.size());
    else
        inet_ntop(AF_INET6, endpoint.address.data(), text.data(), text.size());
    std::string result = text.data();
    if (endpoint.scope != 0) result += "%" + std::to_string(endpoint.scope);
    return result;
}

std::string to_text(const Endpoint& endpoint) {
    const std::string address = address_text(endpoint);
    const std::string port = std::to_string(endpoint.port);
    return endpoint.is_ipv4() ? address + ":" + port : "[" + address + "]:" + port;
}

Result<HostPort, EndpointError> parse_host_port(std::string_view text, std::uint16_t default_port) {
    if (text.empty()) return EndpointError::empty;
    const auto parts = split(text);
    if (!parts) return EndpointError::bad_host;
    const auto port = parts->port ? number_of<std::uint16_t>(*parts->port) : default_port;
    const auto address = parse_address(parts->host);
    if (!address && !is_host_name(parts->host) && !is_named_scope(parts->host))
        return address.error() == EndpointError::bad_scope ? EndpointError::bad_scope
                                                           : EndpointError::bad_host;
    if (!port || *port == 0) return EndpointError::bad_port;  // nothing is reached at port 0
    return HostPort{std::string(parts->host), *port};
}

std::string to_text(const HostPort& host) {
    const bool needs_brackets = host.host.find(':') != std::string::npos;
    const std::string text = needs_brackets ? "[" + host.host + "]" : host.host;
    return text + ":" + std::to_string(host.port);
}

std::string_view to_text(EndpointError error) {
    switch (error) {
        case EndpointError::empty:
            return "is empty";
        case EndpointError::bad_address:
            return "is not an address";
        case EndpointError::bad_host:
            return "is neither an address nor a host name";
        case EndpointError::bad_scope:
            return "has an interface that does not fit";
        case EndpointError::bad_port:
            return "has a port that is not a number up to 65535";
        case EndpointError::no_port:
            return "has no port";
    }
    return {};
}

}  // namespace hearsay::config
