#include "daemon/gossip/batch_builder.h"

#include <random>

#include "tests/catch.h"
#include "wire/signed_bytes.h"

namespace hearsay::gossip {
namespace {

std::vector<ByteView> views_of(const std::vector<Bytes>& payloads) {
    return {payloads.begin(), payloads.end()};
}

Bytes payload_of(std::size_t size, std::uint8_t first = 1) {
    Bytes payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::uint8_t>(first + i);
    return payload;
}

// Where message `index` begins in the body, and where it ends.
std::vector<std::pair<std::size_t, std::size_t>> places_of(const std::vector<Bytes>& payloads) {
    std::vector<std::pair<std::size_t, std::size_t>> places;
    std::size_t at = 0;
    for (const Bytes& payload : payloads) {
        const std::size_t end = at + wire::kMessageOverhead + payload.size();
        places.emplace_back(at, end);
        at = end;
    }
    return places;
}

// All that must hold of any batch, by definitions and not by the builder's way.
void check_batch(const BuiltBatch& built, const std::vector<Bytes>& payloads,
                 std::size_t topic_size) {
    const std::size_t count = built.chunks.size();
    const std::size_t most = wire::chunk_bytes_max(topic_size, count);
    const std::string topic(topic_size, 't');
    wire::BatchHeader header;
    header.lifetime_ms = 60'000;
    header.chunk_count = static_cast<std::uint16_t>(count);
    header.body_size = static_cast<std::uint32_t>(built.body.size());
    header.topic = topic;
    const auto places = places_of(payloads);
    std::size_t at = 0;
    std::size_t problems = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const CutChunk& cut = built.chunks[i];
        wire::Chunk chunk;
        chunk.index = static_cast<std::uint16_t>(i);
        chunk.first_message = cut.first_message;
        chunk.lead = cut.lead;
        chunk.bytes = built.bytes(i);
        chunk.path = built.paths[i];
        const crypto::Hash leaf =
            crypto::leaf_hash({chunk.index, chunk.first_message, chunk.lead}, chunk.bytes);
        const auto root = crypto::merkle_root_from_path(leaf, i, count, chunk.path);
        problems += cut.begin != at || cut.end <= cut.begin || cut.end - cut.begin > most;
        problems += !wire::is_consistent(header, chunk) || root != built.root;
        // The message its first byte belongs to, and how much of that lies in this chunk if it
        // began earlier.
        const auto& [begin, end] = places[cut.first_message];
        problems += cut.begin < begin || cut.begin >= end;
        const std::size_t lead = begin == cut.begin ? 0 : std::min(end, cut.end) - cut.begin;
        problems += cut.lead != lead;
        at = cut.end;
    }
    CHECK(problems == 0);
    CHECK(at == built.body.size());
    for (const auto& place : places) {
        if (place.second - place.first > most) continue;
        const bool is_whole_somewhere =
            std::any_of(built.chunks.begin(), built.chunks.end(), [&](const CutChunk& cut) {
                return cut.begin <= place.first && place.second <= cut.end;
            });
        if (!is_whole_somewhere) FAIL_CHECK("a message that fits a chunk was split");
    }
    std::vector<ByteView> split;
    REQUIRE(split_body(built.body, split));
    REQUIRE(split.size() == payloads.size());
    CHECK(std::equal(split.begin(), split.end(), payloads.begin(),
                     [](ByteView a, const Bytes& b) {
                         return std::equal(a.begin(), a.end(), b.begin(), b.end());
                     }));
}

BuiltBatch build(const std::vector<Bytes>& payloads, std::size_t topic_size) {
    return build_batch(views_of(payloads), topic_size);
}

TEST_CASE("a lone message that fits is one chunk, and one byte more is two", "[batch]") {
    for (const std::size_t topic_size : {1U, 6U, 255U}) {
        const std::size_t fits = wire::chunk_bytes_max(topic_size, 1) - wire::kMessageOverhead;
        const std::vector<Bytes> small{payload_of(fits)};
        const BuiltBatch one = build(small, topic_size);
        CHECK(one.chunks.size() == 1);
        CHECK(one.paths[0].empty());
        check_batch(one, small, topic_size);
        const std::vector<Bytes> large{payload_of(fits + 1)};
        const BuiltBatch two = build(large, topic_size);
        CHECK(two.chunks.size() == 2);
        check_batch(two, large, topic_size);
    }
}

TEST_CASE("890 bytes on a topic of 6 are one datagram, as the protocol says", "[batch]") {
    CHECK(build({payload_of(890)}, 6).chunks.size() == 1);
    CHECK(build({payload_of(891)}, 6).chunks.size() == 2);
}

TEST_CASE("an empty message is a chunk of its length field", "[batch]") {
    const BuiltBatch built = build({{}}, 4);
    REQUIRE(built.chunks.size() == 1);
    CHECK(built.body == Bytes{0, 0, 0, 0});
    check_batch(built, {{}}, 4);
}

TEST_CASE("messages that share a chunk are cut at their boundary", "[batch]") {
    const std::vector<Bytes> payloads{payload_of(500), payload_of(500), payload_of(20)};
    const BuiltBatch built = build(payloads, 4);
    REQUIRE(built.chunks.size() == 2);
    CHECK(built.chunks[0].end == 504);
    CHECK(built.chunks[1].first_message == 1);
    CHECK(built.chunks[1].lead == 0);
    check_batch(built, payloads, 4);
}

TEST_CASE("a message longer than a chunk begins a chunk of its own", "[batch]") {
    const std::vector<Bytes> payloads{payload_of(10), payload_of(2'000), payload_of(10)};
    const BuiltBatch built = build(payloads, 4);
    REQUIRE(built.chunks.size() == 4);
    CHECK(built.chunks[1].first_message == 1);
    CHECK(built.chunks[1].lead == 0);
    CHECK(built.chunks[2].lead == built.chunks[2].end - built.chunks[2].begin);
    // The last one's rest and the small message behind it share a chunk.
    CHECK(built.chunks[3].first_message == 1);
    CHECK(built.chunks[3].lead == 2'004 - 2 * wire::chunk_bytes_max(4, 4));
    check_batch(built, payloads, 4);
}

TEST_CASE("a batch just over a power of two of chunks pays for the deeper tree", "[batch]") {
    for (const std::size_t count : {2U, 4U, 8U}) {
        const std::size_t most = wire::chunk_bytes_max(4, count);
        const std::vector<Bytes> exact{payload_of(count * most - wire::kMessageOverhead)};
        CHECK(build(exact, 4).chunks.size() == count);
        check_batch(build(exact, 4), exact, 4);
        const std::vector<Bytes> over{payload_of(count * most - wire::kMessageOverhead + 1)};
        CHECK(build(over, 4).chunks.size() == count + 1);
        check_batch(build(over, 4), over, 4);
    }
}

TEST_CASE("the largest message fits a batch on the longest topic", "[batch]") {
    const std::vector<Bytes> payloads{payload_of(wire::kPayloadSizeMax)};
    const BuiltBatch built = build(payloads, wire::kTopicSizeMax);
    CHECK(built.chunks.size() <= wire::kChunksPerBatchMax);
    CHECK(built.chunks.size() > 4'000);
    check_batch(built, payloads, wire::kTopicSizeMax);
}

TEST_CASE("very many empty messages are a batch", "[batch]") {
    const std::vector<Bytes> payloads(kMessagesPerBatchMax);
    const BuiltBatch built = build(payloads, 10);
    CHECK(built.body.size() == 4 * kMessagesPerBatchMax);
    check_batch(built, payloads, 10);
}

TEST_CASE("batches of random messages keep every rule", "[batch]") {
    const auto seed = Catch::rngSeed();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 60; ++round) {
        std::vector<Bytes> payloads(1 + random() % 20);
        for (Bytes& payload : payloads)
            payload = payload_of(random() % (round % 2 == 0 ? 300 : 4'000),
                                 static_cast<std::uint8_t>(random()));
        const std::size_t topic_size = 1 + random() % wire::kTopicSizeMax;
        check_batch(build(payloads, topic_size), payloads, topic_size);
    }
}

TEST_CASE("a record is one chunk as it is", "[batch]") {
    const Bytes body = payload_of(100);
    const BuiltBatch built = build_record(body);
    REQUIRE(built.chunks.size() == 1);
    CHECK(built.body == body);
    CHECK(built.root == crypto::leaf_hash({0, 0, 0}, body));
    CHECK(build_record({}).chunks.size() == 1);
}

TEST_CASE("a body that is no list of messages is refused", "[batch]") {
    std::vector<ByteView> payloads;
    const Bytes good{2, 0, 0, 0, 7, 8, 0, 0, 0, 0};
    REQUIRE(split_body(good, payloads));
    REQUIRE(payloads.size() == 2);
    CHECK(payloads[0].size() == 2);
    CHECK(payloads[1].empty());
    CHECK_FALSE(split_body({}, payloads));
    for (const std::size_t size : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U})
        CHECK_FALSE(split_body(ByteView(good).first(size), payloads));
    CHECK_FALSE(split_body(Bytes{0xff, 0xff, 0xff, 0xff, 1}, payloads));
}

TEST_CASE("a body over the limits of messages is refused", "[batch]") {
    std::vector<ByteView> payloads;
    Bytes body(4 * kMessagesPerBatchMax);
    CHECK(split_body(body, payloads));
    body.resize(body.size() + 4);
    CHECK_FALSE(split_body(body, payloads));
    Bytes large(wire::kPayloadSizeMax + 5);
    large[2] = 0x10;  // 1 MiB
    CHECK(split_body(ByteView(large).first(wire::kPayloadSizeMax + 4), payloads));
    large[0] = 1;  // and a byte
    CHECK_FALSE(split_body(large, payloads));
}

}  // namespace
}  // namespace hearsay::gossip
