#include "daemon/gossip/beacons.h"

#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"
#include "wire/packet.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::after;
using ground::Ground;
using ground::kStart;
using ground::kWallMs;
using ground::make_network;
using ground::place;

Interface interface_of(std::uint32_t index, const Endpoint& address, std::uint8_t prefix,
                       bool is_multicast = true) {
    return {index, "eth" + std::to_string(index), address.with_port(0), prefix, is_multicast};
}

Endpoint ipv6(std::uint8_t net, std::uint8_t host, std::uint16_t port = 4327) {
    return {{0xfd, 0, 0, net, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host}, port, 0};
}

Endpoint link_local(std::uint8_t host, std::uint32_t scope) {
    return {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host}, 4327, scope};
}

// A beacon that node `number` could have sent.
Bytes beacon_of(unsigned number, std::uint64_t wall_ms,
                const crypto::Network& network = make_network()) {
    wire::Beacon beacon;
    beacon.port = 5'000;
    beacon.network_tag = crypto::network_tag(network.id);
    beacon.wall_ms = wall_ms;
    beacon.node = ground::node_of(number);
    Bytes packet = wire::write_beacon(beacon);
    wire::set_mac(packet, crypto::network_mac(network.secrets[0], crypto::kBeaconLabel,
                                              network.id, wire::covered_part(packet)));
    return packet;
}

struct Scene {
    explicit Scene(const config::Gossip& config = {}, const crypto::Network& network =
                                                          make_network())
        : ground(1, config, network), beacons(ground.core, kStart) {
        const std::vector<Interface> interfaces{interface_of(2, place(1), 24)};
        beacons.set_interfaces(interfaces, kStart);
    }
    bool hears(unsigned number, const Bytes& beacon, Now now = after(0s)) {
        return beacons.handle(place(number), beacon, now).has_value();
    }
    Ground ground;
    Beacons beacons;
};

