#include "daemon/gossip/membership.h"

#include <random>

#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

// Who is known, and what this node, 1, says of itself.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::after;
using ground::Author;
using ground::Batch;
using ground::kEpoch;
using ground::kStart;
using ground::node_of;
using ground::place;

struct Scene {
    explicit Scene(const config::Gossip& config = {})
        : ground(1, config), membership(ground.core, records, kStart) {}

    // A record as the flood hands it on: verified and not older than what is held.
    bool accept(const Batch& batch, Duration now = 0s) {
        if (membership.standing_of(batch.header) != Membership::Standing::news) return false;
        const bool is_record = membership.accept(
            {batch.header, batch.uid, batch.signature, batch.built.root, batch.built.body},
            after(now));
        membership.check_invariants();
        return is_record;
    }
    void join(unsigned number, Duration now = 0s) {
        REQUIRE(accept(Author(number).presence(kEpoch, 1), now));
    }
    void link(unsigned number, Duration now = 0s) {
        membership.handle_link_up(node_of(number), place(number), kStart + now);
    }
    const Member& member(unsigned number) { return *membership.find(node_of(number)); }
    std::vector<Publication> timeout(Duration now) {
        membership.handle_timeout(kStart + now);
        membership.check_invariants();
        return membership.take_publications();
    }
    ground::Put events() { return ground.take(); }

    ground::Ground ground;
    Records records;
    Membership membership;
};

TEST_CASE("a node speaks of itself at once, then now and then without making it news",
          "[membership]") {
    Scene scene;
    CHECK(scene.membership.next_deadline() == kStart);
    const auto first = scene.timeout(0s);
    REQUIRE(first.size() == 1);
    CHECK(first[0].kind == wire::Kind::presence);
    CHECK(first[0].epoch == kEpoch);
    CHECK(first[0].version == 1);
    CHECK(first[0].is_news);
    const auto presence = decode_presence(first[0].body);
    REQUIRE(presence);
    CHECK(presence->name == "node1");
    std::vector<Duration> times;
    for (Duration now = 1s; now < 20min; now += 100ms)
        for (const Publication& publication : scene.timeout(now)) {
            CHECK_FALSE(publication.is_news);
            CHECK(publication.version == times.size() + 2);
            // Four refreshes may be missed before it has lapsed.
            CHECK(std::chrono::milliseconds(publication.lifetime_ms) >=
                  4 * Membership::kRefreshInterval);
            times.push_back(now);
        }
    REQUIRE(times.size() > 10);
    for (std::size_t i = 1; i < times.size(); ++i) {
        CHECK(times[i] - times[i - 1] >= Membership::kRefreshInterval * 9 / 10);
        CHECK(times[i] - times[i - 1] <= Membership::kRefreshInterval * 11 / 10 + 100ms);
    }
}

TEST_CASE("the more members, the more rarely each speaks", "[membership]") {
    Scene scene;
    for (unsigned i = 2; i < 202; ++i) scene.join(i);
    scene.timeout(0s);
    const Duration next = *scene.membership.next_deadline() - kStart;
    CHECK(next >= 200 * Membership::kRefreshPerMember * 9 / 10);
    CHECK(next <= 200 * Membership::kRefreshPerMember * 11 / 10);
}

TEST_CASE("changed tags and addresses are news, unchanged ones are not", "[membership]") {
    Scene scene;
    scene.timeout(0s);
    scene.membership.set_tags({{"role", "db"}}, kStart);
    scene.membership.set_addresses({place(1)}, kStart);
    const auto changed = scene.membership.take_publications();
    REQUIRE(changed.size() == 2);
    CHECK(changed[1].is_news);
    CHECK(changed[1].version == 3);
    CHECK(decode_presence(changed[1].body)->addresses == std::vector<Endpoint>{place(1)});
    CHECK(decode_presence(changed[1].body)->tags == std::vector<config::Tag>{{"role", "db"}});
    scene.membership.set_tags({{"role", "db"}}, kStart);
    scene.membership.set_addresses({place(1)}, kStart);
    CHECK(scene.membership.take_publications().empty());
}

