#include "daemon/gossip/overlay.h"

#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::after;
using ground::kStart;
using ground::node_of;
using ground::place;

// HELLOs by place, in time.
using Hellos = std::map<Endpoint, std::vector<Duration>>;

// Nobody answers here, unless a test says so.
struct Scene {
    explicit Scene(const config::Gossip& config = {})
        : ground(1, config),
          store(1 << 20, ground.core.hash_key),
          links(ground.core, store),
          desk(ground.core),
          handshakes(ground.core, desk),
          membership(ground.core, records, kStart),
          overlay(ground.core, links, membership, handshakes, kStart) {}

    void add(unsigned number, LearntFrom source, bool with_id = false) {
        overlay.add(place(number), source,
                    with_id ? std::optional(node_of(number)) : std::nullopt, kStart + now);
    }
    void turn() {
        handshakes.handle_timeout(kStart + now);
        for (const FailedDial& failed : handshakes.take_failed())
            overlay.handle_failed_dial(failed, kStart + now);
        overlay.handle_timeout(after(now));
        for (const auto& sent : ground.take().sent) hellos[sent.to].push_back(now);
    }
    void run_for(Duration duration, Duration step = 10ms) {
        for (const Duration end = now + duration; now < end; now += step) turn();
    }
    void link_up(unsigned number) {
        bool is_new = false;
        links.establish(ground::make_session(ground, number, true).near, kStart + now, is_new);
        overlay.handle_link_up(node_of(number), place(number));
    }
    std::vector<Duration>& to(unsigned number) { return hellos[place(number)]; }

    ground::Ground ground;
    ChunkStore store;
    Links links;
    VerifyDesk desk;
    Handshakes handshakes;
    Records records;
    Membership membership;
    Overlay overlay;
    Duration now{};
    Hellos hellos;
};

TEST_CASE("a place is dialled as soon as it is named", "[overlay]") {
    Scene scene;
    CHECK(scene.overlay.next_deadline() == std::nullopt);
    scene.add(2, LearntFrom::operator_);
    CHECK(scene.overlay.next_deadline() == kStart);
    scene.turn();
    CHECK(scene.to(2).size() == 1);
    CHECK(scene.handshakes.is_dialling(place(2)));
}

TEST_CASE("a seed is dialled for ever, and never long ago", "[overlay]") {
    Scene scene;
    scene.add(2, LearntFrom::seed);
    scene.run_for(1h, 50ms);
    const std::vector<Duration>& times = scene.to(2);
    for (std::size_t i = 1; i < times.size(); ++i)
        if (times[i] - times[i - 1] > Overlay::kSeedBackoffMax + Handshakes::kDialWait)
            FAIL_CHECK("a pause of " << (times[i] - times[i - 1]) / 1ms << " ms");
    CHECK(scene.now - times.back() <= Overlay::kSeedBackoffMax + Handshakes::kDialWait);
}

TEST_CASE("other places are dialled with growing pauses, up to a bound", "[overlay]") {
    Scene scene;
    scene.add(2, LearntFrom::presence);
    scene.run_for(10min, 50ms);
    std::vector<Duration> dials;  // a dial's HELLOs lie close together
    for (const Duration at : scene.to(2))
        if (dials.empty() || at - dials.back() > Handshakes::kDialWait) dials.push_back(at);
    REQUIRE(dials.size() > 10);
    CHECK(dials[1] - dials[0] < 5s);
    Duration longest{};
    for (std::size_t i = 6; i < dials.size(); ++i)
        longest = std::max(longest, dials[i] - dials[i - 1]);
    CHECK(longest > 15s);
    CHECK(longest <= Overlay::kBackoffMax + Handshakes::kDialWait + 100ms);
}

TEST_CASE("a hint costs its place one HELLO in 5 s, however often it is repeated", "[overlay]") {
    Scene scene;
    for (int i = 0; i < 1'200; ++i) {
        scene.add(2, LearntFrom::beacon);
        scene.run_for(100ms);
    }
    const std::vector<Duration>& times = scene.to(2);
    CHECK(times.size() >= 5);
    CHECK(times.size() <= 120 / 5 + 1);
    for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] >= 5s);
}

