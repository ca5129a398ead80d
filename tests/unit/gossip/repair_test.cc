#include "tests/catch.h"
#include "tests/unit/gossip/stage.h"

// Have and Want about messages, as node 1 hears and says them.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::after;
using ground::Author;
using ground::Batch;
using ground::kEpoch;
using ground::node_of;
using ground::only;
using ground::Stage;
using wire::NumberRange;

struct Scene : Stage {
    Scene() {
        add_member(5);
        for (const unsigned number : {2U, 3U}) {
            add_link(number);
            flush_to(number, after(0s));
        }
        repair.handle_timeout(after(0s).monotonic);
        for (const unsigned number : {2U, 3U}) flush_to(number, after(0s));
    }
    void announce(unsigned number, std::vector<NumberRange> ranges, Duration now = 0s,
                  const Author* who = nullptr) {
        const wire::StreamRanges stream{who != nullptr ? who->id() : author.id(), kEpoch, 0,
                                        ranges.back().last, ranges};
        wire::Have have;
        have.streams = {&stream, 1};
        repair.handle_have(link(number), have, after(now));
    }
    // Neighbour `number` shows that it hears this node.
    void echo(unsigned number, Duration now) {
        wire::Heartbeat heartbeat;
        heartbeat.echo_us = static_cast<std::uint64_t>(
            after(now).monotonic.time_since_epoch() / std::chrono::microseconds(1));
        link(number).handle_heartbeat(heartbeat, after(now));
    }
    // What neighbour `number` is asked for in the turn at `now`.
    std::vector<wire::Want> wants(unsigned number, Duration now) {
        repair.handle_timeout(after(now).monotonic);
        return only<wire::Want>(flush_to(number, after(now)));
    }
    std::vector<NumberRange> wanted(unsigned number, Duration now) {
        std::vector<NumberRange> ranges;
        for (const wire::Want& want : wants(number, now))
            for (const wire::StreamRanges& stream : want.streams)
                ranges.insert(ranges.end(), stream.ranges.begin(), stream.ranges.end());
        return ranges;
    }
    void want(unsigned number, std::vector<NumberRange> ranges, Duration now = 0s) {
        const wire::StreamRanges stream{author.id(), kEpoch, 0, 0, ranges};
        wire::Want frame;
        frame.streams = {&stream, 1};
        repair.handle_want(link(number), frame, after(now).monotonic);
    }
    // Messages `first` to `last` of the author are held, from neighbour `from`.
    void hold(std::uint64_t first, std::uint64_t last, unsigned from = 3, Duration now = 0s) {
        for (std::uint64_t seq = first; seq <= last; ++seq)
            receive(from, author.message(seq, "p").chunk(), after(now));
        run_checks(after(now));
    }
    std::vector<std::uint64_t> chunks_to(unsigned number, Duration now) {
        std::vector<std::uint64_t> seqs;
        for (const auto& chunk : only<wire::Chunk>(flush_to(number, after(now))))
            seqs.push_back(chunk.header.seq);
        return seqs;
    }
    Author author{5};
};

using Ranges = std::vector<NumberRange>;

TEST_CASE("what a neighbour has and this node has not is wanted 20 ms later", "[repair]") {
    Scene scene;
    scene.announce(2, {{3, 4}, {7, 7}});
    CHECK(scene.wanted(2, 19ms).empty());
    CHECK(scene.repair.next_deadline() <= after(20ms).monotonic);
    const auto wants = scene.wants(2, 20ms);
    REQUIRE(wants.size() == 1);
    REQUIRE(wants[0].streams.size() == 1);
    CHECK(wants[0].streams[0].publisher == scene.author.id());
    CHECK(wants[0].streams[0].epoch == kEpoch);
    const Ranges ranges(wants[0].streams[0].ranges.begin(), wants[0].streams[0].ranges.end());
    CHECK(ranges == Ranges{{3, 4}, {7, 7}});
    CHECK(scene.counted(Counter::chunks_wanted) == 3);
    CHECK(scene.wanted(3, 20ms).empty());
}

