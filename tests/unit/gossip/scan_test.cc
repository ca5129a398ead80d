#include "daemon/gossip/scan.h"

#include "config/range_text.h"
#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"
#include "tests/unit/gossip/lan.h"
#include "wire/packet.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::after;
using ground::kStart;
using ground::place;

config::AddressRange range_of(std::string_view text) { return *config::parse_range(text); }

config::Gossip scanning(std::initializer_list<std::string_view> ranges) {
    config::Gossip config;
    for (const std::string_view range : ranges) config.discovery.scan.push_back(range_of(range));
    return config;
}

Bytes cookie_for(wire::SessionId session, const crypto::Nonce& nonce) {
    wire::CookieReply reply{session, nonce, {}};
    reply.cookie.bytes[0] = 1;
    return wire::write_cookie(reply);
}

// Node 1 at 10.0.0.1; nobody answers here unless a test says so.
struct Scene {
    explicit Scene(const config::Gossip& config,
                   const crypto::Network& network = ground::make_network())
        : ground(1, config, network),
          store(1 << 20, ground.core.hash_key),
          links(ground.core, store),
          desk(ground.core),
          handshakes(ground.core, desk),
          membership(ground.core, records, kStart),
          overlay(ground.core, links, membership, handshakes, kStart),
          beacons(ground.core, kStart),
          scan(ground.core, links, handshakes, overlay, beacons, kStart) {
        const std::vector<Interface> interfaces{{2, "eth0", place(1).with_port(0), 24, false}};
        beacons.set_interfaces(interfaces, kStart);
    }
    void run_for(Duration duration, Duration step = 5ms) {
        for (const Duration end = now + duration; now < end; now += step) {
            scan.handle_timeout(kStart + now);
            for (const auto& sent : ground.take().sent) {
                hellos[sent.to].push_back(now);
                order.push_back(sent.to);
                times.push_back(now);
                last = sent.datagram;
            }
        }
    }
    void link_up(unsigned number) {
        bool is_new = false;
        links.establish(ground::make_session(ground, number, true).near, kStart + now, is_new);
    }
    void link_down(unsigned number) {
        links.drop(*links.find(ground::node_of(number)), "gone");
        links.take_closed();
    }
    // `from` answers the last probe.
    void answer(const Endpoint& from) {
        const auto hello = wire::parse_hello(last);
        REQUIRE(hello);
        handshakes.handle_cookie(from, cookie_for(hello->session, hello->nonce), kStart + now);
        for (const Endpoint& at : handshakes.take_answers())
            scan.handle_answer(at, kStart + now);
    }

    ground::Ground ground;
    ChunkStore store;
    Links links;
    VerifyDesk desk;
    Handshakes handshakes;
    Records records;
    Membership membership;
    Overlay overlay;
    Beacons beacons;
    Scan scan;
    Duration now{};
    std::map<Endpoint, std::vector<Duration>> hellos;
    std::vector<Endpoint> order;
    std::vector<Duration> times;
    Bytes last;
};

TEST_CASE("without ranges nothing is scanned and nothing is due", "[scan]") {
    Scene scene{config::Gossip{}};
    CHECK_FALSE(scene.scan.next_deadline());
    scene.run_for(1min, 1s);
    CHECK(scene.order.empty());
    CHECK(scene.scan.snapshot(kStart).ranges.empty());
}

TEST_CASE("a pass sends one HELLO to each address but our own", "[scan]") {
    Scene scene(scanning({"10.0.0.0/24"}));
    scene.run_for(8s);
    CHECK(scene.hellos.size() == 253);
    CHECK_FALSE(scene.hellos.contains(place(1)));
    for (const auto& [to, times] : scene.hellos) {
        if (times.size() != 1 || to.port != 4327) FAIL_CHECK(times.size() << " HELLOs");
        if (!config::contains(range_of("10.0.0.0/24"), to)) FAIL_CHECK("out of range");
    }
}