TEST_CASE("hints do not hurry the dials of a place known otherwise", "[overlay]") {
    for (const LearntFrom source : {LearntFrom::presence, LearntFrom::remembered}) {
        Scene scene;
        scene.add(2, source);
        std::size_t dials = 0;
        bool was_dialling = false;
        for (int i = 0; i < 3'000; ++i) {
            if (i % 5 == 0) scene.add(2, LearntFrom::beacon);
            scene.run_for(20ms);
            const bool is_dialling = scene.handshakes.is_dialling(place(2));
            dials += is_dialling && !was_dialling ? 1U : 0U;
            was_dialling = is_dialling;
        }
        CHECK(dials <= 60 / 5 + 1);
    }
}

TEST_CASE("a hint that led nowhere is forgotten, its pause is not", "[overlay]") {
    Scene scene;
    scene.add(2, LearntFrom::beacon);
    scene.run_for(2min);
    CHECK(scene.overlay.snapshot(kStart + scene.now).empty());
    scene.add(2, LearntFrom::beacon);
    scene.turn();
    CHECK(scene.handshakes.is_dialling(place(2)));
}

TEST_CASE("a failed dial that was another's idea is survived", "[overlay]") {
    // New keys are agreed with a neighbour by dialling it: its place may be one that a beacon
    // named and the overlay never tried.
    Scene scene;
    scene.add(2, LearntFrom::beacon);
    for (int i = 0; i < 10; ++i)
        scene.overlay.handle_failed_dial({place(2), FailedDial::Why::no_answer, 0},
                                         kStart + 10s * i);
    scene.overlay.handle_failed_dial({place(3), FailedDial::Why::no_answer, 0}, kStart);
    CHECK(scene.overlay.snapshot(kStart).size() <= 1);
}

TEST_CASE("a place where this node found itself is left alone for long", "[overlay]") {
    Scene scene;
    scene.add(2, LearntFrom::seed);
    scene.overlay.handle_failed_dial({place(2), FailedDial::Why::self, 0}, kStart);
    scene.run_for(Overlay::kSelfPause - 1s, 100ms);
    CHECK(scene.to(2).empty());
    scene.run_for(2s);
    CHECK_FALSE(scene.to(2).empty());
}

TEST_CASE("places nobody can dial are not taken", "[overlay]") {
    Scene scene;
    scene.overlay.add(place(2).with_port(0), LearntFrom::seed, {}, kStart);
    scene.overlay.add(Endpoint::ipv4(224, 0, 0, 1, 4327), LearntFrom::seed, {}, kStart);
    scene.overlay.add(Endpoint{}, LearntFrom::seed, {}, kStart);
    CHECK(scene.overlay.next_deadline() == std::nullopt);
}

