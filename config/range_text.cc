#include "config/range_text.h"

#include <charconv>

#include "config/endpoint_text.h"
#include "config/problem.h"

namespace hearsay::config {
namespace {

constexpr std::size_t kBits = 128;  // of Endpoint::address, also for IPv4

// Bits of Endpoint::address that the prefix covers.
std::size_t covered_bits(const AddressRange& range) {
    return range.prefix_size + (range.first.is_ipv4() ? 96U : 0U);
}

void clear_from(Endpoint& at, std::size_t bit) {
    for (; bit < kBits; ++bit)
        at.address[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
}

// Its first address, whatever of the range `range.first` is.
Endpoint start_of(const AddressRange& range) {
    Endpoint start = range.first;
    clear_from(start, covered_bits(range));
    return start;
}

std::optional<unsigned> prefix_of(std::string_view text) {
    unsigned value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

// "10.1.2.0/24" for "10.1.2.7/24". Empty when there is no telling.
std::string corrected(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == text.npos) return {};
    const auto address = parse_address(text.substr(0, slash));
    const auto prefix = prefix_of(text.substr(slash + 1));
    if (!address || !prefix || *prefix > kBits) return {};
    const AddressRange range{*address, static_cast<std::uint8_t>(*prefix)};
    if (covered_bits(range) > kBits) return {};
    return to_text(AddressRange{start_of(range), range.prefix_size});
}

}  // namespace

Result<AddressRange, RangeError> parse_range(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == text.npos)
        return parse_address(text) ? RangeError::no_prefix : RangeError::bad_address;
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return RangeError::bad_address;
    const auto prefix = prefix_of(text.substr(slash + 1));
    const bool is_ipv4 = address->is_ipv4();
    if (!prefix || *prefix > (is_ipv4 ? 32U : 128U)) return RangeError::bad_prefix;
    const AddressRange range{*address, static_cast<std::uint8_t>(*prefix)};
    if (address->is_link_local() || !address->with_port(1).is_dialable())
        return RangeError::not_unicast;
    if (*prefix < (is_ipv4 ? kScanPrefixMinIpv4 : kScanPrefixMinIpv6))
        return RangeError::too_large;
    if (start_of(range) != range.first) return RangeError::host_bits;
    return range;
}

std::string to_text(const AddressRange& range) {
    return address_text(range.first) + "/" + std::to_string(range.prefix_size);
}

std::uint32_t host_count(const AddressRange& range) {
    const std::size_t free_bits = kBits - covered_bits(range);
    const std::uint32_t all = 1U << free_bits;
    if (free_bits < 2) return all;
    return all - (range.first.is_ipv4() ? 2 : 1);
}

Endpoint host_at(const AddressRange& range, std::uint32_t place) {
    const std::uint32_t offset = place + (kBits - covered_bits(range) < 2 ? 0 : 1);
    Endpoint at = range.first;
    at.address[15] |= static_cast<std::uint8_t>(offset);
    at.address[14] |= static_cast<std::uint8_t>(offset >> 8);
    return at;
}

bool contains(const AddressRange& range, const Endpoint& at) {
    if (at.is_ipv4() != range.first.is_ipv4() || at.scope != 0) return false;
    return start_of({at.with_port(0), range.prefix_size}) == range.first;
}

std::string explain(RangeError error, std::string_view text) {
    const std::string shown = quoted(text);
    switch (error) {
        case RangeError::no_prefix:
            return shown + " has no prefix length; a range is \"10.1.2.0/24\" or "
                           "\"2001:db8::7:0/112\", and a single host is a seed";
        case RangeError::bad_address:
            return shown + " is no range of addresses; \"10.1.2.0/24\" and "
                           "\"2001:db8::7:0/112\" are";
        case RangeError::bad_prefix:
            return shown + " has a prefix length that does not fit; 16 to 32 for IPv4, 112 to "
                           "128 for IPv6";
        case RangeError::too_large:
            return shown + " is too large to scan; at most 65536 addresses, which is /16 for IPv4 "
                           "and /112 for IPv6";
        case RangeError::host_bits:
            return shown + " begins within its range; its first address stands before the slash "
                           "(did you mean " + quoted(corrected(text)) + "?)";
        case RangeError::not_unicast:
            return shown + " is no range of hosts that could be dialled; unicast addresses are, "
                           "but no link-local ones";
    }
    return {};
}

}  // namespace hearsay::config
