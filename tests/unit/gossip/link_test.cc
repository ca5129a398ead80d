#include "daemon/gossip/link.h"

#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

// One link between this node, 1, and node 2, driven by hand.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::after;
using ground::FarEnd;
using ground::Ground;
using ground::kStart;
using ground::only;
using ground::Put;
using ground::SessionEnds;

struct Pair {
    explicit Pair(bool near_dialled = false, const config::Gossip& config = {})
        : ground(1, config), store(1 << 24, ground.core.hash_key) {
        SessionEnds ends = ground::make_session(ground, 2, near_dialled);
        ends.near.auth_i = near_dialled ? Bytes(wire::kAuthIClearSize + 126, 5) : Bytes{};
        far.emplace(ground, std::move(ends.far));
        link.emplace(ground.core, 0, std::move(ends.near), kStart);
    }

    // What leaves in the turn at `elapsed`, as the far end reads it.
    std::vector<wire::Frame> turn(Duration elapsed) {
        link->handle_timeout(store, after(elapsed));
        is_cut = link->flush(store, encodings, after(elapsed));
        put = ground.take();
        return far->hear(put);
    }
    // A packet with `frames` arrives from `from`.
    void receive(Duration elapsed, const std::vector<wire::Frame>& frames, FarEnd& from) {
        const Bytes datagram = from.say(frames);
        const auto packet = wire::parse_sealed(datagram);
        REQUIRE(packet);
        alignas(8) std::array<std::uint8_t, wire::kPlaintextSizeMax + crypto::kTagSize> plain;
        Channel* channel = link->channel(packet->session);
        REQUIRE(channel != nullptr);
        REQUIRE(channel->open(*packet, plain));
        link->note_received(datagram.size(), kStart + elapsed);
        bool elicits_ack = false;
        for (const wire::Frame& frame : frames) {
            if (const auto* ack = std::get_if<wire::Ack>(&frame))
                link->handle_ack(*channel, *ack, kStart + elapsed);
            if (const auto* heartbeat = std::get_if<wire::Heartbeat>(&frame))
                link->handle_heartbeat(*heartbeat, after(elapsed));
            elicits_ack |= std::holds_alternative<wire::Chunk>(frame);
        }
        channel->note_received(packet->counter, elicits_ack, kStart + elapsed);
    }
    void receive(Duration elapsed, const std::vector<wire::Frame>& frames) {
        receive(elapsed, frames, *far);
    }
    void receive_chunk(Duration elapsed) {
        const ground::Batch batch = ground::Author(2).message(++seq, "p");
        receive(elapsed, {batch.chunk()});
    }
    // The far end acks all it has heard.
    void ack_all(Duration elapsed) {
        std::vector<wire::NumberRange> ranges;
        for (auto it = far->numbers().rbegin(); it != far->numbers().rend(); ++it) {
            if (!ranges.empty() && ranges.back().first == *it + 1)
                ranges.back().first = *it;
            else if (ranges.size() < wire::kAckRangesMax)
                ranges.push_back({*it, *it});
        }
        wire::Ack ack;
        ack.ranges = ranges;
        receive(elapsed, {ack});
    }
    StoredBatch& store_batch(std::size_t payload_size, std::uint64_t number) {
        const ground::Batch batch =
            ground::Author(7).message(number, std::string(payload_size, 'x'));
        const wire::Chunk first = batch.chunk();
        StoredBatch& stored = store.add(first.header, batch.uid, batch.signature,
                                        batch.built.root, kStart + 1h);
        for (std::size_t i = 0; i < batch.built.chunks.size(); ++i)
            store.add_chunk(stored, batch.chunk(i));
        return stored;
    }
    // The deadline as a host would see it: not before `now`.
    Duration next(Duration now) const {
        return std::max(*link->next_deadline(), kStart + now) - kStart;
    }

