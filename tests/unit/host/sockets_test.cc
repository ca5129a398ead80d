#include "daemon/host/sockets.h"

#include <net/if.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/host/startup_error.h"
#include "tests/catch.h"

using namespace hearsay;
using namespace hearsay::host;

namespace {

const Endpoint kLoopback = Endpoint::ipv4(127, 0, 0, 1, 0);
const Endpoint kOtherLoopback = Endpoint::ipv4(127, 0, 0, 2, 0);

gossip::Interface lo() {
    gossip::Interface interface;
    interface.index = if_nametoindex("lo");
    interface.name = "lo";
    interface.address = kLoopback;
    interface.prefix_size = 8;
    interface.is_multicast = true;
    return interface;
}

config::Listen listen_on(std::vector<std::string> addresses) {
    config::Listen listen;
    listen.addresses = std::move(addresses);
    listen.port = 0;
    return listen;
}

struct Host {
    Host(Loop& loop, std::vector<std::string> addresses)
        : sockets(loop, listen_on(std::move(addresses)), {},
                  [this](const Endpoint& from, ByteView bytes) {
                      received.emplace_back(from, Bytes(bytes.begin(), bytes.end()));
                  }) {}
    void send(const Endpoint& to, const Bytes& bytes) {
        sockets.send({to, bytes});
        sockets.flush();
    }
    // Others' beacons may be on lo at the same time: only ours count.
    std::ptrdiff_t count_of(const Bytes& bytes) const {
        return std::count_if(received.begin(), received.end(),
                             [&](const auto& one) { return one.second == bytes; });
    }
    std::vector<std::pair<Endpoint, Bytes>> received;
    Sockets sockets;
};

Bytes unique_bytes(std::uint8_t mark) {
    Bytes bytes(64, mark);
    const auto pid = static_cast<std::uint32_t>(getpid());
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(pid >> (8 * i));
    return bytes;
}

void turn(Loop& loop) {
    for (int i = 0; i < 4; ++i) loop.run_once();
}

}  // namespace

TEST_CASE("several addresses share one port", "[host][sockets]") {
    Loop loop;
    const Host host(loop, {"127.0.0.1", "127.0.0.2", "::1"});
    const auto bound = host.sockets.bound();
    REQUIRE(bound.size() == 3);
    for (const Endpoint& at : bound) REQUIRE(at.port == host.sockets.port());
}

TEST_CASE("an address that is none stops the start", "[host][sockets]") {
    Loop loop;
    try {
        const Host host(loop, {"alpha"});
        FAIL("bound");
    } catch (const StartupError& error) {
        REQUIRE(error.exit_code() == kExitConfig);
        REQUIRE_THAT(error.what(), Catch::Contains("listen.addresses: alpha"));
    }
}

TEST_CASE("each peer is answered from the socket and address it spoke to", "[host][sockets]") {
    Loop loop;
    Host multi(loop, {"127.0.0.1", "127.0.0.2"});
    Host peer(loop, {"127.0.0.1"});
    const Endpoint asked = kOtherLoopback.with_port(multi.sockets.port());
    peer.send(asked, {1});
    turn(loop);
    REQUIRE(multi.received.size() == 1);
    multi.send(multi.received[0].first, {2});
    turn(loop);
    REQUIRE(peer.received.size() == 1);
    REQUIRE(peer.received[0].first == asked);
}

TEST_CASE("a wildcard socket answers from the address that was asked", "[host][sockets]") {
    Loop loop;
    Host wildcard(loop, {"::"});
    Host peer(loop, {"127.0.0.1"});
    const Endpoint asked = kOtherLoopback.with_port(wildcard.sockets.port());
    peer.send(asked, {1});
    turn(loop);
    wildcard.send(wildcard.received.at(0).first, {2});
    turn(loop);
    REQUIRE(peer.received.at(0).first == asked);
}

TEST_CASE("an answer address this host has lost is forgotten", "[host][sockets]") {
    Loop loop;
    Host wildcard(loop, {"::"});
    Host peer(loop, {"127.0.0.1"});
    peer.send(kOtherLoopback.with_port(wildcard.sockets.port()), {1});
    turn(loop);
    const auto interfaces = std::vector<gossip::Interface>{};
    wildcard.sockets.set_interfaces(interfaces, false);
    wildcard.send(wildcard.received.at(0).first, {2});
    turn(loop);
    REQUIRE(peer.received.at(0).first == kLoopback.with_port(wildcard.sockets.port()));
}

TEST_CASE("what no socket can reach is counted", "[host][sockets]") {
    Loop loop;
    Host v4(loop, {"127.0.0.1"});
    Endpoint v6;
    v6.address[15] = 1;
    v6.port = 9;
    v4.send(v6, {1});
    REQUIRE(v4.sockets.counts().send_failed == 1);
}