TEST_CASE("a beacon from our link is a hint to its sender's port", "[beacon]") {
    Scene scene;
    const auto hint = scene.beacons.handle(place(7), beacon_of(7, kWallMs), after(0s));
    REQUIRE(hint);
    CHECK(hint->node == ground::node_of(7));
    CHECK(hint->at == place(7).with_port(5'000));
    CHECK(scene.ground.counted(Counter::refused_beacon) == 0);
}

TEST_CASE("a beacon under any of our secrets is heard, under another it is not", "[beacon]") {
    Scene scene({}, make_network({1, 2}));
    CHECK(scene.hears(7, beacon_of(7, kWallMs, make_network({2}))));
    CHECK_FALSE(scene.hears(7, beacon_of(7, kWallMs, make_network({3}))));
    CHECK(scene.ground.counted(Counter::refused_bad_mac) == 1);
    CHECK_FALSE(scene.hears(7, beacon_of(7, kWallMs, make_network({1}, 2))));
    CHECK(scene.ground.counted(Counter::refused_wrong_network) == 1);
}

TEST_CASE("every flipped byte and every truncation of a beacon is refused", "[beacon]") {
    Scene scene;
    Bytes beacon = beacon_of(7, kWallMs);
    Duration now = 0s;
    for (std::size_t i = 2; i < beacon.size(); ++i) {
        beacon[i] ^= 0x20;
        if (scene.hears(7, beacon, after(now += 100ms))) FAIL_CHECK("byte " << i);
        beacon[i] ^= 0x20;
    }
    for (std::size_t size = 2; size < beacon.size(); ++size) {
        const Bytes part(beacon.begin(), beacon.begin() + static_cast<std::ptrdiff_t>(size));
        if (scene.hears(7, part, after(now += 100ms))) FAIL_CHECK("size " << size);
    }
    CHECK(scene.ground.counted(Counter::beacons_over_rate) == 0);
    CHECK(scene.hears(7, beacon, after(now += 100ms)));
}

TEST_CASE("our own beacon is no hint and no offence", "[beacon]") {
    Scene scene;
    CHECK_FALSE(scene.hears(1, beacon_of(1, kWallMs)));
    CHECK(scene.ground.counted(Counter::refused_beacon) == 0);
}

TEST_CASE("a beacon with our key from another address is a hint: it may be a clone's", "[beacon]") {
    Scene scene;
    const auto hint = scene.beacons.handle(place(9), beacon_of(1, kWallMs), after(0s));
    REQUIRE(hint);
    CHECK(hint->at == place(9).with_port(5'000));
    CHECK(scene.beacons.heard(kStart).empty());
}

TEST_CASE("a beacon far from our clock is refused, either way", "[beacon]") {
    Scene scene;
    CHECK(scene.hears(7, beacon_of(7, kWallMs - 300'000)));
    CHECK(scene.hears(7, beacon_of(7, kWallMs + 300'000)));
    CHECK_FALSE(scene.hears(8, beacon_of(8, kWallMs - 300'001)));
    CHECK_FALSE(scene.hears(8, beacon_of(8, kWallMs + 300'001)));
    CHECK_FALSE(scene.hears(8, beacon_of(8, 0)));
    CHECK_FALSE(scene.hears(8, beacon_of(8, UINT64_MAX)));
    CHECK(scene.ground.counted(Counter::refused_beacon) == 4);
}

TEST_CASE("a beacon older than the last of its node is refused, one as old is not", "[beacon]") {
    Scene scene;
    CHECK(scene.hears(7, beacon_of(7, kWallMs)));
    CHECK_FALSE(scene.hears(7, beacon_of(7, kWallMs - 1)));
    CHECK(scene.hears(7, beacon_of(7, kWallMs)));  // by another interface
    CHECK(scene.hears(8, beacon_of(8, kWallMs - 1)));
    CHECK(scene.ground.counted(Counter::refused_beacon) == 1);
}

TEST_CASE("a refused beacon leaves no time behind", "[beacon]") {
    Scene scene;
    CHECK_FALSE(scene.beacons.handle(Endpoint::ipv4(192, 0, 2, 1, 4327),
                                     beacon_of(7, kWallMs + 1'000), after(0s)));
    CHECK_FALSE(scene.hears(7, beacon_of(7, kWallMs + 400'000)));
    CHECK(scene.hears(7, beacon_of(7, kWallMs)));
}

TEST_CASE("only so many beacons a second are looked at", "[beacon]") {
    Scene scene;
    constexpr auto kRate = static_cast<unsigned>(Beacons::kRate);
    unsigned heard = 0;
    for (unsigned i = 0; i < kRate + 40; ++i)
        heard += scene.hears(7 + i % 200, beacon_of(7 + i % 200, kWallMs));
    CHECK(heard == kRate);
    CHECK(scene.ground.counted(Counter::beacons_over_rate) == 40);
    for (unsigned i = 0; i < kRate + 40; ++i)
        heard += scene.hears(7 + i % 200, beacon_of(7 + i % 200, kWallMs), after(1s));
    CHECK(heard == 2 * kRate);
}

// Goal: the newest beacon is kept of at most kNodesMax nodes; one more makes all be forgotten.
TEST_CASE("the table of those who beacon is bounded", "[beacon]") {
    Scene scene;
    Duration now = 0s;
    unsigned heard = 0;
    const auto hear = [&](unsigned number, std::uint64_t wall_ms) {
        now += 6ms;  // below the rate
        const Endpoint from = place(7 + number % 200);
        return scene.beacons.handle(from, beacon_of(number, wall_ms), after(now)).has_value();
    };
    for (unsigned i = 0; i < Beacons::kNodesMax; ++i) heard += hear(1'000 + i, kWallMs) ? 1U : 0U;
    CHECK(heard == Beacons::kNodesMax);
    CHECK_FALSE(hear(1'000, kWallMs - 1));  // remembered: it is older
    CHECK(scene.beacons.heard(after(now).monotonic).size() == Beacons::kNodesMax);
    CHECK(hear(999, kWallMs));
    CHECK(hear(1'000, kWallMs - 1));  // forgotten
    CHECK(scene.beacons.heard(after(now).monotonic).size() == 2);
}

TEST_CASE("on link is what shares the range, the family and the interface", "[beacon]") {
    Scene scene;
    const std::vector<Interface> interfaces{
        interface_of(2, Endpoint::ipv4(10, 1, 2, 3, 0), 20), interface_of(3, ipv6(1, 1), 64),
        interface_of(4, link_local(1, 4), 64, false)};
    scene.beacons.set_interfaces(interfaces, kStart);
    const Beacons& beacons = scene.beacons;
    CHECK(beacons.is_on_link(Endpoint::ipv4(10, 1, 15, 255, 1)));
    CHECK_FALSE(beacons.is_on_link(Endpoint::ipv4(10, 1, 16, 0, 1)));
    CHECK(beacons.is_on_link(ipv6(1, 200)));
    CHECK_FALSE(beacons.is_on_link(ipv6(2, 200)));
    CHECK(beacons.is_on_link(link_local(9, 4)));
    CHECK_FALSE(beacons.is_on_link(link_local(9, 3)));
    // An IPv6 address is no part of an IPv4 range, though both may begin with zeros,
    CHECK_FALSE(beacons.is_on_link({{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}, 4327, 0}));
    // nor an IPv4 address of an IPv6 range, however wide.
    const std::vector<Interface> wide{interface_of(3, ipv6(1, 1), 0)};
    scene.beacons.set_interfaces(wide, kStart);
    CHECK_FALSE(beacons.is_on_link(Endpoint::ipv4(10, 1, 2, 4, 1)));
    CHECK(beacons.is_on_link(ipv6(77, 1)));
    scene.beacons.set_interfaces({}, kStart);
    CHECK_FALSE(beacons.is_on_link(place(1)));
}

TEST_CASE("one beacon leaves for each interface and family", "[beacon]") {
    Scene scene;
    const std::vector<Interface> interfaces{
        interface_of(2, Endpoint::ipv4(10, 1, 2, 3, 0), 24),
        interface_of(2, Endpoint::ipv4(10, 1, 3, 3, 0), 24),
        interface_of(2, ipv6(1, 1), 64),
        interface_of(2, link_local(1, 2), 64),
        interface_of(3, Endpoint::ipv4(10, 9, 2, 3, 0), 24),
        interface_of(1, Endpoint::ipv4(127, 0, 0, 1, 0), 8, false)};
    scene.beacons.set_interfaces(interfaces, kStart);
    CHECK(scene.beacons.next_deadline() == kStart);
    scene.beacons.handle_timeout(after(0s));
    const ground::Put put = scene.ground.take();
    REQUIRE(put.sent.size() == 3);
    const Endpoint group4 = Endpoint::ipv4(239, 255, 43, 27, 4327);
    Endpoint to = group4;
    to.scope = 2;
    CHECK(put.sent_to(to).size() == 1);
    to.scope = 3;
    CHECK(put.sent_to(to).size() == 1);
    Endpoint group6{{0xff, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x43, 0x27}, 4327, 2};
    REQUIRE(put.sent_to(group6).size() == 1);
    CHECK(put.sent[0].datagram == put.sent[2].datagram);
    const auto beacon = wire::parse_beacon(put.sent[0].datagram);
    REQUIRE(beacon);
    CHECK(beacon->node == ground::node_of(1));
    CHECK(beacon->port == config::kDefaultPort);
    CHECK(beacon->wall_ms == kWallMs);
    // And another node believes it.
    Ground other(2);
    Beacons ears(other.core, kStart);
    const std::vector<Interface> there{interface_of(5, Endpoint::ipv4(10, 1, 2, 9, 0), 24)};
    ears.set_interfaces(there, kStart);
    CHECK(ears.handle(Endpoint::ipv4(10, 1, 2, 3, 4327), put.sent[0].datagram, after(0s)));
}

TEST_CASE("beacons are quick at first and then keep their interval", "[beacon]") {
    Scene scene;
    std::vector<Duration> times;
    for (Duration now = 0s; now < 60s; now += 10ms) {
        scene.beacons.handle_timeout(after(now));
        if (!scene.ground.take().sent.empty()) times.push_back(now);
    }
    REQUIRE(times.size() > 10);
    CHECK(times[0] == 0s);
    CHECK(times[4] <= 5s);
    for (std::size_t i = 6; i < times.size(); ++i) {
        CHECK(times[i] - times[i - 1] >= 4s);
        CHECK(times[i] - times[i - 1] <= 6'010ms);
    }
    // A new address is told of at once.
    const std::vector<Interface> interfaces{interface_of(2, place(99), 24)};
    scene.beacons.set_interfaces(interfaces, after(60s).monotonic);
    scene.beacons.handle_timeout(after(60s));
    CHECK(scene.ground.take().sent.size() == 1);
}

TEST_CASE("who hears many sends more rarely, and again as before when they are gone", "[beacon]") {
    Scene scene;
    const auto gap_after = [&](Duration from, unsigned others) {
        for (unsigned i = 0; i < others; ++i)
            scene.hears(7 + i, beacon_of(7 + i, kWallMs), after(from));
        std::vector<Duration> times;
        for (Duration now = from; times.size() < 2; now += 10ms) {
            scene.beacons.handle_timeout(after(now));
            if (!scene.ground.take().sent.empty()) times.push_back(now);
        }
        return times[1] - times[0];
    };
    for (Duration now = 0s; now < 10s; now += 10ms) scene.beacons.handle_timeout(after(now));
    const Duration of_few = gap_after(20s, 8);
    CHECK((of_few >= 4s && of_few <= 6'010ms));
    const Duration of_some = gap_after(60s, 16);
    CHECK((of_some >= 8s && of_some <= 12'010ms));
    const Duration of_many = gap_after(120s, 100);
    CHECK((of_many >= 24s && of_many <= 36'010ms));
    const Duration alone = gap_after(400s, 0);
    CHECK((alone >= 4s && alone <= 6'010ms));
}

TEST_CASE("after the first beacons IPv4 and IPv6 take turns, where an interface has both",
          "[beacon]") {
    Scene scene;
    const auto counts = [&](const std::vector<Interface>& interfaces, Duration from) {
        scene.beacons.set_interfaces(interfaces, after(from).monotonic);
        std::vector<std::pair<std::size_t, std::size_t>> result;  // IPv4, IPv6
        for (Duration now = from; result.size() < 8; now += 10ms) {
            scene.beacons.handle_timeout(after(now));
            const auto sent = scene.ground.take().sent;
            if (sent.empty()) continue;
            const auto of_ipv4 = std::count_if(sent.begin(), sent.end(), [](const auto& datagram) {
                return datagram.to.is_ipv4();
            });
            result.emplace_back(of_ipv4, sent.size() - static_cast<std::size_t>(of_ipv4));
        }
        return result;
    };
    const Interface ipv4 = interface_of(2, place(1), 24);
    const Interface ipv6 = interface_of(2, link_local(1, 2), 64);
    const auto both = counts({ipv4, ipv6}, 0s);
    for (std::size_t i = 0; i < both.size(); ++i) {
        if (i < 4) CHECK(both[i] == std::pair<std::size_t, std::size_t>(1, 1));
        if (i >= 4) CHECK(both[i].first + both[i].second == 1);
        if (i > 4) CHECK(both[i].first != both[i - 1].first);
    }
    for (const auto& [of_ipv4, of_ipv6] : counts({ipv4}, 100s)) CHECK(of_ipv4 + of_ipv6 == 1);
    // Another interface's other family is no reason to wait.
    const Interface elsewhere = interface_of(3, link_local(1, 3), 64);
    for (const auto& [of_ipv4, of_ipv6] : counts({ipv4, elsewhere}, 200s))
        CHECK(of_ipv4 + of_ipv6 == 2);
}

TEST_CASE("what was sent and heard is told for each interface", "[beacon]") {
    Scene scene;
    scene.beacons.handle_timeout(after(0s));
    CHECK(scene.hears(7, beacon_of(7, kWallMs), after(1s)));
    CHECK(scene.hears(8, beacon_of(8, kWallMs), after(2s)));
    auto ears = scene.beacons.ears(after(5s).monotonic);
    REQUIRE(ears.size() == 1);
    CHECK(ears[0].index == 2);
    CHECK(ears[0].sent == 1);
    CHECK(ears[0].heard == 2);
    CHECK(ears[0].last_heard == 3s);
    // An interface that went takes its counts along.
    const std::vector<Interface> other{interface_of(3, place(1), 24)};
    scene.beacons.set_interfaces(other, after(6s).monotonic);
    CHECK(scene.beacons.ears(after(6s).monotonic).empty());
}

TEST_CASE("who was heard lately is told, and for how long", "[beacon]") {
    Scene scene;
    for (Duration now = 0s; now <= 30s; now += 5s)
        CHECK(scene.hears(7, beacon_of(7, kWallMs), after(now)));
    auto heard = scene.beacons.heard(after(32s).monotonic);
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].id == ground::node_of(7));
    CHECK(heard[0].at == place(7).with_port(5'000));
    CHECK(heard[0].age == 2s);
    CHECK(heard[0].span == 30s);
    CHECK(scene.beacons.heard(after(151s).monotonic).empty());
    // After a long silence it counts as new.
    CHECK(scene.hears(7, beacon_of(7, kWallMs), after(160s)));
    heard = scene.beacons.heard(after(161s).monotonic);
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].span == 0s);
}

TEST_CASE("a host that beacons from several addresses is shown by the one that is known",
          "[beacon]") {
    Scene scene;
    const std::vector<Interface> interfaces{interface_of(2, place(1), 24),
                                            interface_of(2, link_local(1, 2), 64)};
    scene.beacons.set_interfaces(interfaces, kStart);
    const auto& seen = scene.ground.core.sightings;
    const Bytes ours = beacon_of(7, kWallMs);
    const Bytes foreign = beacon_of(7, kWallMs, make_network({1}, 2));
    for (const Endpoint& from : {place(7), link_local(7, 2)}) {
        scene.beacons.handle(from, ours, after(0s));
        scene.beacons.handle(from, foreign, after(0s));
    }
    REQUIRE(scene.beacons.heard(kStart).size() == 1);
    CHECK(scene.beacons.heard(kStart)[0].at == place(7).with_port(5'000));
    REQUIRE(seen.wrong_network);
    CHECK(seen.wrong_network->at == place(7));
    // One that has no other is shown by that.
    scene.beacons.handle(link_local(8, 2), foreign, after(5s));
    CHECK(seen.wrong_network->at == link_local(8, 2));
}

TEST_CASE("who is turned away is remembered by what is wrong", "[beacon]") {
    Scene scene({}, make_network({1}));
    const auto& seen = scene.ground.core.sightings;
    scene.hears(7, beacon_of(7, kWallMs, make_network({1}, 2)), after(1s));
    REQUIRE(seen.wrong_network);
    CHECK(seen.wrong_network->at == place(7));
    CHECK(seen.wrong_network->when == after(1s).monotonic);
    CHECK_FALSE(seen.wrong_secret);
    scene.hears(8, beacon_of(8, kWallMs, make_network({3})), after(2s));
    REQUIRE(seen.wrong_secret);
    CHECK(seen.wrong_secret->at == place(8));
    CHECK_FALSE(seen.wrong_clock);
    scene.hears(9, beacon_of(9, kWallMs - 400'000), after(0s));
    REQUIRE(seen.wrong_clock);
    CHECK(seen.wrong_clock->clock_offset_ms == -400'000);
    scene.hears(9, beacon_of(9, UINT64_MAX), after(0s));
    CHECK(seen.wrong_clock->clock_offset_ms > 0);
}

TEST_CASE("without a place or a wish to send beacons there is no deadline", "[beacon]") {
    Scene scene;
    const std::vector<Interface> plain{interface_of(1, place(1), 24, false)};
    scene.beacons.set_interfaces(plain, kStart);
    CHECK(scene.beacons.next_deadline() == std::nullopt);
    scene.beacons.handle_timeout(after(1h));
    CHECK(scene.ground.take().sent.empty());
    config::Gossip config;
    config.discovery.beacon = false;
    Scene silent(config);
    CHECK(silent.beacons.next_deadline() == std::nullopt);
    silent.beacons.handle_timeout(after(1h));
    CHECK(silent.ground.take().sent.empty());
    CHECK(silent.hears(7, beacon_of(7, kWallMs)));  // but it listens
}

}  // namespace
}  // namespace hearsay::gossip