TEST_CASE("a scan keeps to 64 HELLOs a second", "[scan]") {
    Scene scene(scanning({"10.0.0.0/22"}));
    scene.run_for(20s);
    REQUIRE(scene.times.size() > 900);
    for (std::size_t i = 0; i + 64 + Scan::kPerTurn < scene.times.size(); ++i)
        if (scene.times[i + 64 + Scan::kPerTurn] - scene.times[i] < 1s)
            FAIL_CHECK("more than 64 a second at " << scene.times[i] / 1ms << " ms");
    // And is not much slower either.
    CHECK(scene.times.back() - scene.times.front() < 17s);
}

TEST_CASE("the order is another in every pass and for every node", "[scan]") {
    Scene scene(scanning({"10.0.1.0/24"}));
    scene.run_for(40s);
    REQUIRE(scene.order.size() >= 508);
    const std::vector<Endpoint> first(scene.order.begin(), scene.order.begin() + 254);
    const std::vector<Endpoint> second(scene.order.begin() + 254, scene.order.begin() + 508);
    CHECK(first != second);
    CHECK_FALSE(std::is_sorted(first.begin(), first.end()));
    CHECK(std::set<Endpoint>(second.begin(), second.end()).size() == 254);
}

TEST_CASE("several ranges are one pass", "[scan]") {
    Scene scene(scanning({"10.0.1.0/30", "10.0.2.4/32", "2001:db8::10/127"}));
    scene.run_for(4s);
    CHECK(scene.order.size() == 5);
    CHECK(scene.hellos.contains(Endpoint::ipv4(10, 0, 1, 1, 4327)));
    CHECK(scene.hellos.contains(Endpoint::ipv4(10, 0, 1, 2, 4327)));
    CHECK(scene.hellos.contains(Endpoint::ipv4(10, 0, 2, 4, 4327)));
    CHECK(scene.scan.snapshot(kStart).addresses == 5);
}

TEST_CASE("passes without a link come again after growing pauses, up to a bound", "[scan]") {
    Scene scene(scanning({"10.0.1.7/32"}));
    scene.run_for(2h, 100ms);
    const std::vector<Duration>& times = scene.hellos[Endpoint::ipv4(10, 0, 1, 7, 4327)];
    REQUIRE(times.size() > 10);
    CHECK(times[0] < 3s);
    CHECK(times[1] - times[0] < 13s);
    for (std::size_t i = 8; i < times.size(); ++i) {
        CHECK(times[i] - times[i - 1] >= Scan::kPauseMax * 8 / 10);
        CHECK(times[i] - times[i - 1] <= Scan::kPauseMax * 12 / 10 + 1s);
    }
}

TEST_CASE("a node with a link ends its pass and begins no other", "[scan]") {
    Scene scene(scanning({"10.0.1.0/24"}));
    scene.run_for(3s);
    scene.link_up(9);
    scene.run_for(1h, 100ms);
    CHECK(scene.order.size() == 254);
    CHECK_FALSE(scene.scan.next_deadline());
    CHECK_FALSE(scene.scan.snapshot(kStart + scene.now).next_pass);
    // The last link lost, it begins anew, soon.
    scene.link_down(9);
    scene.run_for(20s);
    CHECK(scene.order.size() == 508);
}

TEST_CASE("linked addresses are not asked", "[scan]") {
    Scene scene(scanning({"10.0.0.0/24"}));
    scene.link_up(9);
    scene.run_for(8s);
    CHECK(scene.hellos.size() == 252);
    CHECK_FALSE(scene.hellos.contains(place(9)));
}

TEST_CASE("who answers is a candidate", "[scan]") {
    Scene scene(scanning({"10.0.0.0/24"}));
    scene.run_for(3s);
    scene.answer(place(7));
    const auto candidates = scene.overlay.snapshot(kStart + scene.now);
    REQUIRE(candidates.size() == 1);
    CHECK(candidates[0].at == place(7));
    CHECK(candidates[0].learnt_from == "scan");
    CHECK(scene.scan.snapshot(kStart).answered == 1);
}

