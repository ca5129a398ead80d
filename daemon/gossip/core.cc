#include "daemon/gossip/core.h"

namespace hearsay::gossip {

std::size_t KeyedHash::operator()(const Endpoint& at) const {
    std::array<std::uint8_t, 22> bytes{};
    std::copy(at.address.begin(), at.address.end(), bytes.begin());
    bytes[16] = static_cast<std::uint8_t>(at.port);
    bytes[17] = static_cast<std::uint8_t>(at.port >> 8);
    for (std::size_t i = 0; i < 4; ++i)
        bytes[18 + i] = static_cast<std::uint8_t>(at.scope >> (8 * i));
    return static_cast<std::size_t>(crypto::short_hash(key, bytes));
}

}  // namespace hearsay::gossip