TEST_CASE("what arrives meanwhile is not wanted", "[repair]") {
    Scene scene;
    scene.hold(1, 2);
    scene.announce(2, {{1, 6}});
    scene.hold(4, 4);
    scene.receive(3, scene.author.message(5, "p").chunk(), after(10ms));  // being checked
    CHECK(scene.wanted(2, 20ms) == Ranges{{3, 3}, {6, 6}});
}

TEST_CASE("what is all held is not asked for at all", "[repair]") {
    Scene scene;
    scene.hold(1, 5);
    scene.announce(2, {{1, 5}});
    for (Duration now = 0s; now < 1s; now += 5ms) CHECK(scene.wanted(2, now).empty());
}

TEST_CASE("a number is wanted of one neighbour at a time, then of another", "[repair]") {
    Scene scene;
    scene.announce(2, {{1, 1}});
    scene.announce(3, {{1, 1}});
    CHECK(scene.wanted(2, 20ms) == Ranges{{1, 1}});
    for (Duration now = 20ms; now < 220ms; now += 1ms) CHECK(scene.wanted(3, now).empty());
    CHECK(scene.wanted(3, 220ms) == Ranges{{1, 1}});
    Duration now = 221ms;
    for (; now < 420ms; now += 1ms) CHECK(scene.wanted(2, now).empty());
    CHECK(scene.wanted(2, 420ms) == Ranges{{1, 1}});  // and back again
}

TEST_CASE("when a neighbour goes its wants are free for others at once", "[repair]") {
    Scene scene;
    scene.announce(2, {{1, 1}});
    CHECK(scene.wanted(2, 20ms) == Ranges{{1, 1}});
    scene.repair.handle_link_down(scene.link(2).slot());
    scene.links.drop(scene.link(2), "test");
    scene.announce(3, {{1, 1}}, 21ms);
    CHECK(scene.wanted(3, 41ms) == Ranges{{1, 1}});
}

TEST_CASE("a want never answered is repeated a few times and then dropped", "[repair]") {
    Scene scene;
    scene.announce(2, {{1, 3}});
    std::size_t asked = 0;
    for (Duration now = 0s; now < 10s; now += 5ms) {
        scene.link(2).note_received(1, after(now).monotonic);
        asked += scene.wants(2, now).size();
    }
    CHECK(asked >= 3);
    CHECK(asked <= Repair::kTriesMax);
}

TEST_CASE("an answer ends the asking", "[repair]") {
    Scene scene;
    scene.announce(2, {{1, 2}});
    CHECK(scene.wanted(2, 20ms) == Ranges{{1, 2}});
    scene.hold(1, 2, 2, 25ms);
    for (Duration now = 25ms; now < 2s; now += 5ms) CHECK(scene.wanted(2, now).empty());
    CHECK(scene.put.deliveries.size() == 2);
}

