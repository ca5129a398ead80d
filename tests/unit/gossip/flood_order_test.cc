#include "tests/catch.h"
#include "tests/unit/gossip/stage.h"
#include "wire/signed_bytes.h"

// The order of Flood's checks is a security property. A test per arrow: what fails at one step is
// counted there and leaves no trace in the table of any later step. The order:
//   consistent -> lifetime -> settled or held -> same header being checked -> rates -> hash
//   -> parking space -> verify budget -> signature -> dedup, stream, store -> deliver, relay
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::after;
using ground::Author;
using ground::Batch;
using ground::kWallMs;
using ground::Stage;

// Everything a batch can leave behind, but for the counters.
struct Trace {
    std::size_t checks, dedup, streams, stored, records, members, deliveries, queued;
    std::uint64_t bytes;
    bool operator==(const Trace&) const = default;
};

Trace trace_of(Stage& stage) {
    stage.collect();
    Trace trace{};
    trace.checks = stage.desk.pending();
    trace.dedup = stage.flood.dedup().size();
    trace.streams = stage.streams.size();
    trace.stored = stage.store.size();
    trace.bytes = stage.store.bytes();
    trace.records = stage.records.size();
    trace.members = stage.membership.all().size();
    trace.deliveries = stage.put.deliveries.size();
    stage.links.for_each([&](const Link& link) { trace.queued += link.chunks_queued(); });
    return trace;
}

// `chunk` from `number` is refused, counted once as `why`, and leaves no trace.
void check_refused(Stage& stage, unsigned number, const wire::Chunk& chunk, Now now, Counter why) {
    const Trace before = trace_of(stage);
    std::uint64_t refusals = 0;
    for (std::size_t i = 0; i < kCounterCount; ++i)
        refusals += stage.counted(static_cast<Counter>(i));
    const std::uint64_t count = stage.counted(why);
    stage.receive(number, chunk, now);
    INFO("counter " << name_of(why));
    CHECK(stage.counted(why) == count + 1);
    for (std::size_t i = 0; i < kCounterCount; ++i)
        refusals -= stage.counted(static_cast<Counter>(i));
    CHECK(refusals + 1 == 0);  // and nothing else was counted
    CHECK((trace_of(stage) == before));
    stage.check_invariants();
}

config::Gossip with_publisher_rate(std::uint32_t rate) {
    config::Gossip config;
    config.limits.publisher_rate = rate;
    return config;
}

// Neighbours 2 and 3; author 5 is a member.
struct Scene : Stage {
    explicit Scene(const config::Gossip& config = {}) : Stage(config) {
        add_member(5);
        add_link(2);
        add_link(3);
        collect();
    }
    Author author{5};
};

TEST_CASE("what contradicts itself is refused before any rate is charged", "[flood][order]") {
    Scene scene(with_publisher_rate(2));
    const Batch batch = scene.author.message(1, "payload");
    std::vector<wire::Chunk> bad(10, batch.chunk());
    bad[0].lead = 1;
    bad[1].first_message = 1;
    bad[2].index = 1;
    bad[3].bytes = bad[3].bytes.first(3);
    bad[4].header.chunk_count = 0;
    bad[5].header.lifetime_ms = 999;
    bad[6].header.lifetime_ms = wire::kLifetimeMsMax + 1;
    bad[7].header.topic = "";
    bad[8].header.topic = "line\n";
    bad[9].header.body_size += 1;
    for (const wire::Chunk& chunk : bad)
        check_refused(scene, 2, chunk, after(0s), Counter::refused_inconsistent);
    scene.receive_and_check(2, batch.chunk(), after(0s));
    CHECK(scene.put.deliveries.size() == 1);
}

