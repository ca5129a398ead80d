#include "daemon/gossip/tree.h"

#include "tests/catch.h"
#include "tests/unit/gossip/stage.h"

namespace hearsay::gossip::ground {
namespace {

using namespace std::chrono_literals;

const crypto::NodeId kPublisher = node_of(50);

config::Gossip with_redundancy(std::uint32_t redundancy) {
    config::Gossip config;
    config.flood.redundancy = redundancy;
    return config;
}

// Node 1 with neighbours 2, 3, 4 and so on.
struct Scene : Stage {
    explicit Scene(std::uint32_t redundancy = 1, unsigned neighbours = 4)
        : Stage(with_redundancy(redundancy)), count(neighbours) {
        for (unsigned i = 0; i < count; ++i) add_link(2 + i);
        for (unsigned i = 0; i < count; ++i) flush_to(2 + i, after(0s));
    }
    // A batch comes by these neighbours, in this order.
    void batch(const std::vector<unsigned>& order, Duration now = 1s) {
        LinkMask earlier = 0;
        for (const unsigned number : order) {
            tree.note_batch(link(number), kPublisher, earlier, after(now).monotonic);
            earlier |= link(number).mask();
        }
        tree.check_invariants();
    }
    template <typename Frame>
    std::size_t told(unsigned number, Duration now = 1s) {
        std::size_t result = 0;
        for (const auto& frame : only<Frame>(flush_to(number, after(now)))) {
            CHECK(frame.publisher == kPublisher);
            ++result;
        }
        return result;
    }
    LinkMask lazy(Duration now = 1s) { return tree.lazy(kPublisher, after(now).monotonic); }

