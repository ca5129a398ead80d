#include "daemon/gossip/engine.h"

#include "tests/catch.h"
#include "tests/unit/gossip/lan.h"
#include "wire/packet.h"

// The life of whole engines: failures, goodbyes, restarts, changes of mind.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::kEpoch;
using ground::Lan;
using ground::node_of;
using ground::place;

TEST_CASE("a killed node is reported by all, and back when it is back", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(4));
    lan.remove(3);
    REQUIRE(lan.run_until([&] { return lan.engine(1).alive_count() == 3; }));
    lan.run_for(1s);
    for (const unsigned i : {1U, 2U, 4U}) {
        CHECK(lan.put(i).count(EventKind::link_lost) >= 1);
        CHECK(lan.put(i).count(EventKind::member_failed) == 1);
        CHECK(lan.engine(i).alive_count() == 3);
    }
    lan.add(3, [](EngineSetup& setup) { setup.epoch = kEpoch + 1; });
    CHECK(lan.run_until([&] { return lan.is_complete(); }));
    CHECK(lan.put(1).count(EventKind::member_joined) == 4);
}

TEST_CASE("a node that leaves says so, ends its links and publishes nothing more", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(3));
    Engine& engine = lan.engine(2);
    engine.leave();
    CHECK(*engine.next_deadline() <= lan.now().monotonic);
    CHECK_FALSE(engine.has_left());
    CHECK(lan.try_publish(2, "p").error() == PublishError::leaving);
    lan.run_for(250ms);
    CHECK_FALSE(engine.has_left());
    lan.run_for(100ms);
    CHECK(engine.has_left());
    CHECK(engine.link_count() == 0);
    lan.run_for(1s);
    for (const unsigned i : {1U, 3U}) {
        CHECK(lan.put(i).count(EventKind::member_left) == 1);
        CHECK(lan.put(i).count(EventKind::member_failed) == 0);
        CHECK(lan.put(i).count(EventKind::member_suspected) == 0);
        CHECK(lan.engine(i).link_count() == 1);
        CHECK(lan.engine(i).alive_count() == 2);
    }
    CHECK(lan.engine(2).link_count() == 0);  // and accepts nobody
}

// Goal: a Close that makes room is enough to find others by.
// Method: node 1 has room for two links. When node 3 comes, node 2 hears no record of it and
// nothing from it, until it calls there itself; then a fourth comes, and node 2 has to go.
TEST_CASE("a node finds others by a Close alone", "[engine]") {
    Lan lan;
    lan.add(1, [](EngineSetup& setup) { setup.config.limits.links = 2; });
    lan.add(2);
    REQUIRE(lan.run_until([&] { return lan.engine(2).alive_count() == 2; }));
    lan.run_for(1500ms);

    bool has_called = false;
    lan.sees = [&](unsigned from, const Transmit& transmit) {
        has_called |= from == 2 && transmit.to == place(3);
    };
    lan.loses = [&](unsigned from, unsigned to, ByteView datagram) {
        return !has_called && to == 2 && (from != 1 || datagram.size() > 220);
    };
    lan.add(3);
    REQUIRE(lan.run_until([&] { return lan.engine(1).alive_count() == 3; }, 900ms));
    CHECK_FALSE(has_called);
    lan.add(4);
    REQUIRE(lan.run_until([&] { return has_called; }, 5s));
    CHECK(lan.put(2).count(EventKind::member_joined) == 1);  // node 1: it knows no other member
    const auto is_linked_with_3 = [&] {
        for (const auto& link : lan.engine(2).snapshot(lan.now()).links)
            if (link.id == node_of(3)) return true;
        return false;
    };
    CHECK(lan.run_until(is_linked_with_3, 2s));
}

TEST_CASE("a disconnected neighbour is not linked again for a minute, then it is", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    CHECK_FALSE(lan.engine(1).disconnect(node_of(9)));
    CHECK(lan.engine(1).disconnect(node_of(2)));
    lan.run_for(50ms);
    CHECK(lan.engine(1).link_count() == 0);
    CHECK(lan.engine(2).link_count() == 0);
    for (int i = 0; i < 55; ++i) {
        lan.run_for(1s);
        CHECK(lan.engine(1).link_count() == 0);
    }
    CHECK(lan.run_until([&] { return lan.is_complete(); }, 40s));
}

