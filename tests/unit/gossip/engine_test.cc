#include "daemon/gossip/engine.h"

#include <set>

#include "daemon/gossip/loss_recovery.h"
#include "daemon/gossip/publish_queue.h"
#include "tests/catch.h"
#include "tests/unit/gossip/lan.h"
#include "wire/packet.h"

// The whole engine through its interface.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::kEpoch;
using ground::Lan;
using ground::node_of;
using ground::place;

TEST_CASE("nodes that share a seed all find each other", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(4));
    const Snapshot snapshot = lan.engine(3).snapshot(lan.now());
    REQUIRE(snapshot.members.size() == 4);
    CHECK(snapshot.members[0].is_self);
    CHECK(snapshot.members[0].name == "node3");
    CHECK(snapshot.members[1].name == "node1");
    CHECK(snapshot.members[1].is_linked);
    CHECK(snapshot.members[1].software == "test");
    CHECK(snapshot.links.size() == 3);
    CHECK(snapshot.links[0].codec == "flatbuffers");
    CHECK(lan.put(3).count(EventKind::link_up) == 3);
    CHECK(lan.put(3).count(EventKind::member_joined) == 3);
}

TEST_CASE("a published message is accepted once and delivered once everywhere", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(4));
    const PublishTicket ticket = lan.publish(2, "hello");
    CHECK(*lan.engine(2).next_deadline() <= lan.now().monotonic);
    lan.run_for(2s);
    const Event* accepted = lan.put(2).find(EventKind::accepted);
    REQUIRE(accepted != nullptr);
    CHECK(accepted->ticket == ticket);
    CHECK(lan.put(2).count(EventKind::accepted) == 1);
    for (unsigned i = 1; i <= 4; ++i) {
        REQUIRE(lan.payloads(i) == std::vector<std::string>{"hello"});
        CHECK(lan.put(i).deliveries[0].facts.id == accepted->id);
        CHECK(lan.put(i).deliveries[0].topic == "news");
    }
}

TEST_CASE("a publish that cannot be is refused with its reason", "[engine]") {
    Lan lan;
    lan.add(1);
    const auto error = [&](std::string_view payload, std::string_view topic,
                           std::optional<Duration> lifetime = {}) {
        const auto result = lan.try_publish(1, payload, topic, {lifetime});
        REQUIRE_FALSE(result);
        return result.error();
    };
    const std::string large(wire::kPayloadSizeMax + 1, 'x');
    CHECK(error(large, "t") == PublishError::payload_too_large);
    CHECK(error("p", "") == PublishError::bad_topic);
    CHECK(error("p", std::string(256, 't')) == PublishError::bad_topic);
    CHECK(error("p", "\xff") == PublishError::bad_topic);
    CHECK(error("p", "a\nb") == PublishError::bad_topic);
    CHECK(error("p", "t", 999ms) == PublishError::bad_lifetime);
    CHECK(error("p", "t", 1h + 1ms) == PublishError::bad_lifetime);
    CHECK(error("p", "t", -1s) == PublishError::bad_lifetime);
    CHECK(lan.engine(1).counters()[Counter::messages_published] == 0);
    CHECK(lan.try_publish(1, large.substr(1), "t"));
    CHECK(lan.try_publish(1, "", std::string(255, 't'), {1s}));
    CHECK(lan.try_publish(1, "", "t", {1h}));
    lan.run_for(10ms);
    CHECK(lan.payloads(1).size() == 3);
}

TEST_CASE("every error of publishing has words", "[engine]") {
    std::set<std::string_view> words;
    for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(PublishError::leaving); ++i)
        words.insert(name_of(static_cast<PublishError>(i)));
    CHECK(words.size() == 6);
}