TEST_CASE("a first presence joins, a changed one updates, a refresh is quiet", "[membership]") {
    Scene scene;
    scene.accept(Author(2).presence(kEpoch, 1, {"two", "", {place(2)}, {}}));
    CHECK(scene.events().count(EventKind::member_joined) == 1);
    CHECK(scene.membership.take_news() == std::vector<crypto::NodeId>{node_of(2)});
    CHECK(scene.membership.alive_count() == 2);
    scene.accept(Author(2).presence(kEpoch, 2, {"two", "", {place(2)}, {}}));
    CHECK(scene.events().events.empty());
    CHECK(scene.membership.take_news().empty());
    scene.accept(Author(2).presence(kEpoch, 3, {"2", "", {place(2)}, {}}));
    CHECK(scene.events().count(EventKind::member_updated) == 1);
    CHECK(scene.membership.take_news().size() == 1);
    CHECK(scene.member(2).presence().name == "2");
    CHECK(scene.member(2).version == 3);
    CHECK(scene.records.find(node_of(2))->version() == 3);
}

TEST_CASE("the newest record wins, whatever comes later", "[membership]") {
    Scene scene;
    scene.accept(Author(2).presence(kEpoch, 5));
    using Standing = Membership::Standing;
    const auto standing = [&](std::uint64_t epoch, std::uint64_t version,
                              wire::Kind kind = wire::Kind::presence) {
        return scene.membership.standing_of(Author(2).record(kind, epoch, version, Bytes{}).header);
    };
    CHECK(standing(kEpoch, 4) == Standing::stale);
    CHECK(standing(kEpoch, 5) == Standing::known);
    CHECK(standing(kEpoch, 6) == Standing::news);
    CHECK(standing(kEpoch - 1, 99) == Standing::stale);
    CHECK(standing(kEpoch + 1, 1) == Standing::news);
    CHECK(standing(kEpoch, 4, wire::Kind::leave) == Standing::stale);
    CHECK(standing(kEpoch, 6, wire::Kind::leave) == Standing::news);
    CHECK(standing(kEpoch, 1, wire::Kind::suspect) == Standing::news);
    CHECK(standing(kEpoch, 1, static_cast<wire::Kind>(99)) == Standing::news);
}

TEST_CASE("records that are none are refused", "[membership]") {
    Scene scene;
    const Bytes nonsense{9};
    CHECK_FALSE(scene.accept(Author(2).record(wire::Kind::presence, 1, 1, nonsense)));
    CHECK_FALSE(scene.accept(Author(2).record(wire::Kind::suspect, 1, 1, nonsense)));
    CHECK_FALSE(scene.accept(Author(2).record(wire::Kind::leave, 1, 1, nonsense)));
    CHECK(scene.membership.all().empty());
    CHECK(scene.records.size() == 0);
    CHECK(scene.accept(Author(2).record(static_cast<wire::Kind>(99), 1, 1, nonsense)));
    CHECK(scene.membership.all().empty());
}

