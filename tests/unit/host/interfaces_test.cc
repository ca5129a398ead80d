#include "daemon/host/interfaces.h"

#include <net/if.h>

#include <algorithm>

#include "daemon/host/lag_meter.h"
#include "tests/catch.h"

using namespace hearsay;
using namespace hearsay::host;
using namespace std::chrono_literals;

namespace {

constexpr InterfaceFlags kEthernet{true, false, true};
constexpr InterfaceFlags kLoopback{true, true, false};
constexpr InterfaceFlags kTunnel{true, false, false};
constexpr InterfaceFlags kUnplugged{false, false, true};

}  // namespace

TEST_CASE("beacons go to every interface that can multicast, but not to lo", "[host][interfaces]") {
    const config::Discovery discovery;
    REQUIRE(carries_beacons("eth0", kEthernet, discovery));
    REQUIRE_FALSE(carries_beacons("lo", kLoopback, discovery));
    REQUIRE_FALSE(carries_beacons("tun0", kTunnel, discovery));
    REQUIRE_FALSE(carries_beacons("eth1", kUnplugged, discovery));
}

TEST_CASE("with interfaces named beacons go to exactly those", "[host][interfaces]") {
    config::Discovery discovery;
    discovery.interfaces = {"lo", "eth1"};
    REQUIRE(carries_beacons("lo", kLoopback, discovery));
    REQUIRE_FALSE(carries_beacons("eth0", kEthernet, discovery));
    REQUIRE_FALSE(carries_beacons("eth1", kUnplugged, discovery));
}

TEST_CASE("with beacons off no interface carries any", "[host][interfaces]") {
    config::Discovery discovery;
    discovery.beacon = false;
    discovery.interfaces = {"eth0"};
    REQUIRE_FALSE(carries_beacons("eth0", kEthernet, discovery));
}

TEST_CASE("the interfaces of this host include lo with its prefix", "[host][interfaces]") {
    config::Discovery discovery;
    discovery.interfaces = {"lo"};
    const auto interfaces = read_interfaces(discovery);
    const auto lo = std::find_if(interfaces.begin(), interfaces.end(), [](const auto& i) {
        return i.address == Endpoint::ipv4(127, 0, 0, 1, 0);
    });
    REQUIRE(lo != interfaces.end());
    REQUIRE(lo->name == "lo");
    REQUIRE(lo->index == if_nametoindex("lo"));
    REQUIRE(lo->prefix_size == 8);
    REQUIRE(lo->is_multicast);
    for (const auto& interface : interfaces)
        REQUIRE(interface.is_multicast == (interface.name == "lo"));
}

TEST_CASE("the lag shown is the longest of the last minute", "[host][lag]") {
    LagMeter lag;
    const Instant start{1h};
    REQUIRE(lag.longest(start) == 0ns);
    lag.record(start, 30ms);
    lag.record(start + 1s, 200ms);
    lag.record(start + 2s, 10ms);
    REQUIRE(lag.longest(start + 3s) == 200ms);
    REQUIRE(lag.longest(start + 49s) == 200ms);
    lag.record(start + 61s, 5ms);
    REQUIRE(lag.longest(start + 61s) == 5ms);
    REQUIRE(lag.longest(start + 10min) == 0ns);
}
