#include "daemon/gossip/loss_recovery.h"

#include "tests/catch.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};

LossRecovery::SentPacket packet(std::uint64_t number, Instant at) {
    LossRecovery::SentPacket sent;
    sent.number = number;
    sent.sent_at = at;
    sent.chunk_count = 1;
    sent.chunks[0] = {static_cast<std::uint32_t>(number), 0, 0};
    return sent;
}

// One session's recovery with the numbers of the packets found lost.
struct Sender {
    LossRecovery recovery;
    RoundTrip round_trip;
    std::vector<std::uint32_t> lost;

    void send(std::uint64_t first, std::uint64_t last, Instant at) {
        for (std::uint64_t number = first; number <= last; ++number)
            recovery.note_sent(packet(number, at));
    }
    void ack(std::vector<wire::NumberRange> ranges, Instant now, std::uint32_t delay_us = 0) {
        wire::Ack ack;
        ack.delay_us = delay_us;
        ack.ranges = ranges;
        std::vector<ChunkRef> chunks;
        recovery.handle_ack(ack, round_trip, now, chunks);
        note(chunks);
    }
    void timeout(Instant now) {
        std::vector<ChunkRef> chunks;
        recovery.handle_timeout(round_trip, now, chunks);
        note(chunks);
    }
    void note(const std::vector<ChunkRef>& chunks) {
        for (const ChunkRef& chunk : chunks) lost.push_back(chunk.slot);
    }
    std::optional<Instant> deadline() const { return recovery.next_deadline(round_trip); }
};

using Lost = std::vector<std::uint32_t>;

TEST_CASE("the first sample is the round trip, half of it the variation", "[loss]") {
    RoundTrip round_trip;
    CHECK_FALSE(round_trip.has_sample());
    round_trip.add_sample(80ms, 5ms);
    CHECK(round_trip.has_sample());
    CHECK(round_trip.smoothed() == 80ms);
    CHECK(round_trip.latest() == 80ms);
    CHECK(round_trip.least() == 80ms);
    CHECK(round_trip.probe_timeout() == 80ms + 4 * 40ms + 5ms);
}

TEST_CASE("later samples are smoothed as RFC 9002 5.3 says", "[loss]") {
    RoundTrip round_trip;
    round_trip.add_sample(80ms, 0ms);
    round_trip.add_sample(165ms, 5ms);  // adjusted: 160
    CHECK(round_trip.smoothed() == (7 * Duration(80ms) + 160ms) / 8);
    CHECK(round_trip.probe_timeout() == 90ms + 4 * ((3 * 40ms + 80ms) / 4) + 5ms);
    CHECK(round_trip.least() == 80ms);
    CHECK(round_trip.latest() == 165ms);
}

TEST_CASE("an ack delay is believed up to 5 ms and never below the least round trip", "[loss]") {
    RoundTrip boasting;
    boasting.add_sample(80ms, 0ms);
    boasting.add_sample(160ms, 10s);
    CHECK(boasting.smoothed() == (7 * Duration(80ms) + 155ms) / 8);
    RoundTrip least;
    least.add_sample(80ms, 0ms);
    least.add_sample(82ms, 5ms);  // 77 would be less than the path can do
    CHECK(least.smoothed() == (7 * Duration(80ms) + 82ms) / 8);
    least.add_sample(-5ms, 0ms);
    CHECK(least.latest() == 0ms);
}

TEST_CASE("a probe timeout is never shorter than a busy host's turn", "[loss]") {
    RoundTrip round_trip;
    round_trip.add_sample(100us, 0us);
    CHECK(round_trip.probe_timeout() == LossRecovery::kProbeTimeoutMin);
}

TEST_CASE("a packet three behind an acknowledged one is lost", "[loss]") {
    Sender sender;
    sender.send(1, 4, kStart);
    sender.ack({{3, 3}}, kStart + 1ms);
    CHECK(sender.lost.empty());
    sender.ack({{3, 4}}, kStart + 1ms);
    CHECK(sender.lost == Lost{1});
    CHECK(sender.recovery.in_flight() == 1);
    CHECK(sender.recovery.lost_count() == 1);
}