TEST_CASE("a beacon reaches every daemon of the host that joined, from lo's own address",
          "[host][sockets][groups]") {
    Loop loop;
    Host a(loop, {"::"});
    Host b(loop, {"0.0.0.0"});
    Host deaf(loop, {"::"});
    const std::vector<gossip::Interface> interfaces{lo()};
    a.sockets.set_interfaces(interfaces, true);
    b.sockets.set_interfaces(interfaces, true);
    deaf.sockets.set_interfaces(interfaces, false);
    REQUIRE(a.sockets.beacon_problem().empty());
    Endpoint group = beacon_group_ipv4();
    group.scope = lo().index;
    const Bytes beacon = unique_bytes(1);
    a.send(group, beacon);
    turn(loop);
    REQUIRE(a.count_of(beacon) == 1);
    REQUIRE(b.count_of(beacon) == 1);
    REQUIRE(deaf.count_of(beacon) == 0);
    for (const auto& [from, bytes] : b.received)
        if (bytes == beacon) REQUIRE(from == kLoopback.with_port(a.sockets.port()));
}

TEST_CASE("beacons stop when the group is left", "[host][sockets][groups]") {
    Loop loop;
    Host a(loop, {"::"});
    const std::vector<gossip::Interface> interfaces{lo()};
    a.sockets.set_interfaces(interfaces, true);
    a.sockets.set_interfaces(interfaces, false);
    Endpoint group = beacon_group_ipv4();
    group.scope = lo().index;
    const Bytes beacon = unique_bytes(2);
    a.send(group, beacon);
    turn(loop);
    REQUIRE(a.count_of(beacon) == 0);
}

TEST_CASE("an interface that is not there is told, and costs no other one", "[host][groups]") {
    Loop loop;
    Host a(loop, {"::"});
    gossip::Interface gone = lo();
    gone.index = 1'000'000;
    const std::vector<gossip::Interface> interfaces{gone, lo()};
    a.sockets.set_interfaces(interfaces, true);
    REQUIRE_THAT(a.sockets.beacon_problem(), Catch::Contains("1000000"));
    Endpoint group = beacon_group_ipv4();
    group.scope = lo().index;
    const Bytes beacon = unique_bytes(3);
    a.send(group, beacon);
    turn(loop);
    REQUIRE(a.count_of(beacon) == 1);
}

TEST_CASE("the kernel's tables of sockets can be read", "[host][groups]") {
    const auto v4 = parse_proc_udp_line(
        "  123: 0100007F:10E7 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 1 2 3");
    REQUIRE(v4 == Endpoint::ipv4(127, 0, 0, 1, 4327));
    const auto v6 = parse_proc_udp_line(
        "    7: 000012FF000000000000000027430000:10E7 00000000000000000000000000000000:0000 07 0");
    REQUIRE(v6);
    REQUIRE(v6->address[0] == 0xff);
    REQUIRE(v6->address[1] == 0x12);
    REQUIRE_FALSE(parse_proc_udp_line("  sl  local_address rem_address   st tx_queue"));
    REQUIRE_FALSE(parse_proc_udp_line("  1: 0100007F:XYZ 0"));
    REQUIRE_FALSE(parse_proc_udp_line(""));
}

TEST_CASE("a return path holds for the peer it was learnt of", "[host][paths]") {
    ReturnPaths paths({});
    const Endpoint peer = kLoopback.with_port(1);
    paths.remember(peer, {2, {kOtherLoopback, 0}});
    REQUIRE(paths.find(peer)->socket == 2);
    REQUIRE(paths.find(peer)->from.address == kOtherLoopback);
    REQUIRE(paths.find(peer.with_port(2)) == nullptr);
    paths.forget(peer.with_port(2));
    REQUIRE(paths.find(peer) != nullptr);
    paths.forget(peer);
    REQUIRE(paths.find(peer) == nullptr);
}

TEST_CASE("of many return paths the last in each place is right, none is wrong", "[host][paths]") {
    ReturnPaths paths({1, 2, 3});
    const std::uint16_t count = 10'000;
    for (std::uint16_t port = 1; port <= count; ++port)
        paths.remember(kLoopback.with_port(port), {port, {}});
    std::size_t found = 0;
    for (std::uint16_t port = 1; port <= count; ++port) {
        const auto* path = paths.find(kLoopback.with_port(port));
        if (path == nullptr) continue;
        ++found;
        REQUIRE(path->socket == port);
    }
    REQUIRE(found > ReturnPaths::kSlots / 2);
    REQUIRE(found <= ReturnPaths::kSlots);
}