    Ground ground;
    ChunkStore store;
    ChunkEncodings encodings;
    std::optional<FarEnd> far;
    std::optional<Link> link;
    Put put;
    bool is_cut = false;
    std::uint64_t seq = 0;
};

TEST_CASE("the first packet leaves at once: it tells that the session stands", "[link]") {
    Pair pair;
    CHECK(pair.next(0s) == 0s);
    const auto frames = pair.turn(0s);
    REQUIRE(frames.size() == 1);
    CHECK(std::holds_alternative<wire::Heartbeat>(frames[0]));
    CHECK(pair.next(0s) > 0s);
    CHECK(pair.turn(0s).empty());
}

TEST_CASE("an idle link costs one heartbeat an interval and nothing else", "[link]") {
    Pair pair;
    std::vector<Duration> times;
    for (Duration now = 0s; now <= 20s; now += 1ms) {
        if (pair.next(now) > now) continue;
        pair.link->note_received(50, kStart + now);
        const auto frames = pair.turn(now);
        for (const auto& heartbeat : only<wire::Heartbeat>(frames)) {
            CHECK_FALSE(heartbeat.wants_reply);
            times.push_back(now);
        }
        CHECK(frames.size() == pair.put.sent.size());
    }
    CHECK(times.size() >= 38);
    CHECK(times.size() <= 43);
    for (std::size_t i = 2; i < times.size(); ++i) {
        CHECK(times[i] - times[i - 1] >= 450ms);
        CHECK(times[i] - times[i - 1] <= 551ms);
    }
    CHECK(pair.link->snapshot(kStart + 20s).packets_sent == times.size());
}

TEST_CASE("links opened at one moment spread their heartbeats", "[link]") {
    Ground ground;
    ChunkStore store(1 << 20, ground.core.hash_key);
    ChunkEncodings encodings;
    std::set<Duration> second;
    for (unsigned i = 2; i < 22; ++i) {
        SessionEnds ends = ground::make_session(ground, i, false);
        Link link(ground.core, i, std::move(ends.near), kStart);
        link.flush(store, encodings, after(0s));
        second.insert((*link.next_deadline() - kStart) / 50ms * 50ms);
    }
    CHECK(second.size() >= 5);
    CHECK(*second.begin() >= 50ms);
    CHECK(*second.rbegin() <= 500ms);
}