TEST_CASE("whoever disconnected can connect again at once, the other is told no", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    CHECK(lan.engine(1).disconnect(node_of(2)));
    lan.run_for(50ms);
    lan.act(2, lan.engine(2).add_candidate(ground::place(1), LearntFrom::operator_, lan.now()));
    lan.run_for(3s);
    CHECK(lan.engine(1).link_count() == 0);
    CHECK(lan.engine(2).link_count() == 0);
    CHECK(lan.put(2).count(EventKind::link_lost) >= 1);  // it says why
    lan.act(1, lan.engine(1).add_candidate(ground::place(2), LearntFrom::operator_, lan.now()));
    CHECK(lan.run_until([&] { return lan.is_complete(); }, 1s));
}

TEST_CASE("a neighbour that was disconnected is not let in either", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    CHECK(lan.engine(1).disconnect(node_of(2)));
    lan.run_for(50ms);
    lan.remove(2);  // it forgets that it was sent away, and dials
    lan.add(2, [](EngineSetup& setup) { setup.epoch = kEpoch + 1; });
    for (int i = 0; i < 50; ++i) {
        lan.run_for(1s);
        CHECK(lan.engine(1).link_count() == 0);
    }
    CHECK(lan.run_until([&] { return lan.is_complete(); }, 60s));
}

TEST_CASE("a clean stop saves what must not be delivered again", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(3));
    for (int i = 0; i < 20; ++i) lan.publish(1, "before " + std::to_string(i), {60s});
    lan.run_for(1s);
    CHECK(lan.payloads(2).size() == 20);
    const Bytes saved = lan.engine(2).save(lan.now());
    lan.remove(2);
    lan.publish(1, "meanwhile", {60s});
    lan.run_for(3s);
    const auto restart = [&](const Bytes& state) {
        lan.add(2, [&](EngineSetup& setup) {
            setup.epoch = kEpoch + 1;
            setup.saved = state;
            setup.is_first_start = false;
        }, false);
        CHECK(lan.run_until([&] { return lan.is_complete(); }));  // by the members remembered
        lan.run_for(2s);
    };
    restart(saved);
    CHECK(lan.payloads(2) == std::vector<std::string>{"meanwhile"});
    CHECK_FALSE(lan.put(2).deliveries[0].facts.may_repeat);
}

TEST_CASE("after a crash the members are remembered and repeats are flagged", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(3));
    lan.publish(1, "before", {60s});
    lan.run_for(1s);
    const Bytes saved = lan.engine(2).save_members(lan.now());
    lan.remove(2);
    lan.run_for(3s);
    lan.add(2, [&](EngineSetup& setup) {
        setup.epoch = kEpoch + 1;
        setup.saved = saved;
        setup.is_first_start = false;
    }, false);
    CHECK(lan.run_until([&] { return lan.is_complete(); }));
    lan.run_for(2s);
    REQUIRE(lan.payloads(2) == std::vector<std::string>{"before"});
    CHECK(lan.put(2).deliveries[0].facts.may_repeat);
}

TEST_CASE("a crash is remembered across the clean stops after it", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    lan.publish(1, "before", {60s});
    lan.run_for(1s);
    lan.remove(2);  // crashes, and its next process hears nothing before it stops cleanly
    const auto restart_as = [&](std::uint64_t epoch, const Bytes& saved, bool has_seed) {
        lan.add(2, [&](EngineSetup& setup) {
            setup.epoch = epoch;
            setup.saved = saved;
            setup.is_first_start = false;
        }, has_seed);
    };
    restart_as(kEpoch + 1, {}, false);
    const Bytes saved = lan.engine(2).save(lan.now());
    lan.remove(2);
    restart_as(kEpoch + 2, saved, true);
    CHECK(lan.run_until([&] { return lan.is_complete(); }));
    lan.run_for(2s);
    REQUIRE(lan.payloads(2) == std::vector<std::string>{"before"});
    CHECK(lan.put(2).deliveries[0].facts.may_repeat);
}

TEST_CASE("damaged state is a start without state", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    Bytes saved = lan.engine(2).save(lan.now());
    saved[saved.size() / 2] ^= 1;
    lan.add(3, [&](EngineSetup& setup) { setup.saved = saved; });
    CHECK(lan.engine(3).snapshot(lan.now()).candidates.size() == 1);
    CHECK(lan.engine(3).snapshot(lan.now()).streams == 0);
}

