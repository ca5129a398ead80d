#include "daemon/gossip/publish_queue.h"

#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

namespace hearsay::gossip {
namespace {

using ground::kStart;
using namespace std::chrono_literals;

constexpr Duration kDelay = 1ms;

struct Scene {
    void push(std::string_view payload, std::string_view topic = "t",
              std::uint32_t lifetime_ms = 60'000) {
        queue.push(topic, bytes_of(payload), lifetime_ms, ++ticket, ground::after(0s));
    }
    // The tickets of each batch that leaves at `elapsed`.
    std::vector<std::vector<PublishTicket>> take(Duration elapsed) {
        std::vector<std::vector<PublishTicket>> result;
        while (auto batch = queue.take(kDelay, kStart + elapsed)) result.push_back(batch->tickets);
        return result;
    }
    PublishQueue queue;
    PublishTicket ticket = 0;
};

using Batches = std::vector<std::vector<PublishTicket>>;

TEST_CASE("a lone message leaves at once, those that follow wait for company", "[publish]") {
    Scene scene;
    scene.push("a");
    CHECK(scene.queue.next_deadline(kDelay) == Instant{});
    CHECK(scene.take(0s) == Batches{{1}});
    CHECK(scene.queue.is_empty());
    scene.push("b");
    scene.push("c");
    CHECK(scene.take(500us).empty());
    CHECK(scene.queue.next_deadline(kDelay) == kStart + kDelay);
    CHECK(scene.take(kDelay) == Batches{{2, 3}});
    scene.push("d");
    CHECK(scene.take(1s) == Batches{{4}});
    CHECK_FALSE(scene.queue.next_deadline(kDelay));
}

TEST_CASE("messages share a batch by topic and lifetime, each keeping its order", "[publish]") {
    Scene scene;
    scene.push("1", "a");
    scene.push("2", "b");
    scene.push("3", "a");
    scene.push("4", "a", 1'000);
    scene.push("5", "b");
    const auto first = scene.queue.take(kDelay, kStart);
    REQUIRE(first);
    CHECK(first->topic == "a");
    CHECK(first->lifetime_ms == 60'000);
    REQUIRE(first->payloads().size() == 2);
    CHECK(text_of(first->payloads()[0]) == "1");
    CHECK(text_of(first->payloads()[1]) == "3");
    // What is due is due for all that wait.
    CHECK(scene.take(0s) == Batches{{2, 5}, {4}});
}

TEST_CASE("a batch that fills its chunks leaves before its time", "[publish]") {
    Scene scene;
    scene.push("first");
    scene.take(0s);
    const std::string payload(500, 'x');  // one fits a chunk, two do not
    for (int i = 0; i < 40; ++i) scene.push(payload);
    const Batches full = scene.take(0s);
    REQUIRE(full.size() == 2);
    CHECK(full[0].size() == PublishQueue::kChunksMax);
    CHECK(full[1].size() == PublishQueue::kChunksMax);
    CHECK(full[0].front() == 2);
    CHECK(full[1].front() == 18);
    CHECK(scene.take(kDelay) == Batches{{34, 35, 36, 37, 38, 39, 40, 41}});
}

TEST_CASE("what the queue packs, the builder cuts into as many chunks", "[publish]") {
    crypto::Random random(crypto::Secret{});
    for (int round = 0; round < 200; ++round) {
        Scene scene;
        const std::size_t size_max = 1 + random.below(1'500);
        for (int i = 0; i < 300; ++i) scene.push(std::string(random.below(size_max), 'x'));
        std::size_t count = 0;
        for (Duration now{}; count < 300; now += kDelay)
            while (const auto batch = scene.queue.take(kDelay, kStart + now)) {
                const BuiltBatch built = build_batch(batch->payloads(), batch->topic.size());
                REQUIRE(built.chunks.size() <= PublishQueue::kChunksMax);
                count += batch->sizes.size();
                REQUIRE(batch->tickets.back() == count);
            }
    }
}

TEST_CASE("a message larger than a shared batch is one of its own", "[publish]") {
    Scene scene;
    scene.push("small");
    scene.push(std::string(wire::kPayloadSizeMax, 'x'));
    scene.push("small");
    CHECK(scene.take(0s) == Batches{{1}, {2}});
    CHECK(scene.take(kDelay) == Batches{{3}});
}

TEST_CASE("the queue has room for so many messages and bytes", "[publish]") {
    Scene scene;
    for (std::size_t i = 0; i < PublishQueue::kMessagesMax; ++i) {
        REQUIRE(scene.queue.has_room(1));
        scene.push("x", std::to_string(i % 40));
    }
    CHECK_FALSE(scene.queue.has_room(1));
    std::size_t taken = 0;
    for (Duration now{}; now < 1s; now += kDelay)
        for (const auto& batch : scene.take(now)) taken += batch.size();
    CHECK(taken == PublishQueue::kMessagesMax);
    CHECK(scene.queue.has_room(PublishQueue::kBytesMax));
    CHECK_FALSE(scene.queue.has_room(PublishQueue::kBytesMax + 1));
}

}  // namespace
}  // namespace hearsay::gossip
