#include "tests/catch.h"
#include "tests/unit/gossip/stage.h"
#include "wire/signed_bytes.h"

// What becomes of batches: delivered once, passed on to whoever lacks them, settled for ever.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::after;
using ground::Author;
using ground::Batch;
using ground::kEpoch;
using ground::kWallMs;
using ground::only;
using ground::Stage;

struct Scene : Stage {
    explicit Scene(const config::Gossip& config = {}) : Stage(config) {
        add_member(5);
        for (const unsigned number : {2U, 3U, 4U}) add_link(number);
        collect();
    }
    StreamKey stream_of(const Author& who) const { return {who.id(), kEpoch}; }
    std::vector<wire::Chunk> chunks_to(unsigned number, Duration elapsed = 0s) {
        return only<wire::Chunk>(flush_to(number, after(elapsed)));
    }
    Author author{5};
};

std::vector<std::string> payloads_of(const ground::Put& put) {
    std::vector<std::string> payloads;
    for (const auto& delivery : put.deliveries) payloads.push_back(delivery.payload);
    return payloads;
}

TEST_CASE("a message is delivered with all that was signed, once", "[flood]") {
    Scene scene;
    const Batch batch = scene.author.message(3, "payload", {.topic = "deploy"});
    wire::Chunk chunk = batch.chunk();
    chunk.hops = 4;
    for (const unsigned number : {2U, 3U, 2U})
        scene.receive_and_check(number, chunk, after(10ms));
    REQUIRE(scene.put.deliveries.size() == 1);
    const auto& delivery = scene.put.deliveries[0];
    CHECK(delivery.topic == "deploy");
    CHECK(delivery.payload == "payload");
    CHECK(delivery.facts.id == MessageId{batch.uid, 0});
    CHECK(delivery.facts.publisher == scene.author.id());
    CHECK(delivery.facts.epoch == kEpoch);
    CHECK(delivery.facts.seq == 3);
    CHECK(delivery.facts.created.ms == kWallMs);
    CHECK(delivery.facts.lifetime_ms == 60'000);
    CHECK(delivery.facts.hops == 5);
    CHECK_FALSE(delivery.facts.may_repeat);
    CHECK(scene.counted(Counter::messages_delivered) == 1);
    CHECK(scene.counted(Counter::batches_verified) == 1);
    CHECK(scene.counted(Counter::duplicates) == 2);
}

TEST_CASE("a batch is passed on to every neighbour but those that sent it", "[flood]") {
    Scene scene;
    const Batch batch = scene.author.message(1, "payload");
    scene.receive(2, batch.chunk(), after(0s));
    scene.receive(3, batch.chunk(), after(0s));  // while it is being checked
    scene.run_checks(after(0s));
    CHECK(scene.chunks_to(2).empty());
    CHECK(scene.chunks_to(3).empty());
    const auto relayed = scene.chunks_to(4);
    REQUIRE(relayed.size() == 1);
    CHECK(relayed[0].has_header);
    CHECK(relayed[0].signature == batch.signature);
    CHECK(relayed[0].hops == 1);
    CHECK(text_of(relayed[0].bytes.subspan(4)) == "payload");
}

TEST_CASE("a neighbour that sends a batch meanwhile is not sent it", "[flood]") {
    Scene scene;
    const Batch batch = scene.author.message(1, "payload");
    scene.receive_and_check(2, batch.chunk(), after(0s));
    scene.receive(4, batch.chunk(), after(0s));  // it waits in the queue to 4
    CHECK(scene.chunks_to(4).empty());
    CHECK(scene.chunks_to(3).size() == 1);
}

TEST_CASE("hops do not wrap round", "[flood]") {
    Scene scene;
    const Batch batch = scene.author.message(1, "payload");
    wire::Chunk chunk = batch.chunk();
    chunk.hops = 255;
    scene.receive_and_check(2, chunk, after(0s));
    CHECK(scene.put.deliveries.at(0).facts.hops == 255);
}

TEST_CASE("only the verified signature is ever passed on", "[flood]") {
    Scene scene;
    const Batch batch = scene.author.message(1, std::string(1'500, 'x'));
    scene.receive_and_check(2, batch.chunk(0), after(0s));
    Batch forged = batch;
    forged.signature.bytes[0] ^= 1;
    scene.receive_and_check(3, forged.chunk(1), after(0s));
    scene.receive_and_check(2, batch.chunk(1), after(0s));
    CHECK(scene.put.deliveries.size() == 1);
    for (const wire::Chunk& chunk : scene.chunks_to(4)) CHECK(chunk.signature == batch.signature);
}

TEST_CASE("a forged copy that comes first neither blocks nor replaces the genuine one",
          "[flood]") {
    Scene scene;
    const Batch batch = scene.author.message(1, "payload");
    Batch forged = batch;
    forged.signature.bytes[0] ^= 1;
    scene.receive(2, forged.chunk(), after(0s));
    scene.receive(3, batch.chunk(), after(0s));
    CHECK(scene.run_checks(after(0s)) == 2);
    CHECK(payloads_of(scene.put) == std::vector<std::string>{"payload"});
    CHECK(scene.links.find(ground::node_of(2)) == nullptr);
    CHECK(scene.links.find(ground::node_of(3)) != nullptr);
}

TEST_CASE("chunks come in any order, each is passed on at once, the whole is delivered",
          "[flood]") {
    Scene scene;
    const std::string payload(2'500, 'y');
    const Batch batch = scene.author.message(1, payload);
    REQUIRE(batch.built.chunks.size() == 4);
    std::size_t relayed = 0;
    for (const std::size_t index : {2U, 0U, 3U, 1U}) {
        CHECK(scene.put.deliveries.empty());
        CHECK(scene.flood.is_missing(scene.stream_of(scene.author), 1));
        scene.receive_and_check(2, batch.chunk(index), after(0s));
        relayed += scene.chunks_to(4).size();
        CHECK(relayed == scene.store.find(batch.uid)->held_count);
        scene.check_invariants();
    }
    CHECK(payloads_of(scene.put) == std::vector<std::string>{payload});
    CHECK_FALSE(scene.flood.is_missing(scene.stream_of(scene.author), 1));
    CHECK(scene.counted(Counter::batches_verified) == 1);
}

TEST_CASE("chunks that arrive while the signature is checked are kept", "[flood]") {
    Scene scene;
    const std::string payload(2'500, 'y');
    const Batch batch = scene.author.message(1, payload);
    for (std::size_t i = 0; i < 4; ++i) scene.receive(2 + i % 2, batch.chunk(i), after(0s));
    CHECK(scene.run_checks(after(0s)) == 1);
    CHECK(payloads_of(scene.put) == std::vector<std::string>{payload});
}

TEST_CASE("messages signed together are delivered in their order", "[flood]") {
    Scene scene;
    const Batch batch = scene.author.messages(1, {"one", "", std::string(1'000, 'z'), "four"});
    for (std::size_t i = 0; i < batch.built.chunks.size(); ++i)
        scene.receive_and_check(2, batch.chunk(i), after(0s));
    REQUIRE(scene.put.deliveries.size() == 4);
    for (std::uint32_t i = 0; i < 4; ++i)
        CHECK(scene.put.deliveries[i].facts.id == MessageId{batch.uid, i});
    CHECK(scene.put.deliveries[0].payload == "one");
    CHECK(scene.put.deliveries[1].payload.empty());
    CHECK(scene.put.deliveries[3].payload == "four");
}

TEST_CASE("a chunk without a header is good for a batch that is held", "[flood]") {
    Scene scene;
    const Batch batch = scene.author.message(1, std::string(1'500, 'x'));
    scene.receive(2, batch.short_chunk(0), after(0s));
    CHECK(scene.counted(Counter::refused_unknown_batch) == 1);
    scene.receive_and_check(2, batch.chunk(0), after(0s));
    scene.receive(3, batch.short_chunk(1), after(0s));
    scene.collect();
    CHECK(scene.put.deliveries.size() == 1);
    scene.receive(3, batch.short_chunk(1), after(0s));
    CHECK(scene.counted(Counter::duplicates) == 1);
    CHECK(scene.counted(Counter::refused_unknown_batch) == 1);
}

TEST_CASE("a chunk without a header that does not fit is refused", "[flood]") {
    Scene scene;
    const Batch batch = scene.author.message(1, std::string(1'500, 'x'));
    scene.receive_and_check(2, batch.chunk(0), after(0s));
    wire::Chunk beyond = batch.short_chunk(1);
    beyond.index = 2;
    scene.receive(3, beyond, after(0s));
    beyond.index = 65'535;
    scene.receive(3, beyond, after(0s));
    CHECK(scene.counted(Counter::refused_unknown_batch) == 2);
    wire::Chunk wrong = batch.short_chunk(1);
    wrong.lead -= 1;
    scene.receive(3, wrong, after(0s));
    wrong = batch.short_chunk(1);
    wrong.path = wrong.path.first(0);
    scene.receive(3, wrong, after(0s));
    CHECK(scene.counted(Counter::refused_bad_path) == 2);
    CHECK(scene.store.find(batch.uid)->held_count == 1);
}

// The header in a chunk is not the stored one until its signature is checked. One with the place
// and the signature of a stored batch, and a number of chunks of its own, must not reach past
// the chunks there are.
TEST_CASE("a header that borrows a signature cannot name chunks that are not there", "[flood]") {
    Scene scene;
    const Batch batch = scene.author.message(1, "payload");
    scene.receive_and_check(2, batch.chunk(), after(0s));
    const Batch longer = scene.author.message(1, std::string(100'000, 'x'));
    for (std::size_t i = 1; i < longer.built.chunks.size(); ++i) {
        wire::Chunk chunk = longer.chunk(i);
        chunk.signature = batch.signature;
        scene.receive(3, chunk, after(0s));
    }
    CHECK(scene.counted(Counter::refused_inconsistent) == longer.built.chunks.size() - 1);
    scene.check_invariants();
    CHECK(scene.put.deliveries.size() == 1);
    // The same while the signature is still being checked.
    const Batch second = scene.author.message(2, "payload");
    scene.receive(2, second.chunk(), after(0s));
    const Batch longer_second = scene.author.message(2, std::string(100'000, 'x'));
    wire::Chunk chunk = longer_second.chunk(100);
    chunk.signature = second.signature;
    scene.receive(3, chunk, after(0s));
    CHECK(scene.counted(Counter::refused_bad_path) == 1);
    scene.run_checks(after(0s));
    CHECK(scene.put.deliveries.size() == 2);
}

TEST_CASE("a signed body that is no list of messages is passed on and not delivered", "[flood]") {
    Scene scene;
    Batch batch = scene.author.message(1, "payload");
    batch.built.body[0] = 200;  // longer than the body
    batch.built.root = crypto::leaf_hash({0, 0, 0}, batch.built.body);
    scene.author.sign(batch);
    scene.receive_and_check(2, batch.chunk(), after(0s));
    CHECK(scene.put.deliveries.empty());
    CHECK(scene.counted(Counter::refused_bad_body) == 1);
    CHECK(scene.chunks_to(4).size() == 1);
    CHECK_FALSE(scene.flood.is_missing(scene.stream_of(scene.author), 1));
}

TEST_CASE("chunks that do not add up to the body are not delivered", "[flood]") {
    Scene scene;
    Batch batch = scene.author.message(1, std::string(1'500, 'x'));
    batch.header.body_size += 10;
    scene.author.sign(batch);
    for (std::size_t i = 0; i < 2; ++i) scene.receive_and_check(2, batch.chunk(i), after(0s));
    CHECK(scene.put.deliveries.empty());
    CHECK(scene.counted(Counter::refused_bad_body) == 1);
}

TEST_CASE("a kind of the future is passed on, whatever its number, and not delivered",
          "[flood]") {
    Scene scene;
    scene.receive_and_check(2, scene.author.presence(kEpoch, 50).chunk(), after(0s));
    scene.chunks_to(4);
    const auto kind = static_cast<wire::Kind>(77);
    const Batch batch = scene.author.record(kind, kEpoch, 1, bytes_of("whatever it means"));
    scene.receive_and_check(2, batch.chunk(), after(0s));
    const auto relayed = scene.chunks_to(4);
    REQUIRE(relayed.size() == 1);
    CHECK(relayed[0].header.kind == kind);
    CHECK(scene.put.deliveries.empty());
    CHECK(scene.records.find(scene.author.id())->version() == 50);
    scene.receive_and_check(3, batch.chunk(), after(0s));
    CHECK(scene.counted(Counter::duplicates) == 1);
}

TEST_CASE("a kind of the future may have several chunks", "[flood]") {
    Scene scene;
    Batch batch = scene.author.message(1, std::string(2'500, 'x'));
    batch.header.kind = static_cast<wire::Kind>(77);
    scene.author.sign(batch);
    std::size_t relayed = 0;
    for (std::size_t i = 0; i < batch.built.chunks.size(); ++i) {
        scene.receive_and_check(2, batch.chunk(i), after(0s));
        relayed += scene.chunks_to(4).size();
    }
    CHECK(relayed == batch.built.chunks.size());
    CHECK(scene.put.deliveries.empty());
    scene.check_invariants();
}

TEST_CASE("a partial batch that expires is settled, and one evicted may come again", "[flood]") {
    config::Gossip config;
    config.limits.store = 3'000;
    Scene scene(config);
    const Batch partial = scene.author.message(1, std::string(1'500, 'x'));
    scene.receive_and_check(2, partial.chunk(0), after(0s));
    for (std::uint64_t seq = 2; seq <= 4; ++seq)
        scene.receive_and_check(2, scene.author.message(seq, std::string(500, 'x')).chunk(),
                                after(0s));
    CHECK(scene.store.find(partial.uid) == nullptr);
    CHECK(scene.counted(Counter::store_evicted) >= 1);
    CHECK(scene.counted(Counter::partial_evicted) == 1);
    CHECK(scene.flood.is_missing(scene.stream_of(scene.author), 1));
    for (std::size_t i = 0; i < 2; ++i) scene.receive_and_check(3, partial.chunk(i), after(0s));
    CHECK(scene.put.deliveries.size() == 4);

    const Batch short_lived =
        scene.author.message(9, std::string(1'500, 'x'), {.lifetime_ms = 5'000});
    scene.receive_and_check(2, short_lived.chunk(0), after(0s));
    scene.flood.handle_timeout(after(5s).monotonic);
    CHECK(scene.counted(Counter::partial_evicted) == 2);
    CHECK_FALSE(scene.flood.is_missing(scene.stream_of(scene.author), 9));
    scene.check_invariants();
}

TEST_CASE("what arrives late still gets time to spread, and never more than its life",
          "[flood]") {
    const auto deadline_of = [](std::uint64_t age_ms, std::uint32_t lifetime_ms) {
        Scene scene;
        const Batch batch = scene.author.message(
            1, "p", {.created_ms = kWallMs - age_ms, .lifetime_ms = lifetime_ms});
        scene.receive_and_check(2, batch.chunk(), after(0s));
        return *scene.store.next_deadline() - ground::kStart;
    };
    CHECK(deadline_of(0, 60'000) == 60s);
    CHECK(deadline_of(20'000, 60'000) == 40s);
    CHECK(deadline_of(59'000, 60'000) == 5s);
    CHECK(deadline_of(200'000, 60'000) == 5s);
    CHECK(deadline_of(200'000, 1'000) == 1s);
    Scene ahead;
    const Batch batch = ahead.author.message(1, "p", {.created_ms = kWallMs + 100'000});
    ahead.receive_and_check(2, batch.chunk(), after(0s));
    CHECK(*ahead.store.next_deadline() - ground::kStart == 60s);
}

TEST_CASE("after a crash old messages are flagged as possible repeats, later ones are not",
          "[flood]") {
    Scene scene;
    const std::uint64_t skew_ms = 300'000;
    scene.flood.expect_repeats(kWallMs + skew_ms);
    scene.receive_and_check(2, scene.author.message(1, "p").chunk(), after(1s));
    scene.receive_and_check(
        2, scene.author.message(2, "p", {.created_ms = kWallMs + skew_ms + 1}).chunk(),
        after(10s));
    REQUIRE(scene.put.deliveries.size() == 2);
    CHECK(scene.put.deliveries[0].facts.may_repeat);
    CHECK_FALSE(scene.put.deliveries[1].facts.may_repeat);
}

TEST_CASE("a check whose verdict never came is forgotten and the batch may come again",
          "[flood]") {
    Scene scene;
    const Batch batch = scene.author.message(1, "payload");
    scene.receive(2, batch.chunk(), after(0s));
    CHECK_FALSE(scene.flood.is_missing(scene.stream_of(scene.author), 1));
    for (const VerifyDesk::Claim& claim : scene.desk.expire(after(1h).monotonic))
        scene.flood.forget_check(claim.key);
    CHECK(scene.flood.is_missing(scene.stream_of(scene.author), 1));
    CHECK(scene.links.find(ground::node_of(2)) != nullptr);
    CHECK(scene.counted(Counter::refused_bad_signature) == 0);
    scene.put.jobs.clear();
    scene.ground.take();
    scene.receive_and_check(3, batch.chunk(), after(0s));
    CHECK(scene.put.deliveries.size() == 1);
}

TEST_CASE("a verdict on nothing does nothing", "[flood]") {
    Scene scene;
    scene.flood.handle_verdict(12'345, true, after(0s));
    scene.flood.handle_verdict(12'345, false, after(0s));
    CHECK(scene.counted(Counter::refused_bad_signature) == 0);
    CHECK(scene.links.size() == 3);
}

TEST_CASE("what is published is delivered here, stored and sent to every neighbour", "[flood]") {
    Scene scene;
    const MessageId id = scene.publish("hello", after(1s), "topic");
    scene.collect();
    REQUIRE(scene.put.deliveries.size() == 1);
    CHECK(scene.put.deliveries[0].facts.id == id);
    CHECK(scene.put.deliveries[0].facts.hops == 0);
    CHECK(scene.put.deliveries[0].facts.seq == 1);
    CHECK(scene.put.deliveries[0].payload == "hello");
    for (const unsigned number : {2U, 3U, 4U}) {
        const auto chunks = scene.chunks_to(number, 1s);
        REQUIRE(chunks.size() == 1);
        const wire::Chunk& chunk = chunks[0];
        CHECK(chunk.header.publisher == scene.core.self_id);
        CHECK(chunk.header.created_ms == kWallMs + 1'000);
        CHECK(chunk.header.lifetime_ms == 30'000);
        Bytes signed_bytes;
        wire::write_signed_bytes(scene.core.network.id, chunk.header,
                                 crypto::leaf_hash({0, 0, 0}, chunk.bytes), signed_bytes);
        CHECK(crypto::uid_of(signed_bytes) == id.uid);
        CHECK(ground::is_valid({1, scene.core.self_id, signed_bytes, chunk.signature}));
    }
    CHECK(scene.put.jobs.empty());  // our own signature needs no check
    CHECK(*scene.store.next_deadline() == ground::kStart + 31s);
}

TEST_CASE("what is published is numbered from one, above what was used before", "[flood]") {
    Scene scene;
    for (int i = 0; i < 3; ++i) scene.publish("p", after(0s));
    scene.collect();
    CHECK(scene.put.deliveries.back().facts.seq == 3);
    // Even by a clone of us.
    const Batch clone = Author(1).message(10, "not by this process");
    scene.receive_and_check(2, clone.chunk(), after(0s));
    scene.publish("p", after(0s));
    scene.collect();
    CHECK(scene.put.deliveries.back().facts.seq == 11);
    scene.core.epoch = kEpoch + 1;
    scene.flood.start_own_stream();
    scene.publish("p", after(0s));
    scene.collect();
    CHECK(scene.put.deliveries.back().facts.seq == 1);
    CHECK(scene.put.deliveries.back().facts.epoch == kEpoch + 1);
}

TEST_CASE("our own message that comes back is known", "[flood]") {
    Scene scene;
    scene.publish("p", after(0s));
    wire::Chunk back = scene.chunks_to(2).at(0);
    back.hops = 3;
    scene.receive_and_check(3, back, after(0s));
    CHECK(scene.counted(Counter::duplicates) == 1);
    CHECK(scene.put.deliveries.size() == 1);
}

TEST_CASE("the largest message is published in chunks and put together again", "[flood]") {
    Scene publisher;
    const std::string payload(wire::kPayloadSizeMax, 'q');
    publisher.publish(payload, after(0s));
    const Batch batch = Author(1).message(1, payload, {.topic = "t", .lifetime_ms = 30'000});
    Stage receiver({}, 9);
    receiver.add_link(2);
    for (std::size_t i = batch.built.chunks.size(); i-- > 0;)
        receiver.receive_and_check(2, batch.chunk(i), after(0s));
    CHECK(payloads_of(receiver.put) == std::vector<std::string>{payload});
    CHECK(receiver.counted(Counter::batches_verified) == 1);
    publisher.collect();
    CHECK(publisher.put.deliveries.at(0).facts.id.uid == batch.uid);
    receiver.check_invariants();
}

TEST_CASE("a presence is believed, kept and passed on once", "[flood]") {
    Scene scene;
    const Author newcomer(8);
    const Batch batch = newcomer.presence(1, 1, {"eight", "", {ground::place(8)}, {}});
    scene.receive_and_check(2, batch.chunk(), after(0s));
    REQUIRE(scene.membership.find(newcomer.id()) != nullptr);
    CHECK(scene.membership.find(newcomer.id())->presence().name == "eight");
    CHECK(scene.records.find(newcomer.id())->uid == batch.uid);
    CHECK(scene.put.count(EventKind::member_joined) == 2);  // with 5
    CHECK(scene.chunks_to(4).size() == 1);
    scene.receive_and_check(3, batch.chunk(), after(0s));
    CHECK(scene.chunks_to(4).empty());
    CHECK(scene.put.deliveries.empty());
}

TEST_CASE("a record can be sent long after it has left the store", "[flood]") {
    Scene scene;
    scene.flood.handle_timeout(after(1h).monotonic);
    REQUIRE(scene.store.size() == 0);
    const Record& record = *scene.records.find(scene.author.id());
    scene.flood.send_record(scene.link(3), record, after(1h).monotonic);
    const auto chunks = scene.chunks_to(3, 1h);
    REQUIRE(chunks.size() == 1);
    CHECK(chunks[0].header.kind == wire::Kind::presence);
    CHECK(chunks[0].signature == record.signature);
    scene.check_invariants();
}

TEST_CASE("who links again is told the accusations of the last seconds", "[flood]") {
    Scene scene;
    const Bytes body = encode_suspect({ground::node_of(3), kEpoch, 1});
    const Batch batch = scene.author.record(wire::Kind::suspect, kEpoch, 1, body);
    scene.receive_and_check(2, batch.chunk(), after(0s));
    scene.flood.handle_link_up(scene.add_link(9, after(4s)), after(4s).monotonic);
    const auto told = scene.chunks_to(9, 4s);
    REQUIRE(told.size() == 1);
    CHECK(told[0].signature == batch.signature);
    scene.flood.handle_link_up(scene.link(2), after(4s).monotonic);
    CHECK(scene.chunks_to(2, 4s).empty());  // it told us
    scene.flood.handle_link_up(scene.add_link(10, after(5s)), after(5s).monotonic);
    CHECK(scene.chunks_to(10, 5s).empty());
}

TEST_CASE("of very many accusations the newest are told", "[flood]") {
    Scene scene;
    for (std::uint64_t i = 1; i <= Flood::kAccusationsMax + 1; ++i)
        scene.flood.publish_record({wire::Kind::suspect, kEpoch, i,
                                    encode_suspect({ground::node_of(3), kEpoch, i}), true, 10'000},
                                   after(0s));
    Link& link = scene.add_link(9);
    scene.flood.handle_link_up(link, after(0s).monotonic);
    CHECK(link.chunks_queued() == Flood::kAccusationsMax);
}

}  // namespace
}  // namespace hearsay::gossip