TEST_CASE("members are not remembered when the operator says so", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(3));
    const Bytes saved = lan.engine(2).save(lan.now());
    lan.add(9, [&](EngineSetup& setup) {
        setup.saved = saved;
        setup.config.discovery.remember = false;
    }, false);
    CHECK(lan.engine(9).snapshot(lan.now()).candidates.empty());
}

TEST_CASE("changed tags reach everybody", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(3));
    lan.engine(2).set_tags({{"role", "db"}});
    lan.run_for(100ms);
    for (const MemberSnapshot& member : lan.engine(3).snapshot(lan.now()).members)
        CHECK(member.tags.empty() != (member.id == node_of(2)));
    CHECK(lan.put(3).count(EventKind::member_updated) == 1);
}

TEST_CASE("sessions under a removed secret close, others stay", "[engine]") {
    Lan lan;
    lan.add(1, [&](EngineSetup& setup) { setup.network = ground::make_network({1, 2}); });
    lan.add(2, [&](EngineSetup& setup) { setup.network = ground::make_network({1}); });
    lan.add(3, [&](EngineSetup& setup) { setup.network = ground::make_network({2}); });
    REQUIRE(lan.run_until([&] { return lan.engine(1).link_count() == 2; }));
    lan.engine(1).set_network(ground::make_network({2}));
    lan.run_for(100ms);
    CHECK(lan.engine(1).link_count() == 1);
    CHECK(lan.engine(2).link_count() == 0);
    CHECK(lan.engine(3).link_count() == 1);
    lan.run_for(10s);
    CHECK(lan.engine(2).link_count() == 0);
    CHECK(lan.counted(1, Counter::refused_bad_mac) > 0);
}

TEST_CASE("new secrets in the middle of a handshake are survived", "[engine]") {
    // The handshake under way names its secret by its place in a list that has become shorter.
    for (int stage = 1; stage <= 6; ++stage) {
        Lan lan;
        lan.add(1, [](EngineSetup& setup) { setup.network = ground::make_network({2}); });
        lan.add(2, [](EngineSetup& setup) { setup.network = ground::make_network({1, 2}); });
        int seen = 0;
        bool is_changed = false;
        lan.holds_verdicts = true;
        lan.sees = [&](unsigned, const Transmit&) { ++seen; };
        for (Duration end = lan.elapsed() + 3s; lan.elapsed() < end; lan.run_for(1ms)) {
            if (seen < stage || is_changed) continue;
            is_changed = true;
            lan.run_for(3ms);  // what was sent has arrived
            lan.engine(2).set_network(ground::make_network({2}));
            for (const unsigned i : {1U, 2U})
                for (const VerifyJob& job : std::exchange(lan.put(i).jobs, {}))
                    lan.act(i, lan.engine(i).handle_verified(job.ticket, true, lan.now()));
            lan.holds_verdicts = false;
            // No link comes of a handshake under secrets that are no more.
            CHECK(lan.put(2).count(EventKind::link_up) == 0);
        }
        CHECK(is_changed);
        CHECK(lan.run_until([&] { return lan.is_complete(); }, 20s));
    }
}

TEST_CASE("a verdict that never comes costs nobody the link", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    lan.holds_verdicts = true;
    lan.publish(1, "hello", {10min});
    lan.run_for(31s);
    CHECK(lan.payloads(2).empty());
    CHECK(lan.put(2).count(EventKind::link_lost) == 0);
    CHECK(lan.counted(2, Counter::refused_bad_signature) == 0);
    lan.holds_verdicts = false;
    lan.run_for(40s);
    CHECK(lan.payloads(2) == std::vector<std::string>{"hello"});  // repaired
}

TEST_CASE("verdicts on tickets that are not open do nothing", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    for (const VerifyTicket ticket : {VerifyTicket{0}, VerifyTicket{1}, ~VerifyTicket{0}})
        for (const bool is_valid : {true, false})
            CHECK(lan.engine(1).handle_verified(ticket, is_valid, lan.now()).is_empty());
    lan.run_for(2s);
    CHECK(lan.is_complete());
}