    unsigned count;
};

TEST_CASE("who is late eight times in a row is asked to prune", "[tree]") {
    Scene scene;
    for (unsigned i = 1; i < Tree::kLateBatches; ++i) scene.batch({2, 3, 4});
    CHECK(scene.told<wire::Prune>(3) == 0);
    scene.batch({3, 2});  // once in time is enough to stay
    scene.batch({2, 3, 4});
    CHECK(scene.told<wire::Prune>(2) == 0);
    CHECK(scene.told<wire::Prune>(3) == 0);
    CHECK(scene.told<wire::Prune>(4) == 1);
    for (unsigned i = 1; i < Tree::kLateBatches; ++i) scene.batch({2, 3});
    CHECK(scene.told<wire::Prune>(3) == 1);
    CHECK(scene.told<wire::Prune>(2) == 0);
    CHECK(scene.counted(Counter::prunes_sent) == 2);
}

TEST_CASE("a prune that was lost is sent again after as many late batches", "[tree]") {
    Scene scene;
    for (unsigned i = 0; i < 3 * Tree::kLateBatches; ++i) scene.batch({2, 3});
    CHECK(scene.told<wire::Prune>(3) == 3);
}

TEST_CASE("as many are kept as the redundancy says", "[tree]") {
    const unsigned redundancy = GENERATE(1U, 2U, 3U);
    Scene scene(redundancy, 6);
    for (unsigned i = 0; i < 2 * Tree::kLateBatches; ++i) scene.batch({2, 3, 4, 5, 6, 7});
    for (unsigned number = 2; number < 8; ++number)
        CHECK((scene.told<wire::Prune>(number) > 0) == (number >= 2 + redundancy));
}

TEST_CASE("nothing is pruned with two links, or with redundancy 0", "[tree]") {
    SECTION("two links") {
        Scene scene(1, 2);
        for (int i = 0; i < 100; ++i) scene.batch({2, 3});
        CHECK(scene.counted(Counter::prunes_sent) == 0);
    }
    SECTION("redundancy 0") {
        Scene scene(0);
        for (int i = 0; i < 100; ++i) scene.batch({2, 3, 4, 5});
        CHECK(scene.counted(Counter::prunes_sent) == 0);
        CHECK(scene.tree.size() == 0);
    }
}

TEST_CASE("who asks to be pruned is only told, until it grafts, or a minute has passed",
          "[tree]") {
    Scene scene;
    scene.batch({2});
    scene.tree.handle_prune(scene.link(3), kPublisher, after(1s).monotonic);
    scene.tree.handle_prune(scene.link(4), kPublisher, after(1s).monotonic);
    CHECK(scene.lazy() == (scene.link(3).mask() | scene.link(4).mask()));
    scene.tree.handle_graft(scene.link(3), kPublisher);
    CHECK(scene.lazy() == scene.link(4).mask());
    CHECK(scene.lazy(1s + Tree::kPruneTime * 3 / 4 - 1ms) == scene.link(4).mask());
    CHECK(scene.lazy(1s + Tree::kPruneTime * 5 / 4) == 0);
    scene.tree.check_invariants();
    // Each publisher has a tree of its own.
    CHECK(scene.tree.lazy(node_of(51), after(1s).monotonic) == 0);
}

TEST_CASE("a publisher of whom nothing came cannot be pruned, but this node can", "[tree]") {
    Scene scene;
    scene.tree.handle_prune(scene.link(3), kPublisher, after(1s).monotonic);
    CHECK(scene.tree.size() == 0);
    scene.tree.handle_prune(scene.link(3), node_of(1), after(1s).monotonic);
    CHECK(scene.tree.lazy(node_of(1), after(1s).monotonic) == scene.link(3).mask());
}

TEST_CASE("when repair brings live batches, whoever had them is grafted", "[tree]") {
    Scene scene;
    for (unsigned i = 0; i < Tree::kLateBatches; ++i) scene.batch({2, 3});
    CHECK(scene.told<wire::Prune>(3) == 1);
    scene.batch({3}, 2s);
    scene.batch({3}, 4s);  // rarely: a loss here and there
    scene.batch({3}, 6s);
    CHECK(scene.told<wire::Graft>(3) == 0);
    scene.batch({3}, 8s);
    scene.batch({3}, 8500ms);
    scene.batch({3}, 8900ms);
    CHECK(scene.told<wire::Graft>(3) == 1);
    CHECK(scene.counted(Counter::grafts_sent) == 1);
    // It is a parent now, and stays one.
    for (unsigned i = 0; i < Tree::kLateBatches; ++i) scene.batch({3}, 9s);
    CHECK(scene.counted(Counter::grafts_sent) == 1);
}

TEST_CASE("when a parent goes, another is grafted at once", "[tree]") {
    Scene scene;
    for (unsigned i = 0; i < Tree::kLateBatches; ++i) scene.batch({2, 3, 4});
    CHECK(scene.told<wire::Prune>(3) == 1);
    CHECK(scene.told<wire::Prune>(4) == 1);
    scene.tree.handle_link_down(scene.link(5).slot());  // never was one
    CHECK(scene.counted(Counter::grafts_sent) == 0);
    scene.tree.handle_link_down(scene.link(2).slot());
    CHECK(scene.told<wire::Graft>(3) + scene.told<wire::Graft>(4) == 1);
    scene.tree.check_invariants();
}

TEST_CASE("the table of publishers is bounded, and at its bound all are eager again", "[tree]") {
    Scene scene;
    scene.batch({2});
    scene.tree.handle_prune(scene.link(3), kPublisher, after(1s).monotonic);
    for (unsigned i = 1; i < Tree::kPublishersMax; ++i)
        scene.tree.note_batch(scene.link(2), node_of(1000 + i), 0, after(1s).monotonic);
    CHECK(scene.tree.size() == Tree::kPublishersMax);
    CHECK(scene.lazy() != 0);
    scene.tree.note_batch(scene.link(2), node_of(999), 0, after(1s).monotonic);
    CHECK(scene.tree.size() == 1);
    CHECK(scene.lazy() == 0);
}

TEST_CASE("a neighbour that pruned gets no chunk of a message but is told of it soon",
          "[tree]") {
    Scene scene;
    scene.tree.handle_prune(scene.link(3), node_of(1), after(1s).monotonic);
    scene.publish("hello", after(1s));
    CHECK(only<wire::Chunk>(scene.flush_to(2, after(1s))).size() == 1);
    scene.repair.handle_timeout(after(1s).monotonic);
    const auto due = scene.repair.next_deadline();
    REQUIRE(due);
    CHECK(*due <= after(1s + Repair::kTellLazily).monotonic);
    scene.repair.handle_timeout(after(1s + Repair::kTellLazily).monotonic);
    const auto frames = scene.flush_to(3, after(1s + Repair::kTellLazily));
    CHECK(only<wire::Chunk>(frames).empty());
    const auto haves = only<wire::Have>(frames);
    CHECK(std::any_of(haves.begin(), haves.end(), [](const auto& have) {
        return have.streams.size() == 1 && have.streams[0].publisher == node_of(1) &&
               have.streams[0].top == 1;
    }));
}

}  // namespace
}  // namespace hearsay::gossip::ground
