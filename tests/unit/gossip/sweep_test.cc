#include "daemon/gossip/sweep.h"

#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::after;
using ground::Author;
using ground::kEpoch;
using ground::kStart;
using ground::node_of;
using ground::place;

// Members 2 to `last`, alive, at their places, without a link to node 1.
struct Scene {
    explicit Scene(unsigned last = 9)
        : desk(ground.core),
          handshakes(ground.core, desk),
          membership(ground.core, records, kStart),
          sweep(ground.core, membership, handshakes) {
        for (unsigned i = 2; i <= last; ++i) {
            Presence presence;
            presence.name = "node" + std::to_string(i);
            presence.addresses = {place(i)};
            const auto batch = Author(i).presence(kEpoch, 1, presence);
            REQUIRE(membership.accept({batch.header, batch.uid, batch.signature, batch.built.root,
                                       batch.built.body},
                                      after(0s)));
        }
        ground.take();
    }
    void begin() {
        sweep.handle_suspicion(kStart + now);
        sweep.handle_suspicion(kStart + now);
    }
    // As a host would: only when something is due.
    void run_for(Duration duration) {
        const Duration end = now + duration;
        for (std::size_t turns = 0; sweep.next_deadline(); ++turns) {
            const Duration due = std::max(*sweep.next_deadline() - kStart, now);
            if (due > end) break;
            REQUIRE(turns < 10'000);  // it does not spin
            now = due;
            sweep.handle_timeout(kStart + now);
            for (const auto& sent : ground.take().sent) ++hellos[sent.to];
        }
        now = end;
    }
    bool is_accused(unsigned number) {
        return membership.find(node_of(number))->state != MemberState::alive;
    }

    ground::Ground ground{1};
    VerifyDesk desk;
    Handshakes handshakes;
    Records records;
    Membership membership;
    Sweep sweep;
    Duration now{};
    std::map<Endpoint, unsigned> hellos;
};

TEST_CASE("one suspicion begins no sweep, nor do two far apart", "[sweep]") {
    Scene scene;
    scene.sweep.handle_suspicion(kStart);
    scene.sweep.handle_suspicion(kStart + Sweep::kWindow);
    CHECK(scene.sweep.next_deadline() == std::nullopt);
    scene.sweep.handle_suspicion(kStart + Sweep::kWindow + 1s);
    CHECK(scene.sweep.next_deadline().has_value());
}

TEST_CASE("who answers none of three HELLOs is accused, who answers is not", "[sweep]") {
    Scene scene;
    scene.begin();
    for (int i = 0; i < 120; ++i) {
        scene.run_for(100ms);
        if (scene.hellos.contains(place(3))) scene.sweep.handle_answer(place(3));
    }
    for (unsigned number = 2; number <= 9; ++number) {
        CHECK(scene.is_accused(number) == (number != 3));
        CHECK(scene.hellos[place(number)] == (number == 3 ? 1 : Sweep::kTries));
    }
    CHECK(scene.sweep.next_deadline() == std::nullopt);
}

TEST_CASE("neighbours are not asked: their links tell", "[sweep]") {
    Scene scene;
    scene.membership.handle_link_up(node_of(2), place(2), kStart);
    scene.begin();
    scene.run_for(20s);
    CHECK_FALSE(scene.hellos.contains(place(2)));
    CHECK(scene.hellos.size() == 7);
}

TEST_CASE("a sweep that is prolonged asks nobody again, a new one does", "[sweep]") {
    Scene scene(3);
    const auto answered = [&](Duration duration) {
        for (const Duration end = scene.now + duration; scene.now < end;) {
            scene.run_for(100ms);
            for (unsigned number : {2U, 3U}) scene.sweep.handle_answer(place(number));
        }
    };
    for (int i = 0; i < 5; ++i) {
        scene.begin();
        answered(5s);
    }
    CHECK(scene.hellos == std::map<Endpoint, unsigned>{{place(2), 1}, {place(3), 1}});
    answered(Sweep::kLength);
    scene.begin();
    answered(5s);
    CHECK(scene.hellos == std::map<Endpoint, unsigned>{{place(2), 2}, {place(3), 2}});
}

TEST_CASE("a sweep whose end was slept through is over", "[sweep]") {
    Scene scene;
    scene.begin();
    scene.run_for(300ms);
    scene.now += 1min;
    scene.sweep.forget_asked();  // as the engine does when it has slept
    scene.run_for(1s);
    CHECK(scene.sweep.next_deadline() == std::nullopt);
    for (unsigned number = 2; number <= 9; ++number) CHECK_FALSE(scene.is_accused(number));
}

}  // namespace
}  // namespace hearsay::gossip
