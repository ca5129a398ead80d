#include "daemon/gossip/probes.h"

#include "tests/catch.h"
#include "tests/unit/gossip/lan.h"

// Round trips that the host asks for, through whole engines.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::Lan;
using ground::node_of;

std::optional<PublishTicket> probe(Lan& lan, unsigned from, unsigned to) {
    return lan.engine(from).probe(node_of(to), lan.now());
}

TEST_CASE("a probe is answered within a round trip, not with the next heartbeat", "[probes]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    const auto ticket = probe(lan, 1, 2);
    REQUIRE(ticket);
    lan.run_for(5ms);  // the way there and back takes 2 ms
    const Event* event = lan.put(1).find(EventKind::probed);
    REQUIRE(event != nullptr);
    CHECK(event->ticket == *ticket);
    CHECK(event->member == node_of(2));
    REQUIRE(event->round_trip);
    CHECK(*event->round_trip >= 2ms);
    CHECK(*event->round_trip <= 3ms);
    lan.run_for(5s);
    CHECK(lan.put(1).count(EventKind::probed) == 1);
}

TEST_CASE("a probe whose datagram is lost is answered by a later heartbeat", "[probes]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    REQUIRE(probe(lan, 1, 2));
    bool has_lost = false;
    lan.loses = [&](unsigned from, unsigned, ByteView) {
        return from == 1 && !std::exchange(has_lost, true);
    };
    lan.run_for(1900ms);
    const Event* event = lan.put(1).find(EventKind::probed);
    REQUIRE(event != nullptr);
    REQUIRE(event->round_trip);
    CHECK(*event->round_trip <= 3ms);
}

TEST_CASE("a probe of a neighbour that is silent ends without a round trip", "[probes]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    REQUIRE(probe(lan, 1, 2));
    lan.loses = [](unsigned, unsigned, ByteView) { return true; };
    lan.run_for(Probes::kPatience + 100ms);
    const Event* event = lan.put(1).find(EventKind::probed);
    REQUIRE(event != nullptr);
    CHECK_FALSE(event->round_trip);
    CHECK(lan.put(1).count(EventKind::probed) == 1);
}

TEST_CASE("a probe ends without a round trip when this node leaves", "[probes]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    REQUIRE(probe(lan, 1, 2));
    lan.loses = [](unsigned, unsigned, ByteView) { return true; };
    lan.engine(1).leave();
    CHECK_FALSE(probe(lan, 1, 2));
    REQUIRE(lan.run_until([&] { return lan.engine(1).has_left(); }));
    const Event* event = lan.put(1).find(EventKind::probed);
    REQUIRE(event != nullptr);
    CHECK_FALSE(event->round_trip);
}

TEST_CASE("who has no link cannot be probed", "[probes]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    CHECK_FALSE(probe(lan, 1, 9));
    CHECK_FALSE(probe(lan, 1, 1));
}

TEST_CASE("at most 64 probes are under way", "[probes]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    for (std::size_t i = 0; i < Probes::kCountMax; ++i) REQUIRE(probe(lan, 1, 2));
    CHECK_FALSE(probe(lan, 1, 2));
    lan.run_for(10ms);
    CHECK(lan.put(1).count(EventKind::probed) == Probes::kCountMax);
    CHECK(probe(lan, 1, 2));
}

TEST_CASE("an echo older than the question, or from the future, answers nothing", "[probes]") {
    ground::Ground ground(1);
    ChunkStore store(1 << 20, ground.core.hash_key);
    Links links(ground.core, store);
    Probes probes(ground.core, links);
    bool is_new = false;
    Link* link =
        links.establish(ground::make_session(ground, 2, true).near, ground::kStart, is_new);
    REQUIRE(link != nullptr);
    const Instant asked = ground::kStart + 1s;
    REQUIRE(probes.start(1, *link, asked));
    const auto echo = [&](Duration sent, std::uint32_t delay_us = 0) {
        wire::Heartbeat heartbeat;
        heartbeat.echo_us = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(
                (ground::kStart + sent).time_since_epoch())
                .count());
        heartbeat.echo_delay_us = delay_us;
        probes.handle_heartbeat(*link, heartbeat, asked + 10ms);
        return probes.size();
    };
    CHECK(echo(999ms) == 1);
    CHECK(echo(2s) == 1);
    CHECK(echo(1001ms, 20'000) == 1);
    CHECK(echo(1001ms, 4'000) == 0);
    const ground::Put put = ground.take();
    REQUIRE(put.find(EventKind::probed) != nullptr);
    CHECK(put.find(EventKind::probed)->round_trip == 5ms);
}

TEST_CASE("a snapshot tells how far a presence has come and how long ago", "[probes]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    lan.run_for(1s);
    const Snapshot snapshot = lan.engine(1).snapshot(lan.now());
    REQUIRE(snapshot.members.size() == 2);
    CHECK(snapshot.members[1].presence_hops == 1);
    REQUIRE(snapshot.members[1].presence_age);
    CHECK(*snapshot.members[1].presence_age >= 1s);
    CHECK(snapshot.links[0].clock_offset_ms.has_value());
}

}  // namespace
}  // namespace hearsay::gossip