TEST_CASE("a batch outside its lifetime is refused before any rate is charged", "[flood][order]") {
    Scene scene(with_publisher_rate(2));
    constexpr std::uint64_t kSkewMs = 300'000;
    const auto message = [&](std::uint64_t created_ms) {
        return scene.author.message(1, "p", {.created_ms = created_ms, .lifetime_ms = 60'000});
    };
    const Batch future = message(kWallMs + kSkewMs + 1);
    const Batch expired = message(kWallMs - kSkewMs - 60'000);
    const Batch never = message(UINT64_MAX);
    const Batch ancient = message(0);
    for (int i = 0; i < 3; ++i) {
        check_refused(scene, 2, future.chunk(), after(0s), Counter::refused_from_future);
        check_refused(scene, 2, never.chunk(), after(0s), Counter::refused_from_future);
        check_refused(scene, 2, expired.chunk(), after(0s), Counter::refused_expired);
        check_refused(scene, 2, ancient.chunk(), after(0s), Counter::refused_expired);
    }
    scene.receive_and_check(2, message(kWallMs + kSkewMs).chunk(), after(0s));
    CHECK(scene.put.deliveries.size() == 1);
}

TEST_CASE("a batch is accepted to the last millisecond of lifetime and skew", "[flood][order]") {
    Scene scene;
    const Batch last = scene.author.message(1, "p", {.created_ms = kWallMs - 359'999});
    scene.receive_and_check(2, last.chunk(), after(0s));
    CHECK(scene.put.deliveries.size() == 1);
}

TEST_CASE("copies of a settled batch are refused before any rate is charged", "[flood][order]") {
    Scene scene(with_publisher_rate(2));
    const Batch batch = scene.author.message(1, "payload");
    scene.receive_and_check(2, batch.chunk(), after(0s));
    for (int i = 0; i < 10; ++i)
        check_refused(scene, 3, batch.chunk(), after(0s), Counter::duplicates);
    scene.receive_and_check(3, scene.author.message(2, "p").chunk(), after(0s));
    CHECK(scene.put.deliveries.size() == 2);
}

TEST_CASE("a settled number is refused when its batch is long gone from the store",
          "[flood][order]") {
    Scene scene;
    const Batch batch = scene.author.message(1, "payload");
    scene.receive_and_check(2, batch.chunk(), after(0s));
    scene.flood.handle_timeout(after(62s).monotonic);
    REQUIRE(scene.store.size() == 0);
    REQUIRE(scene.flood.dedup().size() == 0);
    check_refused(scene, 3, batch.chunk(), after(62s), Counter::duplicates);
    // Another batch at that number as well.
    const Batch other = scene.author.message(1, "other");
    check_refused(scene, 3, other.chunk(), after(62s), Counter::duplicates);
    CHECK(scene.put.deliveries.size() == 1);
}

TEST_CASE("a chunk that belongs to no checked or checking root leaves no trace", "[flood][order]") {
    Scene scene(with_publisher_rate(2));
    const Batch batch = scene.author.message(1, std::string(2'000, 'x'));
    scene.receive(2, batch.chunk(0), after(0s));
    REQUIRE(scene.desk.pending() == 1);
    wire::Chunk bad = batch.chunk(1);
    Bytes bytes(bad.bytes.begin(), bad.bytes.end());
    bytes[0] ^= 1;
    bad.bytes = bytes;
    for (int i = 0; i < 5; ++i) check_refused(scene, 3, bad, after(0s), Counter::refused_bad_path);
    scene.run_checks(after(0s));
    // The same once the batch is held.
    for (int i = 0; i < 5; ++i) check_refused(scene, 3, bad, after(0s), Counter::refused_bad_path);
    scene.receive(3, batch.chunk(1), after(0s));
    scene.receive(3, batch.chunk(2), after(0s));
    scene.collect();
    CHECK(scene.put.deliveries.size() == 1);
}

TEST_CASE("a link over its rate is refused before anything is hashed or checked",
          "[flood][order]") {
    Scene scene(with_publisher_rate(2));
    for (std::uint64_t seq = 1; seq <= 2; ++seq)
        scene.receive(2, scene.author.message(seq, "p").chunk(), after(0s));
    const Batch third = Author(6).message(3, "p");
    check_refused(scene, 2, third.chunk(), after(0s), Counter::refused_link_rate);
    // Another link has its own.
    scene.receive_and_check(3, third.chunk(), after(0s));
    CHECK(scene.put.deliveries.size() == 3);
    scene.receive_and_check(2, Author(6).message(4, "p").chunk(), after(600ms));
    CHECK(scene.put.deliveries.size() == 4);
}

TEST_CASE("a publisher over its rate is refused whichever link brings it", "[flood][order]") {
    Scene scene(with_publisher_rate(2));
    scene.receive(2, scene.author.message(1, "p").chunk(), after(0s));
    scene.receive(2, scene.author.message(2, "p").chunk(), after(0s));
    const Batch third = scene.author.message(3, "p");
    check_refused(scene, 3, third.chunk(), after(0s), Counter::refused_publisher_rate);
    scene.receive_and_check(3, Author(6).message(1, "p").chunk(), after(0s));
    CHECK(scene.put.deliveries.size() == 3);
}

TEST_CASE("records of a publisher have a rate of their own", "[flood][order]") {
    Scene scene;
    std::uint64_t count = 0;
    const auto accuse = [&](Now now) {
        const Bytes body = encode_suspect({ground::node_of(3), ground::kEpoch, ++count});
        scene.receive_and_check(
            2, scene.author.record(wire::Kind::suspect, ground::kEpoch, count, body).chunk(), now);
    };
    for (int i = 0; i < 100; ++i) accuse(after(0s));
    CHECK(scene.counted(Counter::refused_publisher_rate) == 0);
    accuse(after(0s));
    CHECK(scene.counted(Counter::refused_publisher_rate) == 1);
    accuse(after(60ms));
    CHECK(scene.counted(Counter::refused_publisher_rate) == 1);
    scene.receive_and_check(2, scene.author.message(1, "p").chunk(), after(60ms));
    CHECK(scene.put.deliveries.size() == 1);
}

TEST_CASE("publishers without a presence share one bucket", "[flood][order]") {
    Scene scene;
    for (unsigned i = 0; i < 1'000; ++i)
        scene.receive(2, Author(100 + i).message(1, "p").chunk(), after(0s));
    CHECK(scene.counted(Counter::refused_publisher_rate) == 0);
    const Batch batch = Author(50).message(1, "p");
    check_refused(scene, 3, batch.chunk(), after(0s), Counter::refused_publisher_rate);
    scene.run_checks(after(0s));
    scene.receive_and_check(3, scene.author.message(1, "p").chunk(), after(0s));
    CHECK(scene.put.deliveries.size() == 1'001);
}

TEST_CASE("a uid known to be settled is refused though its stream and chunks are gone",
          "[flood][order]") {
    config::Gossip config;
    config.limits.streams = 1;
    config.limits.store = 1'000;
    Scene scene(config);
    const Batch batch = scene.author.message(1, "payload");
    scene.receive_and_check(2, batch.chunk(), after(0s));
    scene.receive_and_check(2, Author(6).message(1, std::string(400, 'x')).chunk(), after(0s));
    REQUIRE(scene.streams.find({scene.author.id(), ground::kEpoch}) == nullptr);
    REQUIRE(scene.store.find(batch.uid) == nullptr);
    check_refused(scene, 3, batch.chunk(), after(0s), Counter::duplicates);
}

TEST_CASE("no check is started for what finds no parking space", "[flood][order]") {
    config::Gossip config;
    config.limits.verify_per_second = 1'000'000;
    config.limits.publisher_rate = 1'000'000;
    Scene scene(config);
    const std::string body(2'500, 'x');
    std::uint64_t seq = 0;
    while (scene.counted(Counter::refused_verify_busy) == 0) {
        REQUIRE(++seq < 10'000);
        const Batch batch = scene.author.message(seq, body);
        for (std::size_t i = 0; i < batch.built.chunks.size(); ++i)
            scene.receive(2, batch.chunk(i), after(0s));
    }
    REQUIRE(scene.desk.pending() < VerifyDesk::kPendingMax);  // it was not the desk
    const Batch batch = scene.author.message(++seq, body);
    check_refused(scene, 2, batch.chunk(), after(0s), Counter::refused_verify_busy);
    CHECK(scene.flood.is_missing({scene.author.id(), ground::kEpoch}, seq));
    scene.receive(3, batch.chunk(), after(0s));  // another link has its own
    CHECK_FALSE(scene.flood.is_missing({scene.author.id(), ground::kEpoch}, seq));
}

TEST_CASE("what is over the verify budget is not parked and may come again", "[flood][order]") {
    config::Gossip config;
    config.limits.verify_per_second = 1;
    Scene scene(config);
    scene.receive_and_check(2, scene.author.message(1, "p").chunk(), after(0s));
    const Batch batch = scene.author.message(2, "p");
    check_refused(scene, 2, batch.chunk(), after(0s), Counter::refused_verify_busy);
    CHECK(scene.flood.is_missing({scene.author.id(), ground::kEpoch}, 2));
    scene.receive_and_check(2, batch.chunk(), after(1'100ms));
    CHECK(scene.put.deliveries.size() == 2);
}

TEST_CASE("a signature that does not verify leaves nothing, and its bringer goes",
          "[flood][order]") {
    Scene scene;
    const Batch batch = scene.author.message(1, "payload");
    Batch forged = batch;
    forged.signature.bytes[9] ^= 1;
    const Trace before = trace_of(scene);
    scene.receive(2, forged.chunk(), after(0s));
    scene.run_checks(after(0s));
    CHECK(scene.counted(Counter::refused_bad_signature) == 1);
    CHECK(scene.counted(Counter::batches_verified) == 0);
    CHECK((trace_of(scene) == before));
    CHECK(scene.links.find(ground::node_of(2)) == nullptr);
    CHECK(scene.links.find(ground::node_of(3)) != nullptr);
    const auto closes = ground::only<wire::Close>(scene.far.at(2).hear(scene.put));
    REQUIRE(closes.size() == 1);
    CHECK(closes[0].reason == wire::CloseReason::misbehaved);
    // The genuine one is welcome, from whoever brings it.
    scene.receive_and_check(3, batch.chunk(), after(0s));
    CHECK(scene.put.deliveries.size() == 1);
    scene.check_invariants();
}

TEST_CASE("a second batch at one number is told of and kept out", "[flood][order]") {
    Scene scene;
    const Batch first = scene.author.message(1, "first");
    const Batch second = scene.author.message(1, "second");
    scene.receive_and_check(2, first.chunk(), after(0s));
    const Trace before = trace_of(scene);
    scene.receive(3, second.chunk(), after(0s));
    scene.run_checks(after(0s));
    CHECK(scene.counted(Counter::refused_equivocation) == 1);
    CHECK((trace_of(scene) == before));
    const Event* event = scene.put.find(EventKind::equivocation);
    REQUIRE(event != nullptr);
    CHECK(event->member == scene.author.id());
    CHECK(scene.store.find(first.uid) != nullptr);
    CHECK(scene.store.find(second.uid) == nullptr);
    CHECK(scene.links.find(ground::node_of(3)) != nullptr);  // it only passed on what is signed
}

TEST_CASE("two batches at one number that are checked at once: one is delivered",
          "[flood][order]") {
    Scene scene;
    scene.receive(2, scene.author.message(1, "first").chunk(), after(0s));
    scene.receive(3, scene.author.message(1, "second").chunk(), after(0s));
    CHECK(scene.run_checks(after(0s)) == 2);
    CHECK(scene.put.deliveries.size() == 1);
    CHECK(scene.counted(Counter::refused_equivocation) == 1);
    scene.check_invariants();
}

TEST_CASE("checks of rivals at a taken number have a budget, and the rest is counted",
          "[flood][order]") {
    Scene scene;
    scene.receive_and_check(2, scene.author.message(1, "first").chunk(), after(0s));
    for (int i = 0; i < 30; ++i)
        scene.receive_and_check(3, scene.author.message(1, "rival " + std::to_string(i)).chunk(),
                                after(0s));
    CHECK(scene.counted(Counter::refused_equivocation) == 10);
    CHECK(scene.counted(Counter::refused_verify_busy) == 20);
    CHECK(scene.put.deliveries.size() == 1);
    scene.receive_and_check(3, scene.author.message(1, "later").chunk(), after(1s));
    CHECK(scene.counted(Counter::refused_equivocation) == 11);
}

TEST_CASE("a record of the past is refused before any check", "[flood][order]") {
    Scene scene(with_publisher_rate(2));
    const Batch newest = scene.author.presence(ground::kEpoch, 7);
    scene.receive_and_check(2, newest.chunk(), after(0s));
    for (int i = 0; i < 3; ++i) {
        check_refused(scene, 3, scene.author.presence(ground::kEpoch, 6).chunk(), after(0s),
                      Counter::refused_stale_record);
        check_refused(scene, 3, scene.author.presence(ground::kEpoch - 1, 99).chunk(), after(0s),
                      Counter::refused_stale_record);
        check_refused(scene, 3, newest.chunk(), after(0s), Counter::duplicates);
    }
}

TEST_CASE("a record with no record in it is refused without a trace", "[flood][order]") {
    Scene scene;
    const Trace before = trace_of(scene);
    const Bytes nonsense{1, 2, 3};
    for (const wire::Kind kind : {wire::Kind::presence, wire::Kind::suspect, wire::Kind::leave})
        scene.receive_and_check(2, scene.author.record(kind, 8, 9, nonsense).chunk(), after(0s));
    CHECK(scene.counted(Counter::refused_bad_record) == 3);
    CHECK((trace_of(scene) == before));
    CHECK(scene.membership.find(scene.author.id())->version == 1);
    // Its neighbour only passed on what was signed.
    CHECK(scene.links.find(ground::node_of(2)) != nullptr);
    scene.receive_and_check(2, scene.author.presence(8, 9).chunk(), after(0s));
    CHECK(scene.membership.find(scene.author.id())->version == 9);
}

}  // namespace
}  // namespace hearsay::gossip