TEST_CASE("a packet sent long before an acknowledged one is lost in time", "[loss]") {
    Sender sender;
    sender.send(1, 1, kStart);
    sender.send(2, 2, kStart + 1ms);
    sender.ack({{2, 2}}, kStart + 9ms);  // a round trip of 8 ms
    CHECK(sender.lost.empty());
    const Instant loss = kStart + 9ms + 1ms;  // 9/8 of 8 ms, and the granularity
    REQUIRE(sender.deadline() == loss);
    sender.timeout(loss - 1ns);
    CHECK(sender.lost.empty());
    sender.timeout(loss);
    CHECK(sender.lost == Lost{1});
    CHECK(sender.deadline() == std::nullopt);
}

TEST_CASE("when nothing comes back the two oldest are sent again, ever more seldom", "[loss]") {
    Sender sender;
    sender.round_trip.add_sample(20ms, 0ms);
    const Duration timeout = sender.round_trip.probe_timeout();
    sender.send(1, 10, kStart);
    REQUIRE(sender.deadline() == kStart + timeout);
    sender.timeout(kStart + timeout - 1ns);
    CHECK(sender.lost.empty());
    sender.timeout(kStart + timeout);
    CHECK(sender.lost == Lost{1, 2});
    CHECK(sender.deadline() == kStart + 2 * timeout);
    sender.timeout(kStart + 2 * timeout);
    CHECK(sender.lost == Lost{1, 2, 3, 4});
    CHECK(sender.deadline() == kStart + 4 * timeout);
    // An ack starts the pauses anew.
    sender.ack({{5, 10}}, kStart + 2 * timeout + 1ms);
    sender.send(11, 11, kStart + 1s);
    CHECK(sender.deadline() == kStart + 1s + sender.round_trip.probe_timeout());
}

TEST_CASE("the pause between probes stops growing", "[loss]") {
    Sender sender;
    sender.round_trip.add_sample(20ms, 0ms);
    const Duration timeout = sender.round_trip.probe_timeout();
    Instant now = kStart;
    for (std::uint64_t number = 1; number <= 20; ++number) {
        sender.send(2 * number - 1, 2 * number, now);
        REQUIRE(sender.deadline());
        const Duration pause = *sender.deadline() - now;
        CHECK(pause == timeout * (1 << std::min<std::uint64_t>(number - 1, 6)));
        now = *sender.deadline();
        sender.timeout(now);
        CHECK(sender.recovery.in_flight() == 0);
    }
}

TEST_CASE("an ack of packets never sent changes nothing", "[loss]") {
    Sender sender;
    sender.ack({{1, UINT64_MAX}}, kStart);
    sender.send(5, 6, kStart);
    sender.ack({}, kStart + 1ms);
    sender.ack({{7, 100}, {1, 4}}, kStart + 1ms);
    CHECK(sender.recovery.in_flight() == 2);
    CHECK_FALSE(sender.round_trip.has_sample());
    sender.ack({{6, 6}}, kStart + 1ms);
    CHECK(sender.recovery.in_flight() == 1);
    CHECK(sender.lost.empty());
}

TEST_CASE("an ack that reaches above what was sent makes nothing later look lost", "[loss]") {
    Sender sender;
    sender.send(1, 2, kStart);
    sender.ack({{1, UINT64_MAX}}, kStart + 1ms);
    CHECK(sender.recovery.in_flight() == 0);
    CHECK_FALSE(sender.round_trip.has_sample());  // its largest is none of ours
    sender.send(3, 6, kStart + 1ms);
    sender.ack({{3, 3}}, kStart + 2ms);
    CHECK(sender.lost.empty());
    CHECK(sender.recovery.in_flight() == 3);
}

TEST_CASE("a late ack of a packet believed lost is no second loss", "[loss]") {
    Sender sender;
    sender.send(1, 5, kStart);
    sender.ack({{5, 5}}, kStart + 1ms);
    CHECK(sender.lost == Lost{1, 2});
    sender.ack({{1, 5}}, kStart + 2ms);
    CHECK(sender.lost == Lost{1, 2});
    CHECK(sender.recovery.lost_count() == 2);
    CHECK(sender.recovery.in_flight() == 0);
}

