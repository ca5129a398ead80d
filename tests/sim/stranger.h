#pragma once

#include "tests/sim/network.h"

namespace hearsay::sim {

// What comes from addresses that no member has: garbage, packets of other networks, and those of
// somebody who knows this network's secret and makes them up.
enum class Pest : std::uint8_t {
    garbage,
    other_network,
    no_secret,      // our network's tag, a MAC of nothing
    bad_cookie,
    unknown_session,
    unknown_handshake,
    many_hellos,    // more than one source may send
    stale_beacon,
    many_beacons,
};
inline constexpr std::size_t kPestCount = 9;
std::string_view name_of(Pest pest);

// Precondition: the node runs and is not paused.
void pester(Network& network, std::size_t node, Pest pest);

}  // namespace hearsay::sim
