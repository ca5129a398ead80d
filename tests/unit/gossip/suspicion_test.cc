#include "daemon/gossip/membership.h"
#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

// Accusations, refutations and failures, as node 1 sees them.
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

// Members 2 to `last`, all unlinked.
struct Scene {
    explicit Scene(unsigned last = 8) : membership(ground.core, records, kStart) {
        for (unsigned i = 2; i <= last; ++i) accept(Author(i).presence(kEpoch, 1));
        membership.handle_timeout(kStart);
        membership.take_publications();
        ground.take();
    }
    void accept(const Batch& batch, Duration now = 0s) {
        REQUIRE(membership.accept({batch.header, batch.uid, batch.signature, batch.built.root,
                                   batch.built.body},
                                  after(now)));
        membership.check_invariants();
    }
    void accuse(unsigned accuser, unsigned target, Duration now = 0s, std::uint64_t version = 1) {
        accept(Author(accuser).suspect(++number, {node_of(target), kEpoch, version}), now);
    }
    // A link to `target` goes silent here.
    void lose(unsigned target, Duration now = 0s) {
        membership.handle_link_up(node_of(target), place(target), kStart + now - 2s);
        membership.handle_link_down(node_of(target), true, kStart + now);
    }
    void timeout(Duration now) { membership.handle_timeout(kStart + now); }
    MemberState state(unsigned target) { return membership.find(node_of(target))->state; }
    // What is published, but for refreshes.
    std::vector<Publication> news() {
        std::vector<Publication> result = membership.take_publications();
        std::erase_if(result, [](const Publication& one) { return !one.is_news; });
        return result;
    }

    ground::Ground ground;
    Records records;
    Membership membership;
    std::uint64_t number = 0;
};

TEST_CASE("a silent link is an accusation of the state the member was in", "[suspicion]") {
    Scene scene;
    scene.lose(2);
    const auto publications = scene.news();
    REQUIRE(publications.size() == 1);
    CHECK(publications[0].kind == wire::Kind::suspect);
    const auto suspect = decode_suspect(publications[0].body);
    REQUIRE(suspect);
    CHECK(suspect->target == node_of(2));
    CHECK(suspect->epoch == kEpoch);
    CHECK(suspect->version == 1);
    CHECK(scene.state(2) == MemberState::suspect);
    const ground::Put put = scene.ground.take();
    const Event* event = put.find(EventKind::member_suspected);
    REQUIRE(event != nullptr);
    CHECK(event->member == node_of(2));
    CHECK(event->other == node_of(1));
    CHECK(scene.membership.alive_count() == 8);  // suspects still live
}

TEST_CASE("a link closed in order accuses nobody", "[suspicion]") {
    Scene scene;
    scene.membership.handle_link_up(node_of(2), place(2), kStart);
    scene.membership.handle_link_down(node_of(2), false, kStart);
    CHECK(scene.news().empty());
    CHECK(scene.state(2) == MemberState::alive);
}