TEST_CASE("a round trip is measured by the newest packet only", "[loss]") {
    Sender sender;
    sender.send(1, 2, kStart);
    sender.ack({{2, 2}}, kStart + 4ms, 1'000);
    CHECK(sender.round_trip.latest() == 4ms);
    sender.send(3, 3, kStart + 5ms);
    sender.ack({{2, 2}, {1, 1}}, kStart + 500ms);  // an old ack, overtaken
    CHECK(sender.round_trip.latest() == 4ms);
}

TEST_CASE("the window is bounded and opens with acks", "[loss]") {
    Sender sender;
    sender.send(1, CongestionWindow::kInitial, kStart);
    CHECK_FALSE(sender.recovery.has_room());
    sender.ack({{1, 1}}, kStart + 1ms);
    CHECK(sender.recovery.has_room());
    CHECK(sender.recovery.in_flight() == CongestionWindow::kInitial - 1);
}

TEST_CASE("the window doubles until a loss halves it, then grows by one a round trip", "[loss]") {
    CongestionWindow window;
    const RoundTrip quick = [] {
        RoundTrip result;
        result.add_sample(1ms, {});
        return result;
    }();
    for (std::size_t size = CongestionWindow::kInitial; size < CongestionWindow::kMax; size *= 2) {
        REQUIRE(window.size() == size);
        window.handle_acked(size, true);
    }
    window.handle_acked(500, true);
    CHECK(window.size() == CongestionWindow::kMax);
    window.handle_lost(kStart, quick, kStart + 1ms);
    CHECK(window.size() == CongestionWindow::kMax / 2);
    // What was sent before the cut proves nothing about the new size.
    window.handle_lost(kStart + 1ms, quick, kStart + 2ms);
    CHECK(window.size() == CongestionWindow::kMax / 2);
    window.handle_acked(window.size() - 1, true);
    CHECK(window.size() == CongestionWindow::kMax / 2);
    window.handle_acked(1, true);
    CHECK(window.size() == CongestionWindow::kMax / 2 + 1);
    window.handle_acked(10'000, false);  // whoever sends less than it may learns nothing
    CHECK(window.size() == CongestionWindow::kMax / 2 + 1);
}

TEST_CASE("the window has a floor, lower where losses come with delay", "[loss]") {
    RoundTrip round_trip;
    round_trip.add_sample(1ms, {});
    CongestionWindow window;
    for (int i = 1; i <= 10; ++i)
        window.handle_lost(kStart + i * 10ms, round_trip, kStart + i * 10ms + 1ms);
    CHECK(window.size() == CongestionWindow::kFloor);
    for (int i = 0; i < 50; ++i) round_trip.add_sample(10ms, {});
    for (int i = 11; i <= 20; ++i)
        window.handle_lost(kStart + i * 10ms, round_trip, kStart + i * 10ms + 1ms);
    CHECK(window.size() == CongestionWindow::kFloorDelayed);
}

TEST_CASE("at the end of a session everything unacknowledged is handed back", "[loss]") {
    Sender sender;
    sender.send(1, 4, kStart);
    sender.ack({{2, 2}}, kStart + 1ms);
    std::vector<ChunkRef> chunks;
    sender.recovery.take_all(chunks);
    sender.note(chunks);
    CHECK(sender.lost == Lost{1, 3, 4});
    CHECK(sender.recovery.in_flight() == 0);
    CHECK(sender.deadline() == std::nullopt);
    sender.timeout(kStart + 1h);
    CHECK(sender.lost.size() == 3);
}

TEST_CASE("all chunks of a lost packet are handed back, and no others", "[loss]") {
    LossRecovery recovery;
    RoundTrip round_trip;
    LossRecovery::SentPacket sent = packet(1, kStart);
    sent.chunk_count = 3;
    for (std::uint16_t i = 0; i < sent.chunks.size(); ++i) sent.chunks[i] = {7, 1, i};
    recovery.note_sent(sent);
    std::vector<ChunkRef> lost;
    recovery.handle_timeout(round_trip, kStart + 1h, lost);
    CHECK(lost == std::vector<ChunkRef>{{7, 1, 0}, {7, 1, 1}, {7, 1, 2}});
}

}  // namespace
}  // namespace hearsay::gossip