TEST_CASE("a node whose clock is far from the others' says so and refuses to publish",
          "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    // Node 1 is fed by hand, as if its wall clock had stepped.
    Engine& engine = lan.engine(1);
    std::vector<Bytes> heard;
    lan.sees = [&](unsigned from, const Transmit& transmit) {
        if (from == 2) heard.emplace_back(transmit.datagram.begin(), transmit.datagram.end());
    };
    lan.loses = [](unsigned from, unsigned, ByteView) { return from == 2; };
    lan.run_for(600ms);
    REQUIRE_FALSE(heard.empty());
    Now wrong = lan.now();
    wrong.wall.ms += 301'000;
    for (const Bytes& datagram : heard)
        lan.act(1, engine.handle_datagram(place(2), datagram, wrong));
    lan.act(1, engine.handle_timeout(wrong));
    CHECK(lan.put(1).count(EventKind::clock_skew) == 1);
    CHECK(engine.publish("t", bytes_of("p"), {}, wrong).error() == PublishError::clock_skewed);
    lan.act(1, engine.handle_timeout(wrong));
    CHECK(lan.put(1).count(EventKind::clock_skew) == 1);  // once a minute
}

TEST_CASE("a host that was asleep accuses nobody", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(3));
    // Node 2's host stops for a minute: neither its timers nor its socket are served.
    lan.loses = [](unsigned from, unsigned to, ByteView) { return from == 2 || to == 2; };
    Engine& engine = lan.engine(2);
    Now later = lan.now();
    later.monotonic += 1min;
    later.wall.ms += 60'000;
    const Outputs outputs = engine.handle_timeout(later);
    for (const Event& event : outputs.events) {
        CHECK(event.kind != EventKind::link_lost);
        CHECK(event.kind != EventKind::member_suspected);
    }
    CHECK(engine.link_count() == 2);
    const Instant end = later.monotonic + 600ms;  // but it does not wait for ever
    while (later.monotonic < end) {
        later.monotonic = std::min(*engine.next_deadline(), end);
        static_cast<void>(engine.handle_timeout(later));
    }
    CHECK(engine.link_count() == 0);
}

TEST_CASE("sessions are renewed without losing the link or a message", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    std::vector<std::string> sent;
    for (int i = 0; i < 400; ++i) {
        sent.push_back(std::to_string(i));
        lan.publish(1 + static_cast<unsigned>(i) % 2, sent.back());
        lan.run_for(1s);
    }
    CHECK(lan.put(1).count(EventKind::link_lost) == 0);
    CHECK(lan.put(2).count(EventKind::link_lost) == 0);
    CHECK(lan.payloads(1) == sent);
    CHECK(lan.payloads(2) == sent);
    std::size_t hellos = 0;
    lan.sees = [&](unsigned, const Transmit& transmit) {
        hellos += transmit.datagram[1] == 1 ? 1U : 0U;
    };
    lan.run_for(135s);
    CHECK(hellos >= 1);
    CHECK(hellos <= 3);
}

TEST_CASE("the same inputs give the same outputs, byte for byte", "[engine]") {
    const auto run = [] {
        Lan lan;
        std::vector<Bytes> sent;
        lan.sees = [&](unsigned, const Transmit& transmit) {
            sent.emplace_back(transmit.datagram.begin(), transmit.datagram.end());
        };
        for (unsigned i = 1; i <= 3; ++i) lan.add(i);
        for (int i = 0; i < 20; ++i) {
            lan.publish(2, std::to_string(i));
            lan.run_for(100ms);
        }
        return sent;
    };
    const auto first = run();
    CHECK(first.size() > 50);
    CHECK(first == run());
}

TEST_CASE("an engine alone is idle", "[engine]") {
    Lan lan;
    Engine& engine = lan.add(1);
    lan.run_for(10ms);
    std::size_t calls = 0;
    Now now = lan.now();
    while (now.monotonic < ground::after(10min).monotonic) {
        const auto next = engine.next_deadline();
        REQUIRE(next);
        REQUIRE(*next > now.monotonic);
        now.monotonic = *next;
        CHECK(engine.handle_timeout(now).transmits.empty());
        ++calls;
    }
    CHECK(calls < 200);
    CHECK(engine.alive_count() == 1);
}

}  // namespace
}  // namespace hearsay::gossip