TEST_CASE("no more is outstanding with one neighbour than the bound", "[repair]") {
    Scene scene;
    scene.announce(2, {{1, 10'000}});
    std::uint64_t asked = 0;
    for (Duration now = 0s; now < 220ms; now += 1ms)
        for (const NumberRange& range : scene.wanted(2, now))
            asked += range.last - range.first + 1;
    CHECK(asked == Repair::kOutstandingMax);
}

TEST_CASE("a long gap is closed at the pace of the answers", "[repair]") {
    Scene scene;
    constexpr std::uint64_t kCount = 2'000;
    scene.announce(2, {{1, kCount}});
    Duration now = 0s;
    for (; now < 2s && scene.put.deliveries.size() < kCount; now += 1ms)
        for (const NumberRange& range : scene.wanted(2, now))
            scene.hold(range.first, range.last, 2, now);
    CHECK(scene.put.deliveries.size() == kCount);
    CHECK(now < 500ms);
}

TEST_CASE("a liar who announces what does not exist is not asked for ever", "[repair]") {
    Scene scene;
    scene.announce(2, {{1, 600}});
    std::size_t asked_late = 0;
    for (Duration now = 0s; now < 20s; now += 5ms) {
        scene.link(2).note_received(1, after(now).monotonic);
        const std::size_t count = scene.wants(2, now).size();
        if (now > 15s) asked_late += count;
    }
    CHECK(asked_late == 0);
}

// What an announcement's first numbers are no longer to be had must not keep the rest from being
// asked for.
TEST_CASE("numbers that nobody can supply do not block those behind them", "[repair]") {
    Scene scene;
    constexpr std::uint64_t kGone = 2 * Repair::kOutstandingMax;
    constexpr std::uint64_t kLast = kGone + 300;
    scene.announce(2, {{1, kLast}});
    Duration now = 0s;
    for (; now < 20s && scene.put.deliveries.size() < kLast - kGone; now += 5ms) {
        scene.link(2).note_received(1, after(now).monotonic);
        for (const NumberRange& range : scene.wanted(2, now))
            for (std::uint64_t seq = std::max(range.first, kGone + 1); seq <= range.last; ++seq)
                scene.hold(seq, seq, 2, now);
    }
    CHECK(scene.put.deliveries.size() == kLast - kGone);
}

TEST_CASE("announcements of any size cost a bounded window of numbers", "[repair]") {
    Scene scene;
    scene.announce(2, {{1, UINT64_MAX}});
    scene.announce(2, {{UINT64_MAX, UINT64_MAX}});
    std::uint64_t lowest = UINT64_MAX;
    for (Duration now = 0s; now < 1s; now += 5ms)
        for (const NumberRange& range : scene.wanted(2, now))
            lowest = std::min(lowest, range.first);
    CHECK(lowest == UINT64_MAX - Repair::kRangeSizeMax + 1);
}

TEST_CASE("the last number there is can be settled and announced", "[repair]") {
    Scene scene;
    scene.receive_and_check(3, scene.author.message(UINT64_MAX, "p").chunk(), after(0s));
    CHECK(scene.put.deliveries.size() == 1);
    scene.announce(2, {{UINT64_MAX, UINT64_MAX}});
    scene.announce(2, {{UINT64_MAX - 3, UINT64_MAX}});
    scene.announce(2, {{0, 0}});
    CHECK(scene.wanted(2, 20ms) == Ranges{{UINT64_MAX - 3, UINT64_MAX - 1}});
}

TEST_CASE("one neighbour's flood of announcements does not push out another's", "[repair]") {
    Scene scene;
    scene.announce(3, {{42, 42}});
    for (unsigned i = 0; i < 1'000; ++i) {
        const Author somebody(1'000 + i);
        scene.announce(2, {{1, 1}}, 0s, &somebody);
    }
    CHECK(scene.wanted(3, 20ms) == Ranges{{42, 42}});
    std::set<crypto::NodeId> asked;
    for (Duration now = 20ms; now < 10s; now += 20ms)
        for (const wire::Want& want : scene.wants(2, now))
            for (const wire::StreamRanges& stream : want.streams) asked.insert(stream.publisher);
    CHECK(asked.size() == Repair::kAnnouncedMax);
}

TEST_CASE("a neighbour that feigns a long round trip cannot sit on a want", "[repair]") {
    Scene scene;
    wire::Heartbeat heartbeat;
    heartbeat.echo_us = 1;  // an hour ago
    scene.link(2).handle_heartbeat(heartbeat, after(0s));
    REQUIRE(scene.link(2).round_trip() > 1min);
    scene.announce(2, {{1, 1}});
    CHECK(scene.wanted(2, 20ms) == Ranges{{1, 1}});
    scene.announce(3, {{1, 1}}, 30ms);
    Ranges elsewhere;
    for (Duration now = 50ms; now < 3s && elsewhere.empty(); now += 5ms)
        elsewhere = scene.wanted(3, now);
    CHECK(elsewhere == Ranges{{1, 1}});
}

TEST_CASE("of a batch in part only the missing chunks are wanted", "[repair]") {
    Scene scene;
    const Batch batch = scene.author.message(1, std::string(5'000, 'x'));
    REQUIRE(batch.built.chunks.size() == 7);
    for (const std::size_t index : {1U, 2U, 5U})
        scene.receive_and_check(3, batch.chunk(index), after(0s));
    scene.announce(2, {{1, 1}});
    const auto wants = scene.wants(2, 20ms);
    REQUIRE(wants.size() == 1);
    CHECK(wants[0].streams.empty());
    const std::vector<wire::WantedChunks> chunks(wants[0].chunks.begin(), wants[0].chunks.end());
    CHECK(chunks == std::vector<wire::WantedChunks>{
                        {batch.uid, 0, 0}, {batch.uid, 3, 4}, {batch.uid, 6, 6}});
    for (const std::size_t index : {0U, 3U, 4U, 6U})
        scene.receive_and_check(2, batch.chunk(index), after(25ms));
    CHECK(scene.put.deliveries.size() == 1);
    for (Duration now = 25ms; now < 1s; now += 5ms) CHECK(scene.wants(2, now).empty());
}

TEST_CASE("wants of many streams keep the limits of a frame", "[repair]") {
    Scene scene;
    for (unsigned i = 0; i < 40; ++i) {
        const Author somebody(1'000 + i);
        Ranges ranges;
        for (std::uint64_t seq = 1; seq < 20; seq += 2) ranges.push_back({seq, seq});
        scene.announce(2, ranges, 0s, &somebody);
    }
    std::set<StreamKey> asked;
    std::size_t frames = 0;
    for (Duration now = 20ms; now < 150ms; now += 5ms)
        for (const wire::Want& want : scene.wants(2, now)) {
            std::size_t ranges = 0;
            for (const wire::StreamRanges& stream : want.streams) {
                ranges += stream.ranges.size();
                asked.insert({stream.publisher, stream.epoch});
            }
            CHECK(want.streams.size() <= wire::kStreamsPerFrameMax);
            CHECK(ranges <= wire::kRangesPerFrameMax);
            ++frames;
        }
    CHECK(frames > 5);  // each of them was encoded and decoded within the limits
    CHECK(asked.size() > 20);
}

TEST_CASE("what is wanted is sent to who asks, and to nobody else", "[repair]") {
    Scene scene;
    scene.hold(1, 5);
    scene.chunks_to(2, 0s);
    scene.want(2, {{2, 3}, {5, 9}}, 1s);
    CHECK(scene.chunks_to(2, 1s) == std::vector<std::uint64_t>{2, 3, 5});
    CHECK(scene.chunks_to(3, 1s).empty());
    CHECK(scene.counted(Counter::chunks_repaired) == 3);
}

TEST_CASE("who asks for what it sent itself is sent it all the same", "[repair]") {
    Scene scene;
    scene.hold(1, 1, 3);  // came from 3, which has lost it since
    scene.want(3, {{1, 1}});
    CHECK(scene.chunks_to(3, 0s) == std::vector<std::uint64_t>{1});
}

TEST_CASE("wants of what is not there are answered with nothing", "[repair]") {
    Scene scene;
    scene.hold(1, 1);
    scene.chunks_to(2, 0s);
    scene.want(2, {{2, UINT64_MAX}});
    wire::Want strange;
    const wire::StreamRanges unknown{node_of(99), 1, 0, 0, {}};
    const std::vector<wire::WantedChunks> chunks{{crypto::Uid{}, 0, 9}};
    const std::vector<crypto::NodeId> nobody{node_of(98)};
    strange.streams = {&unknown, 1};
    strange.chunks = chunks;
    strange.records = nobody;
    scene.repair.handle_want(scene.link(2), strange, after(0s).monotonic);
    CHECK(scene.chunks_to(2, 0s).empty());
}

TEST_CASE("chunks wanted by uid are sent as far as they are held", "[repair]") {
    Scene scene;
    const Batch batch = scene.author.message(1, std::string(5'000, 'x'));
    for (const std::size_t index : {0U, 2U})
        scene.receive_and_check(3, batch.chunk(index), after(0s));
    scene.chunks_to(2, 0s);
    const std::vector<wire::WantedChunks> chunks{{batch.uid, 0, 65'535}, {batch.uid, 6, 6}};
    wire::Want want;
    want.chunks = chunks;
    scene.repair.handle_want(scene.link(2), want, after(0s).monotonic);
    CHECK(only<wire::Chunk>(scene.flush_to(2, after(0s))).size() == 2);
}

TEST_CASE("answers are held to a rate for each neighbour", "[repair]") {
    Scene scene;
    scene.hold(1, 100);
    for (int i = 0; i < 200; ++i) scene.want(2, {{1, 100}}, 1s);
    const std::uint64_t answered = scene.counted(Counter::chunks_repaired);
    CHECK(static_cast<double>(answered) <= Repair::kAnswerRate / 10);
    scene.want(3, {{1, 100}}, 1s);
    CHECK(scene.counted(Counter::chunks_repaired) == answered + 100);
}

TEST_CASE("changes are told to a neighbour within the interval, and a few times", "[repair]") {
    Scene scene;
    scene.hold(1, 3);
    std::map<unsigned, std::size_t> told;
    Duration first = 1h;
    for (Duration now = 1ms; now < 5s; now += 1ms) {
        // Both hear this node; the third telling to node 3 has to wait for that.
        if (now % 500ms == 0ms) scene.echo(2, now);
        if (now == 3s) CHECK(told[3] == Link::kTellRounds - 1);
        if (now == 3s) scene.echo(3, now);
        scene.repair.handle_timeout(after(now).monotonic);
        for (const unsigned number : {2U, 3U})
            for (const auto& have : only<wire::Have>(scene.flush_to(number, after(now))))
                for (const wire::StreamRanges& stream : have.streams) {
                    CHECK(stream.publisher == scene.author.id());
                    CHECK(stream.floor == 0);
                    CHECK(stream.top == 3);
                    REQUIRE(stream.ranges.size() == 1);
                    CHECK(stream.ranges[0] == NumberRange{1, 3});
                    first = std::min(first, now);
                    ++told[number];
                }
    }
    CHECK(first <= Repair::kTellInterval);
    CHECK(told[2] == Link::kTellRounds);
    CHECK(told[3] == Link::kTellRounds);
}

TEST_CASE("a new neighbour is told everything at once", "[repair]") {
    Scene scene;
    for (unsigned i = 0; i < 20; ++i) {
        const Author somebody(1'000 + i);
        scene.receive_and_check(3, somebody.message(1, "p").chunk(), after(0s));
    }
    scene.add_link(4);
    std::set<StreamKey> told;
    std::size_t hashes = 0;
    for (const auto& have : only<wire::Have>(scene.flush_to(4, after(0s)))) {
        for (const wire::StreamRanges& stream : have.streams)
            told.insert({stream.publisher, stream.epoch});
        hashes += have.bucket_hashes.size();
        CHECK(have.streams.size() <= wire::kStreamsPerFrameMax);
    }
    CHECK(told.size() == 20);
    CHECK(hashes == wire::kRecordBuckets);
}

TEST_CASE("what has left the store is no longer told of", "[repair]") {
    Scene scene;
    scene.hold(1, 3);
    scene.flood.handle_timeout(after(2min).monotonic);
    for (Duration now = 2min; now < 2min + 2s; now += 10ms) {
        scene.repair.handle_timeout(after(now).monotonic);
        for (const auto& have : only<wire::Have>(scene.flush_to(2, after(now))))
            CHECK(have.streams.empty());
    }
}

TEST_CASE("with no neighbour there is nothing to do", "[repair]") {
    Stage stage;
    CHECK(stage.repair.next_deadline() == std::nullopt);
    stage.repair.handle_timeout(after(1h).monotonic);
    stage.collect();
    CHECK(stage.put.sent.empty());
}

}  // namespace
}  // namespace hearsay::gossip
