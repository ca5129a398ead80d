#include "daemon/gossip/pending_batches.h"

#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

namespace hearsay::gossip {
namespace {

using ground::Author;
using ground::Batch;

// About 20 chunks.
Batch large_batch(std::uint64_t seq = 1) {
    return Author(5).message(seq, std::string(15'000, 'x'));
}

PendingBatch& add(PendingBatches& pending, const Batch& batch, std::size_t slot,
                  std::size_t chunk = 0) {
    return pending.add(batch.chunk(chunk), batch.uid, batch.built.root, slot,
                       ground::node_of(static_cast<unsigned>(slot)));
}

TEST_CASE("a pending batch is found by its place and signature together", "[pending]") {
    PendingBatches pending;
    const Batch batch = Author(5).message(3, "payload");
    CHECK(pending.find(batch.header, batch.signature) == nullptr);
    PendingBatch& entry = add(pending, batch, 2);
    CHECK(pending.find(batch.header, batch.signature) == &entry);
    CHECK(entry.header.topic == "news");
    CHECK(entry.header.topic.data() == entry.topic.data());
    CHECK(entry.first_slot == 2);
    CHECK(pending.has({batch.header.publisher, batch.header.epoch}, 3));
    CHECK_FALSE(pending.has({batch.header.publisher, batch.header.epoch}, 4));
    CHECK_FALSE(pending.has({batch.header.publisher, batch.header.epoch + 1}, 3));
}

TEST_CASE("a forged copy is an entry of its own and blocks nothing", "[pending]") {
    PendingBatches pending;
    const Batch batch = Author(5).message(3, "payload");
    Batch forged = batch;
    forged.signature.bytes[0] ^= 1;
    PendingBatch& first = add(pending, forged, 1);
    CHECK(pending.find(batch.header, batch.signature) == nullptr);
    PendingBatch& second = add(pending, batch, 2);
    CHECK(first.id != second.id);
    CHECK(pending.size() == 2);
    CHECK(pending.find(forged.header, forged.signature) == &first);
    CHECK(pending.find(batch.header, batch.signature) == &second);
    REQUIRE(pending.take(first.id));
    CHECK(pending.find(batch.header, batch.signature) == &second);
    CHECK(pending.has({batch.header.publisher, batch.header.epoch}, 3));
    REQUIRE(pending.take(second.id));
    CHECK_FALSE(pending.has({batch.header.publisher, batch.header.epoch}, 3));
}

TEST_CASE("a record at the number of a message is another place", "[pending]") {
    PendingBatches pending;
    const Batch record = Author(5).presence(ground::kEpoch, 3);
    add(pending, record, 0);
    CHECK_FALSE(pending.has({record.header.publisher, record.header.epoch}, 3));
    CHECK(pending.find(record.header, record.signature) != nullptr);
}

TEST_CASE("parked chunks keep their bytes, place and senders", "[pending]") {
    PendingBatches pending;
    const Batch batch = large_batch();
    PendingBatch& entry = add(pending, batch, 3);
    wire::Chunk chunk = batch.chunk(5);
    chunk.hops = 4;
    CHECK(pending.park(entry, chunk, 3));
    CHECK(pending.park(entry, chunk, 9));
    REQUIRE(entry.chunks.size() == 1);
    const ParkedChunk& parked = entry.chunks[0];
    CHECK(parked.index == 5);
    CHECK(parked.lead == chunk.lead);
    CHECK(parked.hops == 4);
    CHECK(parked.from == (mask_of(3) | mask_of(9)));
    CHECK(std::equal(parked.bytes.begin(), parked.bytes.end(), chunk.bytes.begin(),
                     chunk.bytes.end()));
    CHECK(std::equal(parked.path.begin(), parked.path.end(), chunk.path.begin(),
                     chunk.path.end()));
    CHECK(pending.park(entry, batch.chunk(6), 3));
    CHECK(entry.chunks.size() == 2);
}

TEST_CASE("taking a batch frees what it held", "[pending]") {
    PendingBatches pending;
    const Batch batch = large_batch();
    PendingBatch& entry = add(pending, batch, 3);
    const std::uint64_t id = entry.id;
    pending.park(entry, batch.chunk(0), 3);
    const auto taken = pending.take(id);
    REQUIRE(taken);
    CHECK(taken->chunks.size() == 1);
    CHECK(taken->header.topic == "news");
    CHECK(pending.take(id) == nullptr);
    CHECK(pending.find(batch.header, batch.signature) == nullptr);
    CHECK(pending.size() == 0);
    CHECK(pending.has_room(3, PendingBatches::kBytesPerLinkMax));
}

// Parks chunks of ever new batches from `slot` until there is no room; returns the bytes parked.
std::size_t fill(PendingBatches& pending, std::size_t slot, std::uint64_t& seq) {
    std::size_t bytes = 0;
    while (true) {
        const Batch batch = large_batch(seq++);
        PendingBatch& entry = add(pending, batch, slot);
        for (std::size_t i = 0; i < batch.built.chunks.size(); ++i) {
            if (!pending.park(entry, batch.chunk(i), slot)) return bytes;
            bytes += batch.chunk(i).bytes.size();
        }
    }
}

TEST_CASE("one link parks no more than its share and leaves the others theirs", "[pending]") {
    PendingBatches pending;
    std::uint64_t seq = 1;
    const std::size_t bytes = fill(pending, 0, seq);
    CHECK(bytes <= PendingBatches::kBytesPerLinkMax);
    CHECK(bytes > PendingBatches::kBytesPerLinkMax / 2);
    CHECK_FALSE(pending.has_room(0, 1'000));
    CHECK(pending.has_room(1, PendingBatches::kBytesPerLinkMax));
}

TEST_CASE("all links together park no more than the bound", "[pending]") {
    PendingBatches pending;
    std::uint64_t seq = 1;
    std::size_t bytes = 0;
    for (std::size_t slot = 0; slot < 6; ++slot) bytes += fill(pending, slot, seq);
    CHECK(bytes <= PendingBatches::kBytesMax);
    CHECK_FALSE(pending.has_room(7, 2'000));
}

}  // namespace
}  // namespace hearsay::gossip
