#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"

// Ranges of addresses as people write them (RFC 4632 3.1, RFC 4291 2.3): "10.1.2.0/24".
namespace hearsay::config {

// A range has at most 65,536 addresses.
inline constexpr std::uint8_t kScanPrefixMinIpv4 = 16;
inline constexpr std::uint8_t kScanPrefixMinIpv6 = 112;

enum class RangeError {
    no_prefix,     // no "/24"
    bad_address,   // what stands before it is no address
    bad_prefix,    // what stands behind it is no number, or more than the address has bits
    too_large,
    host_bits,     // the address is one within the range, not its first
    not_unicast,   // multicast, unspecified, or link-local, which needs an interface
};

Result<AddressRange, RangeError> parse_range(std::string_view text);
// parse_range reads it back.
std::string to_text(const AddressRange& range);

// How many hosts it may have: without the network's and the broadcast address of IPv4 (but for
// /31, RFC 3021, and /32), and without the subnet-router anycast address of IPv6 (RFC 4291 2.6.1;
// but for /127, RFC 6164, and /128).
std::uint32_t host_count(const AddressRange& range);
// The host in that place, with port 0. Precondition: place < host_count(range).
Endpoint host_at(const AddressRange& range, std::uint32_t place);
bool contains(const AddressRange& range, const Endpoint& at);

// What is wrong, in the words of a message, and what would be right.
std::string explain(RangeError error, std::string_view text);

}  // namespace hearsay::config