TEST_CASE("an answer from where nobody was asked names no candidate", "[scan]") {
    Scene scene(scanning({"10.0.0.0/24"}));
    scene.run_for(3s);
    scene.answer(Endpoint::ipv4(192, 0, 2, 1, 4327));
    scene.answer(place(7).with_port(53));
    CHECK(scene.overlay.snapshot(kStart).empty());
    CHECK(scene.scan.snapshot(kStart).answered == 0);
    // Nor does one to a HELLO that was never sent.
    scene.handshakes.handle_cookie(place(7), cookie_for(1, {}), kStart);
    CHECK(scene.handshakes.take_answers().empty());
    CHECK(scene.ground.counted(Counter::refused_handshake) == 1);
}

TEST_CASE("a place found by a scan that does not answer any more is forgotten", "[scan]") {
    Scene scene(scanning({"10.0.0.0/24"}));
    scene.overlay.add(place(7), LearntFrom::scan, std::nullopt, kStart);
    for (Duration now = 0s; now < 5min; now += 50ms) {
        scene.handshakes.handle_timeout(kStart + now);
        for (const FailedDial& failed : scene.handshakes.take_failed())
            scene.overlay.handle_failed_dial(failed, kStart + now);
        scene.overlay.handle_timeout(after(now));
        scene.ground.take();
    }
    CHECK(scene.overlay.snapshot(kStart).empty());
}

TEST_CASE("the next pass is made under the next secret", "[scan]") {
    Scene scene(scanning({"10.0.1.7/32"}), ground::make_network({1, 2}));
    const crypto::Network network = ground::make_network({1, 2});
    std::vector<std::size_t> used;
    while (used.size() < 3) {
        scene.order.clear();
        while (scene.order.empty()) scene.run_for(100ms);
        const auto hello = wire::parse_hello(scene.last);
        REQUIRE(hello);
        for (std::size_t i = 0; i < 2; ++i)
            if (hello->mac == crypto::network_mac(network.secrets[i], crypto::kHelloLabel,
                                                  network.id, hello->covered))
                used.push_back(i);
    }
    CHECK(used == std::vector<std::size_t>{0, 1, 0});
}

TEST_CASE("the progress of a scan is told", "[scan]") {
    Scene scene(scanning({"10.0.1.0/24"}));
    ScanSnapshot told = scene.scan.snapshot(kStart);
    CHECK(told.addresses == 254);
    CHECK_FALSE(told.is_running);
    REQUIRE(told.next_pass);
    CHECK(*told.next_pass <= Scan::kStartPause * 12 / 10);
    scene.run_for(4s);
    told = scene.scan.snapshot(kStart + scene.now);
    CHECK(told.is_running);
    CHECK(told.tried == scene.order.size());
    CHECK(told.passes == 0);
    CHECK_FALSE(told.next_pass);
    scene.run_for(4s);
    told = scene.scan.snapshot(kStart + scene.now);
    CHECK_FALSE(told.is_running);
    CHECK(told.tried == 254);
    CHECK(told.passes == 1);
    CHECK(told.next_pass);
}

TEST_CASE("other ranges are scanned from the next turn on", "[scan]") {
    Scene scene(scanning({"10.0.1.0/24"}));
    scene.run_for(3s);
    scene.ground.core.config.discovery.scan = {range_of("10.0.2.7/32")};
    scene.order.clear();
    scene.run_for(4s);
    CHECK(scene.order == std::vector<Endpoint>{Endpoint::ipv4(10, 0, 2, 7, 4327)});
    scene.ground.core.config.discovery.scan.clear();
    scene.order.clear();
    scene.run_for(1min);
    CHECK(scene.order.empty());
    CHECK_FALSE(scene.scan.next_deadline());
}

TEST_CASE("two nodes meet by a scan alone", "[scan][engine]") {
    ground::Lan lan;
    lan.add(1, {}, false);
    lan.add(2, [](EngineSetup& setup) { setup.config = scanning({"10.0.0.0/24"}); }, false);
    CHECK(lan.run_until([&] { return lan.engine(2).link_count() == 1; }, 10s));
    CHECK(lan.engine(1).link_count() == 1);
    CHECK(lan.engine(2).snapshot(lan.now()).scan.answered == 1);
}

}  // namespace
}  // namespace hearsay::gossip