TEST_CASE("one accuser is not believed for 3 s", "[suspicion]") {
    Scene scene;
    scene.accuse(3, 2);
    scene.timeout(2'999ms);
    CHECK(scene.state(2) == MemberState::suspect);
    CHECK(scene.membership.next_deadline() == kStart + 3s);
    scene.timeout(3s);
    CHECK(scene.state(2) == MemberState::failed);
    const ground::Put put = scene.ground.take();
    const Event* event = put.find(EventKind::member_failed);
    REQUIRE(event != nullptr);
    CHECK(event->other == node_of(3));
    CHECK_FALSE(event->text.empty());
    CHECK(scene.membership.alive_count() == 7);
}

TEST_CASE("two accusers are believed after half a second", "[suspicion]") {
    Scene scene;
    scene.accuse(3, 2);
    scene.accuse(4, 2, 1s);
    scene.timeout(1'499ms);
    CHECK(scene.state(2) == MemberState::suspect);
    scene.timeout(1'500ms);
    CHECK(scene.state(2) == MemberState::failed);
    CHECK(scene.ground.take().count(EventKind::member_suspected) == 1);
}

TEST_CASE("a second accuser late in the 3 s does not prolong them", "[suspicion]") {
    Scene scene;
    scene.accuse(3, 2);
    scene.accuse(4, 2, 2'900ms);
    scene.timeout(3s);
    CHECK(scene.state(2) == MemberState::failed);
}

TEST_CASE("one who accuses twice is one accuser", "[suspicion]") {
    Scene scene;
    for (int i = 0; i < 10; ++i) scene.accuse(3, 2, 100ms * i);
    scene.timeout(2'999ms);
    CHECK(scene.state(2) == MemberState::suspect);
}

TEST_CASE("accusers are remembered up to a bound", "[suspicion]") {
    Scene scene(30);
    for (unsigned i = 3; i < 30; ++i) scene.accuse(i, 2);
    CHECK(scene.membership.find(node_of(2))->accusations.size() == Membership::kAccusersMax);
}

TEST_CASE("where three live, one accuser is enough at once", "[suspicion]") {
    Scene scene(3);
    scene.accuse(3, 2, 1s);
    scene.timeout(1s);
    CHECK(scene.state(2) == MemberState::failed);
    Scene larger(4);
    larger.accuse(3, 2, 1s);
    larger.timeout(1s);
    CHECK(larger.state(2) == MemberState::suspect);
}

TEST_CASE("a newer presence refutes, an older state's accusation is void", "[suspicion]") {
    Scene scene;
    scene.accuse(3, 2);
    scene.accept(Author(2).presence(kEpoch, 2), 200ms);
    CHECK(scene.state(2) == MemberState::alive);
    scene.accuse(4, 2, 300ms, 1);
    CHECK(scene.state(2) == MemberState::alive);
    scene.timeout(10s);
    CHECK(scene.state(2) == MemberState::alive);
    CHECK(scene.ground.take().count(EventKind::member_failed) == 0);
    scene.accuse(4, 2, 11s, 2);
    CHECK(scene.state(2) == MemberState::suspect);
}

TEST_CASE("accusers of a state that was refuted do not count for the next", "[suspicion]") {
    Scene scene;
    scene.accuse(3, 2);
    scene.accept(Author(2).presence(kEpoch, 2), 200ms);
    scene.accuse(4, 2, 300ms, 2);
    scene.timeout(2s);
    CHECK(scene.state(2) == MemberState::suspect);  // one accuser again
}

TEST_CASE("whom we hear ourselves nobody can accuse to us", "[suspicion]") {
    Scene scene;
    scene.membership.handle_link_up(node_of(2), place(2), kStart);
    scene.accuse(3, 2, 900ms);
    CHECK(scene.state(2) == MemberState::alive);
    scene.membership.note_heard(node_of(2), kStart + 2s);
    scene.accuse(3, 2, 2'900ms);
    CHECK(scene.state(2) == MemberState::alive);
    scene.accuse(3, 2, 3'100ms);  // silent here too
    CHECK(scene.state(2) == MemberState::suspect);
}

TEST_CASE("an accusation made while we still hear the accused counts when we do not",
          "[suspicion]") {
    Scene scene;
    scene.membership.handle_link_up(node_of(2), place(2), kStart);
    scene.accuse(3, 2, 900ms);
    CHECK(scene.state(2) == MemberState::alive);
    scene.membership.handle_link_down(node_of(2), true, kStart + 1500ms);
    CHECK(scene.state(2) == MemberState::suspect);
    scene.timeout(1999ms);
    CHECK(scene.state(2) == MemberState::suspect);
    scene.timeout(2s);  // two accusers
    CHECK(scene.state(2) == MemberState::failed);
}

TEST_CASE("an accuser who was refuted is not believed about that member for a minute",
          "[suspicion]") {
    Scene scene;
    scene.accuse(3, 2);
    scene.accept(Author(2).presence(kEpoch, 2), 200ms);
    scene.accuse(3, 2, 10s, 2);
    CHECK(scene.state(2) == MemberState::alive);
    scene.accuse(3, 4, 10s);
    CHECK(scene.state(4) == MemberState::suspect);
    scene.accuse(3, 2, 60'200ms, 2);
    CHECK(scene.state(2) == MemberState::suspect);
}

TEST_CASE("a new link acquits", "[suspicion]") {
    Scene scene;
    scene.accuse(3, 2);
    scene.membership.handle_link_up(node_of(2), place(2), kStart + 1s);
    CHECK(scene.state(2) == MemberState::alive);
    scene.timeout(10s);
    CHECK(scene.state(2) == MemberState::alive);
}

TEST_CASE("strangers, the failed and the left are not accused", "[suspicion]") {
    Scene scene;
    scene.accuse(3, 99);
    CHECK(scene.membership.find(node_of(99)) == nullptr);
    scene.accept(Author(2).leave(kEpoch, 2));
    scene.accuse(3, 2, 0s, 2);
    scene.timeout(10s);
    CHECK(scene.state(2) == MemberState::left);
    scene.accuse(3, 4);
    scene.timeout(4s);
    REQUIRE(scene.state(4) == MemberState::failed);
    scene.ground.take();
    scene.accuse(5, 4, 5s);
    scene.timeout(20s);
    CHECK(scene.ground.take().events.empty());
}

TEST_CASE("this node accuses a member once in 10 s", "[suspicion]") {
    Scene scene;
    scene.lose(2);
    CHECK(scene.news().size() == 1);
    scene.lose(2, 9'999ms);
    CHECK(scene.news().empty());
    scene.lose(2, 10s);
    CHECK(scene.news().size() == 1);
}

TEST_CASE("where two have accused already a third adds no traffic", "[suspicion]") {
    Scene scene;
    scene.membership.handle_link_up(node_of(2), place(2), kStart);
    scene.accuse(3, 2, 1'400ms);
    scene.accuse(4, 2, 1'400ms);
    scene.membership.handle_link_down(node_of(2), true, kStart + 1'500ms);
    CHECK(scene.news().empty());
    CHECK(scene.membership.find(node_of(2))->accusations.size() == 3);
}

TEST_CASE("accusations of this node are numbered apart", "[suspicion]") {
    Scene scene;
    scene.lose(2);
    scene.lose(3);
    const auto publications = scene.news();
    REQUIRE(publications.size() == 2);
    CHECK(publications[0].version != publications[1].version);
}

TEST_CASE("an accusation of ourselves is refuted with a newer presence", "[suspicion]") {
    Scene scene;
    const std::uint64_t version = scene.membership.version();
    scene.accuse(3, 1, 0s, version);
    const auto publications = scene.news();
    REQUIRE(publications.size() == 1);
    CHECK(publications[0].kind == wire::Kind::presence);
    CHECK(publications[0].version == version + 1);
}

TEST_CASE("several accusers of one state get one answer", "[suspicion]") {
    Scene scene;
    const std::uint64_t version = scene.membership.version();
    for (unsigned i = 3; i < 8; ++i) scene.accuse(i, 1, 1ms * i, version);
    CHECK(scene.news().size() == 1);
    // The answer itself may be accused in its turn.
    scene.accuse(3, 1, 50ms, version + 1);
    CHECK(scene.news().size() == 1);
}

TEST_CASE("who has not heard our answer gets another, five a second at most", "[suspicion]") {
    Scene scene;
    const std::uint64_t version = scene.membership.version();
    scene.accuse(3, 1, 0s, version);
    REQUIRE(scene.news().size() == 1);
    scene.accuse(4, 1, 199ms, version);
    CHECK(scene.news().empty());
    scene.accuse(5, 1, 200ms, version);
    CHECK(scene.news().size() == 1);
    scene.accuse(6, 1, 10s, version + 100);  // of a state we never were in
    CHECK(scene.news().empty());
}

}  // namespace
}  // namespace hearsay::gossip