TEST_CASE("publishes wait in bounded number and bytes, and room comes again", "[engine]") {
    Lan lan;
    lan.add(1);
    std::size_t count = 0;
    while (lan.try_publish(1, "p")) REQUIRE(++count < 100'000);
    CHECK(count == PublishQueue::kMessagesMax);
    CHECK(lan.try_publish(1, "p").error() == PublishError::busy);
    lan.run_for(2ms);
    CHECK(lan.payloads(1).size() == count);
    CHECK(lan.try_publish(1, "p"));
    lan.run_for(2ms);
    const std::string large(wire::kPayloadSizeMax, 'x');
    count = 0;
    while (lan.try_publish(1, large)) REQUIRE(++count < 1'000);
    CHECK(count == 16);
    lan.run_for(2ms);
    CHECK(lan.try_publish(1, large));
}

TEST_CASE("tickets rise and messages keep their order", "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    PublishTicket last = 0;
    std::vector<std::string> sent;
    for (int i = 0; i < 600; ++i) {
        sent.push_back(std::to_string(i));
        const PublishTicket ticket = lan.publish(1, sent.back());
        CHECK(ticket > last);
        last = ticket;
    }
    lan.run_for(1s);
    CHECK(lan.payloads(1) == sent);
    CHECK(lan.payloads(2) == sent);
}

TEST_CASE("one call puts out a bounded number of datagrams and is due again at once",
          "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(7));  // six windows are more than one call may put out
    for (int i = 0; i < 100; ++i) lan.publish(1, std::string(800, 'x'));
    bool was_cut = false;
    std::size_t sent = 0;
    for (int call = 0; call < 50; ++call) {
        const Outputs outputs = lan.engine(1).handle_timeout(lan.now());
        CHECK(outputs.transmits.size() <= 128);
        sent += outputs.transmits.size();
        const auto next = lan.engine(1).next_deadline();
        REQUIRE(next);
        if (*next > lan.now().monotonic) break;
        was_cut = was_cut || outputs.transmits.size() == 128;
    }
    CHECK(was_cut);
    CHECK(sent >= 6 * CongestionWindow::kInitial);
    CHECK(*lan.engine(1).next_deadline() > lan.now().monotonic);
}

TEST_CASE("after a timeout the next deadline lies ahead, whatever happens", "[engine]") {
    Lan lan;  // its turns abort when a deadline does not pass
    lan.loses = [&](unsigned from, unsigned to, ByteView) {
        const bool is_dark = lan.elapsed() > 5s && lan.elapsed() < 12s;
        return (is_dark && (from == 2 || to == 2)) || (lan.elapsed() / 1ms * 7919 + from) % 5 == 0;
    };
    for (unsigned i = 1; i <= 3; ++i) lan.add(i);
    for (int i = 0; i < 400; ++i) {
        lan.publish(1 + static_cast<unsigned>(i) % 3, std::to_string(i), {20s});
        lan.run_for(50ms);
    }
    lan.loses = nullptr;
    CHECK(lan.run_until([&] { return lan.is_complete(); }));
    lan.run_for(5s);
    for (unsigned i = 1; i <= 3; ++i) {
        std::vector<std::string> got = lan.payloads(i);
        std::sort(got.begin(), got.end());
        CHECK(std::adjacent_find(got.begin(), got.end()) == got.end());
        CHECK(got.size() > 200);
    }
}

TEST_CASE("malformed datagrams are counted by cause and never answered", "[engine]") {
    Lan lan;
    Engine& engine = lan.add(1);
    const auto feed = [&](const Bytes& datagram, Counter why) {
        const std::uint64_t count = engine.counters()[why];
        const Outputs outputs = engine.handle_datagram(place(9), datagram, lan.now());
        CHECK(outputs.is_empty());
        CHECK(engine.counters()[why] == count + 1);
    };
    feed({}, Counter::refused_too_short);
    feed({1}, Counter::refused_too_short);
    feed({2, 1}, Counter::refused_bad_version);
    feed({1, 0}, Counter::refused_unknown_type);
    feed({1, 8}, Counter::refused_unknown_type);
    for (std::uint8_t type = 1; type <= 7; ++type) {
        feed({1, type}, Counter::refused_malformed_packet);
        feed(Bytes(1'452, 1), Counter::refused_malformed_packet);
    }
    Bytes sealed(100, 0);
    sealed[0] = 1;
    sealed[1] = 6;
    sealed[2] = 1;
    feed(sealed, Counter::refused_unknown_session);
    CHECK(engine.counters()[Counter::datagrams_received] == 20);
}

TEST_CASE("a source that sends too much is not even read", "[engine]") {
    Lan lan;
    Engine& engine = lan.add(1);
    Bytes hello(wire::kHelloSize, 0);
    hello[0] = 1;
    hello[1] = 1;
    for (int i = 0; i < 1'000; ++i) {
        const Outputs outputs = engine.handle_datagram(place(9), hello, lan.now());
        CHECK(outputs.is_empty());
    }
    CHECK(engine.counters()[Counter::refused_source_rate] == 900);
    CHECK(engine.counters()[Counter::refused_wrong_network] == 100);
}

TEST_CASE("sessions are not touched by what strangers send in their neighbours' names",
          "[engine]") {
    Lan lan;
    REQUIRE(lan.make_complete(2));
    std::vector<Bytes> sealed;
    lan.sees = [&](unsigned from, const Transmit& transmit) {
        if (from == 2 && transmit.datagram[1] == 6)
            sealed.emplace_back(transmit.datagram.begin(), transmit.datagram.end());
    };
    lan.run_for(1s);
    lan.sees = nullptr;
    REQUIRE_FALSE(sealed.empty());
    Engine& engine = lan.engine(1);
    for (const Bytes& datagram : sealed) {  // all of them seen before
        const std::uint64_t count = engine.counters()[Counter::refused_replayed];
        CHECK(engine.handle_datagram(place(2), datagram, lan.now()).is_empty());
        CHECK(engine.counters()[Counter::refused_replayed] == count + 1);
    }
    Bytes forged = sealed.back();
    forged[18] = 0xff;  // a counter not seen yet
    CHECK(engine.handle_datagram(place(2), forged, lan.now()).is_empty());
    CHECK(engine.counters()[Counter::refused_forged] == 1);
    // From another place it is no session's.
    CHECK(engine.handle_datagram(place(3), forged, lan.now()).is_empty());
    CHECK(engine.counters()[Counter::refused_unknown_session] == 1);
    lan.run_for(3s);
    CHECK(lan.is_complete());
}

}  // namespace
}  // namespace hearsay::gossip
