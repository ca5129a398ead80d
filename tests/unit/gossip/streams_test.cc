#include "daemon/gossip/streams.h"

#include <random>

#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::kStart;

StreamKey key_of(unsigned number, std::uint64_t epoch = 1) {
    return {ground::node_of(number), epoch};
}

// All streams changed after `change`, in the order in which they are told.
std::vector<StreamKey> told_after(Streams& streams, std::uint64_t change) {
    std::vector<StreamKey> keys;
    while (Stream* stream = streams.changed_after(change)) {
        keys.push_back(stream->key);
        change = stream->changed;
    }
    return keys;
}

TEST_CASE("a stream is made once and found by publisher and epoch", "[streams]") {
    ground::Ground ground;
    Streams streams(ground.core, 8);
    CHECK(streams.find(key_of(1)) == nullptr);
    Stream& stream = streams.get(key_of(1), kStart);
    CHECK(&streams.get(key_of(1), kStart + 1s) == &stream);
    CHECK(streams.find(key_of(1)) == &stream);
    CHECK(streams.find(key_of(1, 2)) == nullptr);
    CHECK(streams.size() == 1);
    streams.check_invariants();
}

TEST_CASE("a full table lets the stream go that was silent longest", "[streams]") {
    ground::Ground ground;
    Streams streams(ground.core, 3);
    for (unsigned i = 1; i <= 3; ++i) streams.get(key_of(i), kStart + 1s * i);
    streams.touch(*streams.find(key_of(1)), kStart + 10s);
    streams.note_whole(*streams.find(key_of(2)), 1);
    streams.get(key_of(4), kStart + 11s);
    CHECK(streams.size() == 3);
    CHECK(streams.find(key_of(2)) == nullptr);
    CHECK(streams.find(key_of(1)) != nullptr);
    CHECK(ground.counted(Counter::streams_evicted) == 1);
    CHECK(told_after(streams, 0).empty());
    streams.check_invariants();
}

TEST_CASE("changed streams are listed by their last change", "[streams]") {
    ground::Ground ground;
    Streams streams(ground.core, 8);
    for (unsigned i = 1; i <= 3; ++i) streams.note_whole(streams.get(key_of(i), kStart), 1);
    CHECK(told_after(streams, 0) == std::vector<StreamKey>{key_of(1), key_of(2), key_of(3)});
    const std::uint64_t before = streams.newest_change();
    streams.note_whole(*streams.find(key_of(1)), 2);
    CHECK(told_after(streams, before) == std::vector<StreamKey>{key_of(1)});
    CHECK(told_after(streams, 0) == std::vector<StreamKey>{key_of(2), key_of(3), key_of(1)});
    CHECK(told_after(streams, streams.newest_change()).empty());
    streams.check_invariants();
}

TEST_CASE("a stream of which nothing is left is told to nobody", "[streams]") {
    ground::Ground ground;
    Streams streams(ground.core, 8);
    Stream& stream = streams.get(key_of(1), kStart);
    for (const std::uint64_t seq : {2U, 1U}) {
        streams.note_stored(stream, seq, static_cast<std::uint32_t>(seq));
        streams.note_whole(stream, seq);
    }
    CHECK(stream.top == 2);
    streams.note_removed(key_of(1), 1);
    CHECK(told_after(streams, 0).size() == 1);
    CHECK(stream.slots.size() == 1);
    streams.note_removed(key_of(1), 2);
    CHECK(told_after(streams, 0).empty());
    CHECK(stream.whole.is_empty());
    CHECK(stream.slots.empty());
    CHECK(stream.top == 2);
    streams.note_removed(key_of(9), 2);
    streams.check_invariants();
    streams.note_whole(stream, 3);
    CHECK(told_after(streams, 0).size() == 1);
    streams.check_invariants();
}

TEST_CASE("a stream is remembered as long as its batches may be acceptable anywhere",
          "[streams]") {
    ground::Ground ground;
    Streams streams(ground.core, 8);
    CHECK(streams.next_deadline() == std::nullopt);
    streams.get(key_of(1), kStart);
    const Instant end = kStart + 1h + 2 * ground.core.config.flood.clock_skew_max;
    CHECK(streams.next_deadline() == end);
    streams.expire(end - 1ns);
    CHECK(streams.size() == 1);
    streams.touch(*streams.find(key_of(1)), kStart + 1min);
    streams.expire(end);
    CHECK(streams.size() == 1);
    streams.expire(end + 1min);
    CHECK(streams.size() == 0);
    streams.check_invariants();
}

TEST_CASE("streams under random use keep their invariants and their order", "[streams]") {
    const auto seed = Catch::rngSeed();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    ground::Ground ground;
    Streams streams(ground.core, 12);
    std::map<StreamKey, std::uint64_t> changed;  // the twin: when `whole` last grew
    std::uint64_t changes = 0;
    Instant now = kStart;
    std::vector<StreamKey> keys;
    for (unsigned i = 0; i < 20; ++i) keys.push_back(key_of(i));
    for (int step = 0; step < 5'000; ++step) {
        now += 1ms * (random() % 1'000);
        const StreamKey key = keys[random() % keys.size()];
        const std::uint64_t seq = 1 + random() % 8;
        if (random() % 3 == 0) {
            streams.note_removed(key, seq);
        } else {
            Stream& stream = streams.get(key, now);
            streams.touch(stream, now);
            streams.note_stored(stream, seq, 0);
            streams.note_whole(stream, seq);
            changed[key] = ++changes;
        }
        streams.check_invariants();
        std::erase_if(changed, [&](const auto& entry) {
            const Stream* stream = streams.find(entry.first);
            return stream == nullptr || stream->whole.is_empty();
        });
        std::vector<std::pair<std::uint64_t, StreamKey>> order;
        for (const auto& [who, when] : changed) order.emplace_back(when, who);
        std::sort(order.begin(), order.end());
        std::vector<StreamKey> expected;
        for (const auto& [when, who] : order) expected.push_back(who);
        if (told_after(streams, 0) != expected) FAIL("order at step " << step);
    }
    CHECK(ground.counted(Counter::streams_evicted) > 0);
}

}  // namespace
}  // namespace hearsay::gossip
