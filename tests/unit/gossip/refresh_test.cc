#include <algorithm>

#include "daemon/gossip/membership.h"
#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

// When a node says again that it lives.
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
    explicit Scene(const config::Gossip& config = {}, unsigned self = 1)
        : ground(self, config), membership(ground.core, records, kStart) {}

    bool accept(const Batch& batch, Duration now) {
        return membership.accept(
            {batch.header, batch.uid, batch.signature, batch.built.root, batch.built.body},
            after(now));
    }
    void join_many(unsigned first, unsigned last, Duration now) {
        for (unsigned number = first; number <= last; ++number)
            REQUIRE(accept(Author(number).presence(kEpoch, 1), now));
        membership.check_invariants();
    }
    const Member& member(unsigned number) { return *membership.find(node_of(number)); }
    std::vector<Publication> timeout(Duration now) {
        membership.handle_timeout(kStart + now);
        ground.take();
        return membership.take_publications();
    }

    ground::Ground ground;
    Records records;
    Membership membership;
};

TEST_CASE("only the first presence is news, whatever caused it", "[membership]") {
    Scene scene;
    scene.membership.set_addresses({place(1)}, kStart);
    CHECK(scene.timeout(0s).size() == 1);
    Duration now = 1s;
    std::vector<Publication> next;
    while (next.empty() && now < 10min) next = scene.timeout(now += 1s);
    REQUIRE(next.size() == 1);
    CHECK_FALSE(next[0].is_news);
}

// Goal: nodes that started together, knowing nobody, refresh apart, and in time.
// Method: many that learn of 999 others after their first presence; when each refreshes first.
TEST_CASE("hosts that start together do not refresh together", "[membership]") {
    std::vector<Duration> first;
    for (unsigned self = 1; self <= 40; ++self) {
        Scene scene({}, self);
        const auto presence = scene.timeout(0s);
        REQUIRE(presence.size() == 1);
        const Duration told = std::chrono::milliseconds(presence[0].lifetime_ms);
        CHECK(told == Membership::kFirstLapse);
        scene.join_many(1001, 1999, 1s);
        Duration now = 1s;
        while (scene.timeout(now).empty() && now < told) now += 1s;
        CHECK(now >= Membership::kRefreshInterval * 9 / 10);
        CHECK(now <= told / 2 + 1s);
        first.push_back(now);
    }
    std::sort(first.begin(), first.end());
    CHECK(first[20] - first[5] > 60s);
    CHECK(first[35] - first[20] > 60s);
}

TEST_CASE("no network is so large that a presence lapses between two refreshes", "[membership]") {
    config::Gossip config;
    config.limits.members = 20'000;
    Scene scene(config);
    scene.join_many(2, 8'000, 0s);
    const auto presence = scene.timeout(0s);
    REQUIRE(presence.size() == 1);
    CHECK(presence[0].lifetime_ms == wire::kLifetimeMsMax);
    const Duration next = *scene.membership.next_deadline() - kStart;
    CHECK(2 * next <= std::chrono::milliseconds(wire::kLifetimeMsMax));
}

// Goal: many who were apart say so within a time that grows with their number, and more than
// kFloodReturnsMax do not flood.
TEST_CASE("the more were apart, the longer they take to say that they live", "[membership]") {
    for (const unsigned count : {100U, unsigned{Membership::kFloodReturnsMax}}) {
        Scene scene;
        scene.timeout(0s);
        scene.join_many(2, count + 1, 0s);
        scene.timeout(3min);
        REQUIRE(scene.member(2).state == MemberState::failed);
        REQUIRE(scene.accept(Author(2).presence(kEpoch, 2), 3min));
        const bool is_flooded = count < Membership::kFloodReturnsMax;
        const auto answer = scene.timeout(3min + (is_flooded ? 500ms : 2s));
        REQUIRE(answer.size() == 1);
        CHECK(answer[0].is_news == is_flooded);
    }
}

}  // namespace
}  // namespace hearsay::gossip