TEST_CASE("a member nobody hears of any more has lapsed", "[membership]") {
    Scene scene;
    scene.join(2);  // said to be good for 120 s
    scene.timeout(119'999ms);
    CHECK(scene.member(2).state == MemberState::alive);
    scene.timeout(120s);
    CHECK(scene.member(2).state == MemberState::failed);
    const ground::Put put = scene.events();
    const Event* event = put.find(EventKind::member_failed);
    REQUIRE(event != nullptr);
    CHECK(event->other.is_zero());
    CHECK(scene.membership.alive_count() == 1);
}

TEST_CASE("a linked member does not lapse; once the link is gone it may", "[membership]") {
    Scene scene;
    scene.join(2);
    scene.join(3);
    scene.link(2);
    scene.link(3);
    scene.timeout(1h);
    CHECK(scene.member(2).state == MemberState::alive);
    scene.membership.handle_link_down(node_of(2), false, kStart + 1h);
    const Duration lapse = Membership::kRefreshesMissed * Membership::kRefreshInterval;
    scene.timeout(1h + lapse - 1s);
    CHECK(scene.member(2).state == MemberState::alive);
    scene.timeout(1h + lapse + 1s);
    CHECK(scene.member(2).state == MemberState::failed);
}

TEST_CASE("who has lost the last link takes all for failed after five seconds", "[membership]") {
    Scene scene;
    scene.join(2);
    scene.join(3);
    scene.link(2);
    scene.membership.handle_link_down(node_of(2), false, kStart + 1s);
    scene.timeout(5'999ms);
    CHECK(scene.member(2).state == MemberState::alive);
    CHECK(scene.membership.next_deadline() == kStart + 6s);
    scene.timeout(6s);
    CHECK(scene.member(2).state == MemberState::failed);
    CHECK(scene.member(3).state == MemberState::failed);
    CHECK(scene.events().count(EventKind::member_failed) == 2);

    Scene other;
    other.join(2);
    other.link(2);
    other.membership.handle_link_down(node_of(2), false, kStart + 1s);
    other.link(2, 2s);
    other.timeout(20s);
    CHECK(other.member(2).state == MemberState::alive);
}

TEST_CASE("who was apart from others says that it lives, once in two seconds", "[membership]") {
    Scene scene;
    scene.timeout(0s);
    scene.join(2);
    scene.timeout(3min);  // lapsed: nobody refreshed it
    REQUIRE(scene.member(2).state == MemberState::failed);
    REQUIRE(scene.accept(Author(2).presence(kEpoch, 2), 3min));
    const auto answer = scene.timeout(3min + 50ms);
    REQUIRE(answer.size() == 1);
    CHECK(answer[0].is_news);

    scene.join(3, 3min);
    scene.timeout(3min + 51ms);
    scene.timeout(6min + 1s);
    REQUIRE(scene.member(3).state == MemberState::failed);
    // A restarted member knows nothing wrong of us.
    REQUIRE(scene.accept(Author(3).presence(kEpoch + 1, 1), 6min + 1s));
    for (const Publication& publication : scene.timeout(6min + 1100ms))
        CHECK_FALSE(publication.is_news);
}

TEST_CASE("a failed member that speaks again has joined again", "[membership]") {
    Scene scene;
    scene.join(2);
    scene.timeout(1h);
    scene.events();
    scene.accept(Author(2).presence(kEpoch, 2), 1h);
    CHECK(scene.member(2).state == MemberState::alive);
    CHECK(scene.events().count(EventKind::member_joined) == 1);
    CHECK(scene.membership.take_news().size() == 2);
    CHECK(scene.membership.alive_count() == 2);
    // Or by a link, before its newer presence has come.
    scene.timeout(2h);
    REQUIRE(scene.member(2).state == MemberState::failed);
    scene.events();
    scene.link(2, 2h);
    CHECK(scene.member(2).state == MemberState::alive);
    CHECK(scene.events().count(EventKind::member_joined) == 1);
}

TEST_CASE("a failed member is forgotten after a day", "[membership]") {
    Scene scene;
    scene.join(2);
    scene.timeout(120s);
    scene.timeout(120s + Membership::kReapAfter - 1ms);
    CHECK(scene.membership.find(node_of(2)) != nullptr);
    CHECK(scene.records.size() == 1);
    scene.timeout(120s + Membership::kReapAfter);
    CHECK(scene.membership.find(node_of(2)) == nullptr);
    CHECK(scene.records.size() == 0);
}

TEST_CASE("a goodbye is believed, and taken back by a newer presence", "[membership]") {
    Scene scene;
    scene.join(2);
    scene.events();
    CHECK(scene.accept(Author(2).leave(kEpoch, 2)));
    CHECK(scene.member(2).state == MemberState::left);
    CHECK(scene.events().count(EventKind::member_left) == 1);
    CHECK(scene.membership.alive_count() == 1);
    CHECK(scene.records.find(node_of(2))->header.kind == wire::Kind::leave);
    CHECK_FALSE(scene.accept(Author(2).presence(kEpoch, 1)));
    scene.timeout(1h);
    CHECK(scene.member(2).state == MemberState::left);  // not failed
    CHECK(scene.accept(Author(2).presence(kEpoch + 1, 1)));
    CHECK(scene.member(2).state == MemberState::alive);
    CHECK(scene.events().count(EventKind::member_joined) == 1);
}

TEST_CASE("this node's goodbye is above its presence, and its last word", "[membership]") {
    Scene scene;
    scene.timeout(0s);
    scene.membership.leave(kStart);
    const auto publications = scene.membership.take_publications();
    REQUIRE(publications.size() == 1);
    CHECK(publications[0].kind == wire::Kind::leave);
    CHECK(publications[0].version == 2);
    CHECK(publications[0].body.empty());
    CHECK(publications[0].is_news);
    scene.membership.set_tags({{"a", "b"}}, kStart);
    CHECK(scene.timeout(1h).empty());
    CHECK(scene.accept(Author(2).suspect(1, {node_of(1), kEpoch, 2})));
    CHECK(scene.timeout(1h).empty());
    CHECK(scene.membership.next_deadline() == std::nullopt);
}

TEST_CASE("the members worth dialling after a restart are those with a place that did not leave",
          "[membership]") {
    Scene scene;
    scene.accept(Author(2).presence(kEpoch, 1, {"", "", {place(2), place(20)}, {}}));
    scene.membership.handle_link_up(node_of(2), place(20), kStart);
    scene.accept(Author(3).presence(kEpoch, 1));
    scene.accept(Author(4).presence(kEpoch, 1, {"", "", {place(4)}, {}}));
    scene.accept(Author(4).leave(kEpoch, 2));
    scene.accept(Author(5).presence(kEpoch, 1, {"", "", {place(5)}, {}}));
    scene.membership.handle_timeout(kStart + 1h);  // 5 has failed, and may be back
    const auto remembered = scene.membership.remembered();
    REQUIRE(remembered.size() == 2);
    for (const auto& member : remembered) {
        if (member.id == node_of(2))
            CHECK(member.addresses == std::vector<Endpoint>{place(20), place(2)});
        else
            CHECK(member.id == node_of(5));
    }
}

TEST_CASE("a full table lets the gone go first, then strangers, and keeps neighbours",
          "[membership]") {
    config::Gossip config;
    config.limits.members = 5;  // ourselves among them
    Scene scene(config);
    for (unsigned i = 2; i <= 5; ++i) scene.join(i, 1s * i);
    scene.link(2, 6s);
    scene.link(4, 6s);
    scene.accept(Author(5).leave(kEpoch, 2), 7s);
    scene.join(6, 8s);  // for 5, which left
    CHECK(scene.membership.find(node_of(5)) == nullptr);
    CHECK(scene.records.find(node_of(5)) == nullptr);
    scene.join(7, 9s);  // for 3, never linked and heard longest ago
    CHECK(scene.membership.find(node_of(3)) == nullptr);
    CHECK(scene.membership.find(node_of(6)) != nullptr);
    scene.link(6, 10s);
    scene.link(7, 10s);
    CHECK(scene.accept(Author(8).presence(kEpoch, 1), 11s));  // passed on, not kept
    CHECK(scene.membership.find(node_of(8)) == nullptr);
    CHECK(scene.membership.all().size() == 4);
    CHECK(scene.membership.alive_count() == 5);
    CHECK(scene.ground.counted(Counter::members_evicted) >= 2);
}

TEST_CASE("a node that finds a newer record of itself rises above it", "[membership]") {
    Scene scene;
    scene.timeout(0s);
    scene.membership.handle_own_record(kEpoch, 1, kStart);
    scene.membership.handle_own_record(kEpoch - 1, 99, kStart);
    CHECK(scene.membership.take_publications().empty());
    scene.membership.handle_own_record(kEpoch, 9, kStart);
    auto publications = scene.membership.take_publications();
    REQUIRE(publications.size() == 1);
    CHECK(publications[0].epoch == kEpoch);
    CHECK(publications[0].version == 10);
    scene.membership.handle_own_record(kEpoch + 5, 1, kStart);
    publications = scene.membership.take_publications();
    REQUIRE(publications.size() == 1);
    CHECK(publications[0].epoch == kEpoch + 6);
    CHECK(publications[0].is_news);
    CHECK(scene.ground.core.epoch == kEpoch + 6);
    CHECK(scene.events().events.empty());  // a restart with old state is no clone
}

TEST_CASE("a record of ourselves that comes by the flood counts as well", "[membership]") {
    Scene scene;
    scene.timeout(0s);
    CHECK(scene.accept(Author(1).presence(kEpoch + 1, 3)));
    CHECK(scene.ground.core.epoch == kEpoch + 2);
    CHECK(scene.accept(Author(1).leave(kEpoch + 7, 3), 2min));
    CHECK(scene.ground.core.epoch == kEpoch + 8);
    CHECK(scene.membership.all().empty());
}

TEST_CASE("a key in use twice is told of, and makes epochs rise once a minute only",
          "[membership]") {
    Scene scene;
    scene.timeout(0s);
    scene.membership.handle_own_record(100, 1, kStart);
    CHECK(scene.ground.core.epoch == 101);
    scene.membership.handle_own_record(200, 1, kStart + 59s);
    CHECK(scene.ground.core.epoch == 101);
    scene.membership.handle_own_record(200, 1, kStart + 61s);
    CHECK(scene.ground.core.epoch == 201);
    CHECK(scene.events().count(EventKind::duplicate_identity) == 1);
}

TEST_CASE("a record of our key that was signed since we started is a clone's, and says where it is",
          "[membership]") {
    Scene scene;
    scene.timeout(0s);
    scene.membership.set_addresses({place(1), place(2)}, kStart);
    Presence elsewhere;
    elsewhere.name = "copy";
    elsewhere.addresses = {place(1), place(9)};
    Batch record = Author(1).presence(kEpoch + 1, 1, elsewhere);
    record.header.created_ms = scene.ground.core.started_wall.ms;
    CHECK(scene.accept(record));
    CHECK(scene.events().events.empty());  // as old as our start: our own, before a restart
    record.header.epoch = kEpoch + 5;
    record.header.created_ms = scene.ground.core.started_wall.ms + 1;
    CHECK(scene.accept(record, 1s));
    const ground::Put put = scene.events();
    const Event* event = put.find(EventKind::duplicate_identity);
    REQUIRE(event != nullptr);
    CHECK(event->at == place(9));
    record.header.epoch = kEpoch + 50;
    CHECK(scene.accept(record, 2s));
    CHECK(scene.events().count(EventKind::duplicate_identity) == 0);  // once a minute is enough
}

TEST_CASE("the highest epoch there is does not wrap round", "[membership]") {
    Scene scene;
    scene.timeout(0s);
    scene.membership.take_publications();
    scene.membership.handle_own_record(UINT64_MAX, UINT64_MAX, kStart);
    CHECK(scene.ground.core.epoch == kEpoch);
    CHECK(scene.membership.take_publications().empty());
}

TEST_CASE("our own key at another place is told of unless it is ourselves", "[membership]") {
    Scene scene;
    scene.membership.note_clone(place(9), kEpoch, kStart);
    CHECK(scene.events().events.empty());
    scene.membership.note_clone(place(9), kEpoch + 1, kStart);
    const ground::Put put = scene.events();
    const Event* event = put.find(EventKind::duplicate_identity);
    REQUIRE(event != nullptr);
    CHECK(event->at == place(9));
}

TEST_CASE("the directory under random use keeps its invariants", "[membership]") {
    const auto seed = Catch::rngSeed();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    config::Gossip config;
    config.limits.members = 16;
    Scene scene(config);
    Duration now = 0s;
    for (int step = 0; step < 10'000; ++step) {
        now += 1ms * (random() % 3'000);
        const unsigned number = 2 + static_cast<unsigned>(random() % 30);
        const std::uint64_t version = random() % 1'000;
        switch (random() % 7) {
            case 0:
            case 1:
                scene.accept(Author(number).presence(kEpoch, version), now);
                break;
            case 2:
                scene.accept(Author(number).leave(kEpoch, version), now);
                break;
            case 3: {
                const unsigned target = 1 + static_cast<unsigned>(random() % 31);
                const Member* member = scene.membership.find(node_of(target));
                const std::uint64_t about = member ? member->version : version;
                scene.accept(Author(number).suspect(version, {node_of(target), kEpoch, about}),
                             now);
                break;
            }
            case 4:
                scene.link(number, now);
                break;
            case 5:
                scene.membership.handle_link_down(node_of(number), random() % 2 == 0, kStart + now);
                break;
            case 6:
                scene.timeout(now);
                break;
        }
        scene.membership.check_invariants();
        scene.records.check_invariants();
        scene.events();
        REQUIRE(scene.records.size() <= scene.membership.all().size());
    }
}

}  // namespace
}  // namespace hearsay::gossip
