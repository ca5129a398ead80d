#include "tests/sim/node.h"

#include <cstdlib>

namespace hearsay::sim {

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::uint64_t base_seed() { return number_from_environment("HEARSAY_SIM_SEED", 1); }

std::string replay_hint(std::uint64_t seed) {
    return "replay with ./dev sim --seed " + std::to_string(seed);
}

Endpoint address_of(std::size_t index, std::size_t lan, bool is_ipv6) {
    const auto net = static_cast<std::uint8_t>(lan);
    const auto high = static_cast<std::uint8_t>((index + 1) >> 8);
    const auto low = static_cast<std::uint8_t>(index + 1);
    if (!is_ipv6) return Endpoint::ipv4(10, net, high, low, config::kDefaultPort);
    Endpoint endpoint;
    endpoint.address = {0xfd, 0, 0, net, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, high, low};
    endpoint.port = config::kDefaultPort;
    return endpoint;
}

gossip::Interface interface_of(const Endpoint& at) {
    gossip::Interface interface;
    interface.index = kInterfaceIndex;
    interface.name = "sim0";
    interface.address = at.with_port(0);
    interface.prefix_size = at.is_ipv4() ? 16 : 64;
    interface.is_multicast = true;
    return interface;
}

}  // namespace hearsay::sim
