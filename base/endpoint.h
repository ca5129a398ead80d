#pragma once

#include <compare>

#include "base/bytes.h"

namespace hearsay {

// Where a datagram comes from or goes to: an IPv6 address, or an IPv4 one in its mapped form
// (::ffff:a.b.c.d, RFC 4291 2.5.5.2), with a UDP port in host order. `scope` is the interface
// index of a link-local IPv6 address (fe80::/10) and zero for every other.
struct Endpoint {
    std::array<std::uint8_t, 16> address{};
    std::uint16_t port = 0;
    std::uint32_t scope = 0;

    static Endpoint ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                         std::uint16_t port) {
        Endpoint endpoint;
        endpoint.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
        endpoint.port = port;
        return endpoint;
    }

    bool is_ipv4() const {
        static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0,   0,
                                                              0, 0, 0, 0, 255, 255};
        return std::equal(kMapped.begin(), kMapped.end(), address.begin());
    }
    bool is_link_local() const { return address[0] == 0xfe && (address[1] & 0xc0) == 0x80; }
    bool is_loopback() const {
        if (is_ipv4()) return address[12] == 127;
        return address[15] == 1 && std::all_of(address.begin(), address.end() - 1,
                                               [](std::uint8_t byte) { return byte == 0; });
    }
    // Unicast, not unspecified, and with a port: something one could dial.
    bool is_dialable() const {
        if (port == 0) return false;
        if (is_ipv4())
            return address[12] != 0 && address[12] < 224;
        return address[0] != 0xff && address != std::array<std::uint8_t, 16>{};
    }
    Endpoint with_port(std::uint16_t other) const {
        Endpoint copy = *this;
        copy.port = other;
        return copy;
    }

    auto operator<=>(const Endpoint&) const = default;
};

}  // namespace hearsay