TEST_CASE("a packet with a chunk is acknowledged within 5 ms", "[link]") {
    Pair pair;
    pair.turn(0s);
    pair.receive_chunk(1ms);
    CHECK(pair.next(1ms) == 6ms);
    CHECK(pair.turn(5'999us).empty());
    const auto frames = pair.turn(6ms);
    REQUIRE(frames.size() == 1);
    const auto acks = only<wire::Ack>(frames);
    REQUIRE(acks.size() == 1);
    CHECK(acks[0].delay_us == 5'000);
    REQUIRE(acks[0].ranges.size() == 1);
    CHECK(acks[0].ranges[0] == wire::NumberRange{1, 1});
    CHECK(pair.turn(20ms).empty());
}

TEST_CASE("the eighth packet with a chunk is acknowledged at once", "[link]") {
    Pair pair;
    pair.turn(0s);
    for (unsigned i = 0; i < Channel::kAckEvery - 1; ++i) pair.receive_chunk(1ms);
    CHECK(pair.turn(1ms).empty());
    pair.receive_chunk(1ms);
    CHECK(pair.next(1ms) == 1ms);
    const auto acks = only<wire::Ack>(pair.turn(1ms));
    REQUIRE(acks.size() == 1);
    CHECK(acks[0].ranges[0] == wire::NumberRange{1, 8});
}

TEST_CASE("an ack names all that arrived, newest first, with the gaps", "[link]") {
    Pair pair;
    pair.turn(0s);
    pair.receive_chunk(1ms);
    pair.receive_chunk(1ms);
    pair.far->say({wire::Heartbeat{}});  // 3 is lost
    pair.receive_chunk(2ms);
    pair.far->say({wire::Heartbeat{}});  // 5
    pair.receive(3ms, {wire::Heartbeat{}});
    const auto acks = only<wire::Ack>(pair.turn(6ms));
    REQUIRE(acks.size() == 1);
    const std::vector<wire::NumberRange> ranges(acks[0].ranges.begin(), acks[0].ranges.end());
    CHECK(ranges == std::vector<wire::NumberRange>{{6, 6}, {4, 4}, {1, 2}});
    CHECK(acks[0].delay_us == 3'000);  // of the newest
}

TEST_CASE("packets without a chunk are not acknowledged", "[link]") {
    Pair pair;
    pair.turn(0s);
    for (int i = 0; i < 20; ++i) pair.receive(1ms, {wire::Heartbeat{}, wire::Prune{}});
    CHECK(only<wire::Ack>(pair.turn(49ms)).empty());
}

TEST_CASE("a pending ack rides on whatever leaves first", "[link]") {
    Pair pair;
    pair.turn(0s);
    pair.receive_chunk(1ms);
    pair.link->queue_control(wire::Prune{ground::node_of(9)});
    const auto frames = pair.turn(2ms);
    CHECK(frames.size() == 2);
    CHECK(pair.put.sent.size() == 1);
    CHECK(only<wire::Ack>(frames).size() == 1);
}

TEST_CASE("a silent neighbour is probed every 100 ms after 1 s and dead after 1.5 s", "[link]") {
    Pair pair;
    std::vector<Duration> probes;
    for (Duration now = 0s; now < 1'500ms; now += 1ms) {
        CHECK_FALSE(pair.link->is_dead(kStart + now));
        for (const auto& heartbeat : only<wire::Heartbeat>(pair.turn(now)))
            if (heartbeat.wants_reply) probes.push_back(now);
    }
    REQUIRE(probes.size() >= 4);
    CHECK(probes.size() <= 6);
    CHECK(probes.front() >= 1s);
    CHECK(probes.front() <= 1'100ms);
    for (std::size_t i = 1; i < probes.size(); ++i)
        CHECK(probes[i] - probes[i - 1] <= Link::kProbeInterval);
    CHECK(pair.link->is_dead(kStart + 1'500ms));
}

TEST_CASE("probing and death are deadlines", "[link]") {
    Pair pair;
    Duration now = 0s;
    bool has_probed = false;
    while (now < 1'500ms) {
        for (const auto& heartbeat : only<wire::Heartbeat>(pair.turn(now)))
            has_probed |= heartbeat.wants_reply;
        const Duration next = pair.next(now);
        REQUIRE(next > now);
        now = next;
    }
    CHECK(has_probed);
    CHECK(now == 1'500ms);  // not slept through
}

TEST_CASE("any packet is a sign of life", "[link]") {
    Pair pair;
    pair.receive(1'400ms, {wire::Prune{}});
    CHECK_FALSE(pair.link->is_dead(kStart + 2'899ms));
    for (const auto& heartbeat : only<wire::Heartbeat>(pair.turn(1'500ms)))
        CHECK_FALSE(heartbeat.wants_reply);
    CHECK(pair.link->is_dead(kStart + 2'900ms));
}

TEST_CASE("a probe is answered at once", "[link]") {
    Pair pair;
    pair.turn(0s);
    wire::Heartbeat probe;
    probe.wants_reply = true;
    pair.receive(10ms, {probe});
    CHECK(pair.next(10ms) == 10ms);
    const auto heartbeats = only<wire::Heartbeat>(pair.turn(10ms));
    REQUIRE(heartbeats.size() == 1);
    CHECK_FALSE(heartbeats[0].wants_reply);
    CHECK(pair.turn(11ms).empty());
}

TEST_CASE("who was itself asleep gives the neighbour time to speak again", "[link]") {
    Pair pair;
    pair.link->forgive(kStart + 10s);
    CHECK_FALSE(pair.link->is_dead(kStart + 10'499ms));
    CHECK(pair.link->is_dead(kStart + 10'500ms));
    pair.receive(11s, {wire::Prune{}});
    pair.link->forgive(kStart + 11'100ms);
    CHECK_FALSE(pair.link->is_dead(kStart + 12'499ms));  // nothing is taken away
}

TEST_CASE("a heartbeat echoes the last one heard, so that both know the round trip", "[link]") {
    Pair pair;
    const auto first = only<wire::Heartbeat>(pair.turn(0s));
    REQUIRE(first.size() == 1);
    CHECK(first[0].echo_us == 0);
    CHECK(first[0].sent_us == 3'600'000'000);
    wire::Heartbeat heard;
    heard.sent_us = 777;
    heard.echo_us = first[0].sent_us;
    heard.echo_delay_us = 4'000;
    heard.wall_ms = ground::kWallMs + 10'007;
    heard.wants_reply = true;
    pair.receive(10ms, {heard});
    CHECK(pair.link->round_trip() == 6ms);
    CHECK(pair.link->clock_offset_ms() == 10'000);  // 7 ms: 10 here, and half the way less 3
    const auto reply = only<wire::Heartbeat>(pair.turn(12ms));
    REQUIRE(reply.size() == 1);
    CHECK(reply[0].echo_us == 777);
    CHECK(reply[0].echo_delay_us == 2'000);
    CHECK(reply[0].wall_ms == ground::kWallMs + 12);
}

TEST_CASE("an echo that cannot be is no round trip", "[link]") {
    Pair pair;
    wire::Heartbeat heard;
    heard.echo_us = UINT64_MAX;
    pair.receive(10ms, {heard});
    heard.echo_us = 3'600'009'000;
    heard.echo_delay_us = 2'000;  // longer than ago
    pair.receive(10ms, {heard});
    CHECK(pair.link->round_trip() == std::nullopt);
}

TEST_CASE("absurd clocks of a neighbour are far away and do not wrap round", "[link]") {
    for (const std::uint64_t wall_ms :
         {UINT64_MAX, std::uint64_t{1} << 63, (std::uint64_t{1} << 63) - 1}) {
        Pair pair;
        wire::Heartbeat heard;
        heard.wall_ms = wall_ms;
        pair.receive(10ms, {heard});
        REQUIRE(pair.link->clock_offset_ms());
        CHECK(*pair.link->clock_offset_ms() > 1'000'000'000'000);
    }
    Pair pair;
    pair.receive(10ms, {wire::Heartbeat{}});
    CHECK(*pair.link->clock_offset_ms() == -static_cast<std::int64_t>(ground::kWallMs) - 10);
}

TEST_CASE("a heartbeat says which record is held of the neighbour", "[link]") {
    Pair pair;
    pair.link->set_known_record(12, 34);
    const auto heartbeats = only<wire::Heartbeat>(pair.turn(0s));
    REQUIRE(heartbeats.size() == 1);
    CHECK(heartbeats[0].known_epoch == 12);
    CHECK(heartbeats[0].known_version == 34);
}

TEST_CASE("who dialled sends AUTH_I again until the other side has been heard", "[link]") {
    Pair pair(true);
    const auto auths = [&](Duration now) {
        pair.turn(now);
        std::size_t count = 0;
        for (const auto& sent : pair.put.sent) count += sent.datagram[0] == 5 ? 1U : 0U;
        return count;
    };
    CHECK(auths(0s) == 0);
    CHECK(auths(199ms) == 0);
    CHECK(pair.next(199ms) == 200ms);
    CHECK(auths(200ms) == 1);
    CHECK(auths(399ms) == 0);
    CHECK(auths(400ms) == 1);
    pair.receive(410ms, {wire::Prune{}});
    CHECK(auths(600ms) == 0);
    CHECK(auths(10s) == 0);
}

TEST_CASE("no chunk is sent before the other side is known to have the keys", "[link]") {
    Pair pair(true);
    pair.link->queue_chunk(pair.store_batch(10, 1), 0);
    CHECK(only<wire::Chunk>(pair.turn(0s)).empty());
    pair.receive(1ms, {wire::Prune{}});
    CHECK(pair.next(1ms) == 1ms);
    CHECK(only<wire::Chunk>(pair.turn(1ms)).size() == 1);
}

TEST_CASE("a chunk is queued once and not sent to whom has shown it", "[link]") {
    Pair pair;
    StoredBatch& batch = pair.store_batch(10, 1);
    pair.link->queue_chunk(batch, 0);
    pair.link->queue_chunk(batch, 0);
    CHECK(pair.link->chunks_queued() == 1);
    batch.chunks[0].held_by |= pair.link->mask();
    CHECK(only<wire::Chunk>(pair.turn(0s)).empty());
    CHECK(pair.link->chunks_queued() == 0);
    CHECK((batch.chunks[0].queued_for & pair.link->mask()) == 0);
    CHECK(pair.next(0s) > 0s);
}

TEST_CASE("a chunk whose batch left the store meanwhile is passed over", "[link]") {
    Pair pair;
    StoredBatch& batch = pair.store_batch(10, 1);
    pair.link->queue_chunk(batch, 0);
    pair.link->queue_chunk(pair.store_batch(10, 2), 0);
    pair.store.remove(batch);
    const auto chunks = only<wire::Chunk>(pair.turn(0s));
    REQUIRE(chunks.size() == 1);
    CHECK(chunks[0].header.seq == 2);
}

TEST_CASE("small chunks share datagrams, none of them over the size agreed", "[link]") {
    Pair pair;
    pair.turn(0s);
    for (std::uint64_t i = 1; i <= 40; ++i) pair.link->queue_chunk(pair.store_batch(60, i), 0);
    CHECK(only<wire::Chunk>(pair.turn(1ms)).size() == 40);
    CHECK(pair.put.sent.size() < 20);
    for (const auto& sent : pair.put.sent)
        CHECK(sent.datagram.size() <= wire::kDatagramSizeDefault);
}

TEST_CASE("what is acknowledged is not sent again", "[link]") {
    Pair pair;
    pair.link->queue_chunk(pair.store_batch(10, 1), 0);
    CHECK(only<wire::Chunk>(pair.turn(0s)).size() == 1);
    CHECK(pair.link->snapshot(kStart).packets_in_flight == 1);
    pair.ack_all(2ms);
    CHECK(pair.link->snapshot(kStart).packets_in_flight == 0);
    for (Duration now = 3ms; now < 900ms; now += 1ms)
        CHECK(only<wire::Chunk>(pair.turn(now)).empty());
}

TEST_CASE("what is not acknowledged is sent again, unless the neighbour has shown it", "[link]") {
    Pair pair;
    StoredBatch& lost = pair.store_batch(10, 1);
    StoredBatch& shown = pair.store_batch(900, 2);
    pair.link->queue_chunk(lost, 0);
    pair.link->queue_chunk(shown, 0);
    CHECK(only<wire::Chunk>(pair.turn(0s)).size() == 2);
    shown.chunks[0].held_by |= pair.link->mask();
    std::vector<std::uint64_t> again;
    for (Duration now = 1ms; now < 300ms; now += 1ms)
        for (const auto& chunk : only<wire::Chunk>(pair.turn(now)))
            again.push_back(chunk.header.seq);
    REQUIRE_FALSE(again.empty());
    CHECK(std::count(again.begin(), again.end(), 1U) == std::ptrdiff_t(again.size()));
    CHECK(pair.ground.counted(Counter::packets_lost) > 0);
}

TEST_CASE("no more than a window of packets is under way", "[link]") {
    Pair pair;
    pair.turn(0s);
    for (std::uint64_t i = 1; i <= 400; ++i) pair.link->queue_chunk(pair.store_batch(800, i), 0);
    std::size_t sent = 0;
    do sent += only<wire::Chunk>(pair.turn(1ms)).size();
    while (pair.is_cut);
    CHECK(sent == CongestionWindow::kInitial);
    CHECK(pair.next(1ms) > 1ms);
    // Each window that arrives makes room for one twice as large.
    for (std::size_t window = CongestionWindow::kInitial; sent < 400; window *= 2) {
        CHECK(sent == 2 * window - CongestionWindow::kInitial);
        pair.ack_all(2ms);
        do sent += only<wire::Chunk>(pair.turn(2ms)).size();
        while (pair.is_cut);
    }
    CHECK(sent == 400);
}

TEST_CASE("a turn is cut at the outbox's bound and goes on in the next", "[link]") {
    Pair pair;
    pair.turn(0s);
    std::uint64_t seq = 0;
    for (std::size_t window = CongestionWindow::kInitial; window < 256; window *= 2) {
        for (std::size_t i = 0; i < window; ++i)
            pair.link->queue_chunk(pair.store_batch(800, ++seq), 0);
        do pair.turn(0s);
        while (pair.is_cut);
        pair.ack_all(0s);
    }
    for (int i = 0; i < 200; ++i) pair.link->queue_chunk(pair.store_batch(800, ++seq), 0);
    CHECK(only<wire::Chunk>(pair.turn(1ms)).size() == Outbox::kDatagramsMax);
    CHECK(pair.is_cut);
    CHECK(pair.next(1ms) == 1ms);
    CHECK(only<wire::Chunk>(pair.turn(1ms)).size() == 200 - Outbox::kDatagramsMax);
    CHECK_FALSE(pair.is_cut);
}

TEST_CASE("the queues are bounded, and what finds no room is counted", "[link]") {
    Pair pair;
    std::uint64_t number = 1;
    while (pair.link->has_room_for_chunks()) {
        StoredBatch& batch = pair.store_batch(300'000, number++);
        for (std::size_t i = 0; i < batch.chunks.size(); ++i)
            pair.link->queue_chunk(batch, static_cast<std::uint16_t>(i));
    }
    CHECK(pair.link->chunks_queued() == Link::kChunksQueuedMax);
    StoredBatch& more = pair.store_batch(10, number);
    const std::uint64_t dropped = pair.ground.counted(Counter::queue_dropped);
    pair.link->queue_chunk(more, 0);
    CHECK(pair.ground.counted(Counter::queue_dropped) == dropped + 1);
    CHECK(pair.link->chunks_queued() == Link::kChunksQueuedMax);
    CHECK(more.chunks[0].queued_for == 0);

    for (std::size_t i = 0; i < Link::kControlsQueuedMax; ++i)
        CHECK(pair.link->queue_control(wire::Prune{}));
    CHECK_FALSE(pair.link->queue_control(wire::Prune{}));
}

TEST_CASE("the initiator makes new keys after about 120 s, the responder after 150 s", "[link]") {
    for (const bool is_initiator : {true, false}) {
        Pair pair(is_initiator);
        const Duration about = is_initiator ? 120s : 150s;
        CHECK_FALSE(pair.link->wants_rekey(kStart + about - 10'001ms));
        CHECK(pair.link->wants_rekey(kStart + about + 10s));
        pair.link->postpone_rekey(kStart + about + 15s);
        CHECK_FALSE(pair.link->wants_rekey(kStart + about + 10s));
        CHECK_FALSE(pair.link->has_worn_out_keys(kStart + 180s - 1ns));
        CHECK(pair.link->has_worn_out_keys(kStart + 180s));
    }
}

}  // namespace
}  // namespace hearsay::gossip
