#include "daemon/gossip/backpressure.h"

#include "tests/catch.h"
#include "tests/unit/gossip/stage.h"

namespace hearsay::gossip::ground {
namespace {

using namespace std::chrono_literals;

const crypto::NodeId kPublisher = node_of(50);

// Node 1 with neighbours 2, 3 and 4.
struct Scene : Stage {
    Scene() {
        for (unsigned number = 2; number <= 4; ++number) add_link(number);
        for (unsigned number = 2; number <= 4; ++number) flush_to(number, after(0s));
    }
    // So many chunks wait for neighbour `number`.
    void fill(unsigned number, std::size_t count) {
        while (link(number).chunks_queued() < count) {
            const Batch made = Author(60).message(++seq, "x");
            StoredBatch& batch = store.add(made.header, made.uid, made.signature,
                                           made.built.root, after(1min).monotonic);
            wire::Chunk chunk;
            chunk.bytes = made.built.bytes(0);
            store.add_chunk(batch, chunk);
            link(number).queue_chunk(batch, 0);
        }
    }
    // A batch of its own is signed, so that the next has to wait where a jam is told.
    bool may_publish(Duration now = 1s) {
        return backpressure.may_publish(after(now).monotonic);
    }
    // What node `number` is told with the next ack.
    std::vector<std::uint32_t> credits_told(unsigned number, Duration now) {
        backpressure.update(after(now).monotonic);
        std::vector<std::uint32_t> result;
        for (const auto& ack : only<wire::Ack>(flush_to(number, after(now))))
            for (const wire::Credit& credit : ack.credits) {
                CHECK(credit.publisher == kPublisher);
                result.push_back(credit.bytes);
            }
        return result;
    }
    void hear_credit(unsigned number, std::uint32_t bytes, Duration now = 1s,
                     const crypto::NodeId& publisher = node_of(1)) {
        const std::array<wire::Credit, 1> credits{{{publisher, bytes}}};
        backpressure.handle_credits(link(number), credits, after(now).monotonic);
    }
    std::uint64_t seq = 0;
};

TEST_CASE("who has long queues of its own publishes no more", "[backpressure]") {
    Scene scene;
    CHECK(scene.may_publish());
    scene.fill(3, Backpressure::kOwnQueueMax);
    CHECK_FALSE(scene.may_publish());
    // A neighbour that gets this node's messages by others is in nobody's way.
    scene.tree.handle_prune(scene.link(3), node_of(1), after(1s).monotonic);
    CHECK(scene.may_publish());
}

TEST_CASE("who is told of a jam publishes no more, until told better or for a while",
          "[backpressure]") {
    Scene scene;
    CHECK(scene.may_publish());
    scene.hear_credit(3, 1000);
    CHECK_FALSE(scene.may_publish());
    scene.hear_credit(3, Backpressure::kFull);
    CHECK(scene.may_publish());
    scene.hear_credit(3, 0);
    CHECK_FALSE(scene.may_publish(1s + 50ms));
    CHECK(scene.may_publish(1s + Backpressure::kToldPause));
    CHECK_FALSE(scene.may_publish(1s + Backpressure::kBelievedFor - 1ms));
    CHECK(scene.may_publish(1s + Backpressure::kBelievedFor));
    CHECK(scene.may_publish(1s + Backpressure::kBelievedFor));
    // A jam on the way of others' messages is none on ours.
    scene.hear_credit(3, 0, 2s, kPublisher);
    CHECK(scene.may_publish(2s));
}

TEST_CASE("who tells of a jam for ever slows a publisher down and does not stop it",
          "[backpressure]") {
    Scene scene;
    int published = 0;
    for (Duration now = 1s; now < 11s; now += 1ms) {
        scene.hear_credit(3, 0, now);
        published += scene.may_publish(now) ? 1 : 0;
    }
    CHECK(published == 10s / Backpressure::kToldPause);
    // A full queue of its own does stop it.
    scene.fill(4, Backpressure::kOwnQueueMax);
    CHECK_FALSE(scene.may_publish(12s));
}

TEST_CASE("a jam is told to those who bring more, and its end at once", "[backpressure]") {
    Scene scene;
    scene.backpressure.note_received(scene.link(2), kPublisher, after(1s).monotonic);
    CHECK(scene.credits_told(2, 1s).empty());
    scene.fill(3, Backpressure::kQueueMax - 100);
    // Told before the flush that empties what the window takes.
    const auto told = scene.credits_told(2, 1100ms);
    REQUIRE(told.size() == 1);
    CHECK(told[0] == 100 * Backpressure::kChunkBytes);
    scene.link(3).drop_chunks(scene.store);
    CHECK(scene.credits_told(2, 1200ms) == std::vector<std::uint32_t>{Backpressure::kFull});
    CHECK(scene.credits_told(2, 1300ms).empty());
}

TEST_CASE("a jam further on is passed on to where the messages come from", "[backpressure]") {
    Scene scene;
    scene.backpressure.note_received(scene.link(2), kPublisher, after(1s).monotonic);
    scene.hear_credit(4, 7000, 1s, kPublisher);
    CHECK(scene.credits_told(2, 1s) == std::vector<std::uint32_t>{7000});
    CHECK(scene.credits_told(4, 1s).empty());  // it brings nothing
    // Not back to the one who told: it is not in its own way.
    scene.backpressure.note_received(scene.link(4), kPublisher, after(1s).monotonic);
    CHECK(scene.credits_told(4, 1s).empty());
}

TEST_CASE("what is remembered of a link is bounded, the oldest forgotten", "[backpressure]") {
    Scene scene;
    CHECK(scene.may_publish());
    scene.hear_credit(3, 0);
    CHECK_FALSE(scene.may_publish());
    for (unsigned i = 0; i < 1000; ++i)
        scene.hear_credit(3, 0, 1s + 1ms, node_of(100 + i));
    CHECK(scene.may_publish());
    for (unsigned i = 0; i < 1000; ++i)
        scene.backpressure.note_received(scene.link(2), node_of(100 + i), after(2s).monotonic);
    scene.backpressure.update(after(2s).monotonic);
}

TEST_CASE("a link that acknowledges nothing for a second is slow and in nobody's way",
          "[backpressure][link]") {
    Scene scene;
    scene.fill(3, Backpressure::kQueueMax);
    scene.flush_to(3, after(1s));
    CHECK_FALSE(scene.may_publish());
    CHECK_FALSE(scene.link(3).is_slow());
    for (Duration now = 1s; now < 2s; now += 100ms) {
        scene.link(3).note_received(1, after(now).monotonic);  // it lives
        scene.links.handle_timeout(after(now));
        scene.links.flush(after(now));
        CHECK_FALSE(scene.link(3).is_slow());
    }
    scene.links.handle_timeout(after(2s));
    CHECK(scene.link(3).is_slow());
    CHECK(scene.link(3).chunks_queued() == 0);
    CHECK(scene.counted(Counter::queue_dropped) > 0);
    CHECK(scene.may_publish(2s));
    scene.collect();
    CHECK(std::any_of(scene.put.events.begin(), scene.put.events.end(), [](const Event& event) {
        return event.kind == EventKind::slow_link && event.member == node_of(3);
    }));
    // It is told of messages and sent none, until it acknowledges.
    scene.publish("p", after(2s));
    CHECK(scene.link(3).chunks_queued() == 0);
    scene.flush_to(3, after(2s));
    scene.acknowledge(3, after(3s));
    CHECK_FALSE(scene.link(3).is_slow());
    scene.publish("p", after(3s));
    CHECK(scene.link(3).chunks_queued() == 1);
}

}  // namespace
}  // namespace hearsay::gossip::ground