TEST_CASE("candidates are bounded, and seeds are never pushed out", "[overlay]") {
    Scene scene;
    scene.add(5'000, LearntFrom::seed);
    for (unsigned i = 0; i < Overlay::kCandidatesMax + 500; ++i) scene.add(i, LearntFrom::close);
    CHECK(scene.overlay.snapshot(kStart).size() == Overlay::kCandidatesMax);
    CHECK(scene.ground.counted(Counter::candidates_evicted) == 501);
    scene.run_for(5s);
    const auto snapshot = scene.overlay.snapshot(kStart + scene.now);
    CHECK(std::any_of(snapshot.begin(), snapshot.end(), [](const CandidateSnapshot& candidate) {
        return candidate.at == place(5'000) && candidate.learnt_from == "seed";
    }));
}

TEST_CASE("the places that failed most go first", "[overlay]") {
    Scene scene;
    scene.add(2, LearntFrom::close);
    scene.run_for(1min, 50ms);
    for (unsigned i = 0; i < Overlay::kCandidatesMax; ++i)
        scene.add(100 + i, LearntFrom::close);
    for (const CandidateSnapshot& candidate : scene.overlay.snapshot(kStart + scene.now))
        if (candidate.at == place(2)) FAIL("still there");
}

TEST_CASE("who is avoided is not dialled for a minute", "[overlay]") {
    Scene scene;
    scene.overlay.avoid(node_of(2), true, kStart);
    CHECK(scene.overlay.is_avoided(node_of(2), kStart + Overlay::kAvoidTime - 1ns));
    CHECK_FALSE(scene.overlay.is_avoided(node_of(2), kStart + Overlay::kAvoidTime));
    CHECK_FALSE(scene.overlay.is_avoided(node_of(3), kStart));
    scene.add(2, LearntFrom::presence, true);
    scene.run_for(59s, 50ms);
    CHECK(scene.to(2).empty());
    scene.run_for(10s, 50ms);
    CHECK_FALSE(scene.to(2).empty());
}

TEST_CASE("the list of those avoided is bounded", "[overlay]") {
    Scene scene;
    for (unsigned i = 0; i <= Overlay::kAvoidedMax; ++i)
        scene.overlay.avoid(node_of(i), true, kStart);
    CHECK_FALSE(scene.overlay.is_avoided(node_of(Overlay::kAvoidedMax), kStart));
    scene.overlay.avoid(node_of(9'999), true, kStart + Overlay::kAvoidTime);
    CHECK(scene.overlay.is_avoided(node_of(9'999), kStart + Overlay::kAvoidTime));
}

TEST_CASE("the list of those without room is bounded", "[overlay]") {
    Scene scene;
    scene.link_up(2);
    for (unsigned i = 0; i < Overlay::kAvoidedMax; ++i)
        scene.overlay.note_full(node_of(10'000 + i), kStart);
    scene.overlay.note_full(node_of(3), kStart);  // no place for it in the list
    scene.add(3, LearntFrom::operator_, true);
    scene.overlay.add(place(4), LearntFrom::operator_, node_of(10'000), kStart);
    scene.run_for(1s);
    CHECK_FALSE(scene.to(3).empty());
    CHECK(scene.to(4).empty());
}

TEST_CASE("neighbours are not dialled, whichever of their places is named", "[overlay]") {
    Scene scene;
    scene.link_up(2);
    scene.add(2, LearntFrom::seed);
    scene.overlay.add(place(77), LearntFrom::presence, node_of(2), kStart);
    scene.overlay.add(place(78), LearntFrom::presence, node_of(1), kStart);  // ourselves
    scene.run_for(1min, 50ms);
    CHECK(scene.hellos.empty());
    CHECK(scene.overlay.snapshot(kStart + scene.now).size() == 2);
}

TEST_CASE("nobody is dialled while there is no room for links", "[overlay]") {
    config::Gossip config;
    config.limits.links = 1;
    Scene scene(config);
    scene.link_up(2);
    scene.add(3, LearntFrom::seed);
    scene.run_for(30s, 50ms);
    CHECK(scene.hellos.empty());
    scene.links.drop(*scene.links.find(node_of(2)), "test");
    scene.run_for(7s, 50ms);
    CHECK(scene.hellos.contains(place(3)));
}

TEST_CASE("a lost neighbour is dialled again soon, one that left later", "[overlay]") {
    for (const bool has_left : {false, true}) {
        Scene scene;
        scene.link_up(2);
        scene.links.drop(*scene.links.find(node_of(2)), "test");
        scene.overlay.handle_link_down(node_of(2), place(2), has_left, kStart);
        scene.run_for(1'100ms);
        CHECK(scene.to(2).empty() == has_left);
        scene.run_for(Overlay::kBackoffMax);
        CHECK_FALSE(scene.to(2).empty());
    }
}

TEST_CASE("of two members that hear of each other the higher key dials first", "[overlay]") {
    for (unsigned number = 2; number < 12; ++number) {
        Scene scene;
        scene.add(number, LearntFrom::presence, true);
        const bool is_ours = node_of(1) > node_of(number);
        scene.run_for(100ms, 1ms);
        CHECK(scene.to(number).empty() != is_ours);
        scene.run_for(800ms);
        CHECK_FALSE(scene.to(number).empty());
    }
}

TEST_CASE("dials beyond what handshakes take at once wait for their turn", "[overlay]") {
    Scene scene;
    for (unsigned i = 0; i < 100; ++i) scene.add(100 + i, LearntFrom::operator_);
    scene.turn();
    CHECK(scene.hellos.size() == Handshakes::kDialsMax);
    CHECK(scene.overlay.next_deadline() > kStart + scene.now);  // an ended dial wakes it
    scene.run_for(3s);
    CHECK(scene.hellos.size() == 100);
}

TEST_CASE("candidates are shown with where they were learnt and when they are next",
          "[overlay]") {
    Scene scene;
    scene.add(2, LearntFrom::seed);
    scene.run_for(3s);
    const auto snapshot = scene.overlay.snapshot(kStart + scene.now);
    REQUIRE(snapshot.size() == 1);
    CHECK(snapshot[0].at == place(2));
    CHECK(snapshot[0].learnt_from == "seed");
    CHECK(snapshot[0].failures == 1);
    CHECK(snapshot[0].next_try > 0s);
    CHECK(snapshot[0].next_try <= 2s);
}

}  // namespace
}  // namespace hearsay::gossip
