#include "daemon/gossip/chunk_store.h"

#include <map>
#include <random>

#include "tests/catch.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};
constexpr crypto::ShortHashKey kKey{1, 2, 3};

crypto::Uid uid_of(std::uint64_t number) {
    crypto::Uid uid;
    for (std::size_t i = 0; i < 8; ++i) uid.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return uid;
}

wire::BatchHeader header_of(std::uint64_t seq, std::uint16_t chunk_count = 1) {
    wire::BatchHeader header;
    header.seq = seq;
    header.chunk_count = chunk_count;
    header.topic = "topic";
    return header;
}

StoredBatch& add(ChunkStore& store, std::uint64_t seq, std::uint16_t chunk_count = 1,
                 Instant deadline = kStart + 60s) {
    return store.add(header_of(seq, chunk_count), uid_of(seq), {}, {}, deadline);
}

bool fill(ChunkStore& store, StoredBatch& batch, std::uint16_t index, std::size_t size) {
    const Bytes bytes(size, static_cast<std::uint8_t>(index));
    wire::Chunk chunk;
    chunk.index = index;
    chunk.bytes = bytes;
    return store.add_chunk(batch, chunk);
}

std::vector<std::uint64_t> seqs_of(const std::vector<RemovedBatch>& removed) {
    std::vector<std::uint64_t> seqs;
    for (const RemovedBatch& batch : removed) seqs.push_back(batch.seq);
    return seqs;
}

TEST_CASE("a stored chunk comes back as the frame it was", "[store]") {
    ChunkStore store(1 << 20, kKey);
    std::string topic = "topic of a caller";
    wire::BatchHeader header = header_of(9, 2);
    header.topic = topic;
    crypto::Signature signature;
    signature.bytes.fill(5);
    StoredBatch& batch = store.add(header, uid_of(9), signature, {}, kStart + 60s);
    batch.hops = 3;
    topic.assign(topic.size(), '#');
    const Bytes bytes{1, 2, 3};
    const std::vector<crypto::Hash> path(1, crypto::Hash{{7}});
    wire::Chunk chunk;
    chunk.index = 1;
    chunk.first_message = 4;
    chunk.lead = 2;
    chunk.bytes = bytes;
    chunk.path = path;
    CHECK(store.add_chunk(batch, chunk));
    const wire::Chunk frame = batch.frame(1);
    CHECK(frame.has_header);
    CHECK(frame.header.topic == "topic of a caller");
    CHECK(frame.header.seq == 9);
    CHECK(frame.signature == signature);
    CHECK(frame.uid == uid_of(9));
    CHECK(frame.index == 1);
    CHECK(frame.first_message == 4);
    CHECK(frame.lead == 2);
    CHECK(frame.hops == 3);
    CHECK(std::equal(frame.bytes.begin(), frame.bytes.end(), bytes.begin(), bytes.end()));
    CHECK(std::equal(frame.path.begin(), frame.path.end(), path.begin(), path.end()));
}

TEST_CASE("a batch is whole when each chunk has come once", "[store]") {
    ChunkStore store(1 << 20, kKey);
    StoredBatch& batch = add(store, 1, 2);
    CHECK_FALSE(batch.is_whole());
    CHECK(fill(store, batch, 1, 10));
    CHECK_FALSE(fill(store, batch, 1, 10));
    CHECK_FALSE(batch.is_whole());
    CHECK(fill(store, batch, 0, 10));
    CHECK(batch.is_whole());
    store.check_invariants();
}

TEST_CASE("a name outlives its batch harmlessly", "[store]") {
    ChunkStore store(1 << 20, kKey);
    StoredBatch& first = add(store, 1);
    const ChunkRef old = first.ref(0);
    CHECK(store.find(old) == &first);
    store.remove(first);
    CHECK(store.find(old) == nullptr);
    StoredBatch& second = add(store, 2);
    REQUIRE(second.slot == old.slot);
    CHECK(store.find(old) == nullptr);
    CHECK(store.find(second.ref(0)) == &second);
    CHECK(store.find(ChunkRef{1000, 0, 0}) == nullptr);
    CHECK(store.find(uid_of(1)) == nullptr);
    CHECK(store.find(uid_of(2)) == &second);
}

TEST_CASE("the oldest batches leave first when the bytes run out", "[store]") {
    ChunkStore store(10'000, kKey);
    std::vector<RemovedBatch> removed;
    for (std::uint64_t seq = 1; seq <= 10; ++seq) {
        StoredBatch& batch = add(store, seq);
        fill(store, batch, 0, 1'000);
        store.evict(batch, removed);
        CHECK(store.bytes() <= 10'000);
    }
    CHECK(seqs_of(removed) == std::vector<std::uint64_t>{1, 2, 3, 4});
    CHECK(removed[0].was_whole);
    CHECK_FALSE(removed[0].is_expired);
    CHECK(store.find(uid_of(4)) == nullptr);
    CHECK(store.find(uid_of(5)) != nullptr);
    store.check_invariants();
}

TEST_CASE("the batch that grows is kept, even as the oldest, and the next oldest goes", "[store]") {
    ChunkStore store(6'000, kKey);
    StoredBatch& oldest = add(store, 1, 4);
    fill(store, oldest, 0, 1'000);
    for (std::uint64_t seq = 2; seq <= 3; ++seq) fill(store, add(store, seq), 0, 1'000);
    std::vector<RemovedBatch> removed;
    store.evict(oldest, removed);
    CHECK(removed.empty());
    fill(store, oldest, 1, 900);
    fill(store, oldest, 2, 900);
    store.evict(oldest, removed);
    CHECK(seqs_of(removed) == std::vector<std::uint64_t>{2});
    CHECK(store.bytes() <= 6'000);
    CHECK(store.find(uid_of(1)) == &oldest);
    // And it is still the oldest to the next one.
    StoredBatch& last = add(store, 4);
    fill(store, last, 0, 1'000);
    removed.clear();
    store.evict(last, removed);
    CHECK(seqs_of(removed) == std::vector<std::uint64_t>{1});
    store.check_invariants();
}

TEST_CASE("batches expire at their deadline, whole or not", "[store]") {
    ChunkStore store(1 << 20, kKey);
    CHECK(store.next_deadline() == std::nullopt);
    fill(store, add(store, 1, 1, kStart + 3s), 0, 10);
    add(store, 2, 2, kStart + 1s);
    CHECK(store.next_deadline() == kStart + 1s);
    std::vector<RemovedBatch> removed;
    store.expire(kStart + 1s - 1ns, removed);
    CHECK(removed.empty());
    store.expire(kStart + 1s, removed);
    REQUIRE(seqs_of(removed) == std::vector<std::uint64_t>{2});
    CHECK(removed[0].is_expired);
    CHECK_FALSE(removed[0].was_whole);
    store.expire(kStart + 1h, removed);
    REQUIRE(removed.size() == 2);
    CHECK(removed[1].was_whole);
    CHECK(store.bytes() == 0);
    CHECK(store.size() == 0);
    store.check_invariants();
}

TEST_CASE("a link forgotten is nowhere named as holder or queue", "[store]") {
    ChunkStore store(1 << 20, kKey);
    StoredBatch& batch = add(store, 1, 2);
    for (StoredChunk& chunk : batch.chunks) {
        chunk.held_by = mask_of(3) | mask_of(63);
        chunk.queued_for = mask_of(3) | mask_of(0);
    }
    store.forget_link(3);
    for (const StoredChunk& chunk : batch.chunks) {
        CHECK(chunk.held_by == mask_of(63));
        CHECK(chunk.queued_for == mask_of(0));
    }
}

TEST_CASE("a batch that takes a used place inherits nothing", "[store]") {
    ChunkStore store(1 << 20, kKey);
    StoredBatch& first = add(store, 1, 3);
    fill(store, first, 0, 100);
    first.chunks[0].held_by = ~LinkMask{0};
    first.hops = 9;
    store.remove(first);
    StoredBatch& second = add(store, 2, 1);
    CHECK(second.chunks.size() == 1);
    CHECK_FALSE(second.chunks[0].is_held);
    CHECK(second.chunks[0].held_by == 0);
    CHECK(second.hops == 0);
    CHECK(second.held_count == 0);
}

// The obvious way: a list in order of age, scanned for everything.
struct Twin {
    struct Entry {
        std::uint64_t seq;
        Instant deadline;
        std::uint64_t bytes;
        std::size_t missing;
    };
    std::vector<Entry> entries;

    std::uint64_t bytes() const {
        std::uint64_t sum = 0;
        for (const Entry& entry : entries) sum += entry.bytes;
        return sum;
    }
    std::vector<std::uint64_t> evict(std::uint64_t bytes_max, std::uint64_t keep) {
        std::vector<std::uint64_t> gone;
        for (std::size_t i = 0; i < entries.size() && bytes() > bytes_max;) {
            if (entries[i].seq == keep) {
                ++i;
                continue;
            }
            gone.push_back(entries[i].seq);
            entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(i));
        }
        return gone;
    }
    std::vector<std::uint64_t> expire(Instant now) {
        std::vector<std::pair<Instant, std::uint64_t>> due;
        for (const Entry& entry : entries)
            if (entry.deadline <= now) due.emplace_back(entry.deadline, entry.seq);
        std::sort(due.begin(), due.end());
        std::erase_if(entries, [&](const Entry& entry) { return entry.deadline <= now; });
        std::vector<std::uint64_t> gone;
        for (const auto& [at, seq] : due) gone.push_back(seq);
        return gone;
    }
};

TEST_CASE("the store is its twin, a list in order of age", "[store]") {
    const auto seed = Catch::rngSeed();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    constexpr std::uint64_t kMax = 20'000;
    ChunkStore store(kMax, kKey);
    Twin twin;
    Instant now = kStart;
    std::uint64_t next_seq = 1;
    for (int step = 0; step < 4'000; ++step) {
        INFO("step " << step);
        std::vector<RemovedBatch> removed;
        std::vector<std::uint64_t> gone;
        const auto what = random() % 10;
        if (what < 3 || twin.entries.empty()) {
            const std::uint64_t seq = next_seq++;
            const auto count = static_cast<std::uint16_t>(1 + random() % 4);
            // No two alike, so that the order of expiry is one.
            const Instant deadline = now + 1s * (random() % 60) + 1ns * seq;
            const std::uint64_t before = store.bytes();
            add(store, seq, count, deadline);
            twin.entries.push_back({seq, deadline, store.bytes() - before, count});
        } else if (what < 8) {
            Twin::Entry& entry = twin.entries[random() % twin.entries.size()];
            const std::uint64_t seq = entry.seq;
            StoredBatch& batch = *store.find(uid_of(seq));
            const std::size_t size = random() % 1'500;
            const auto index = static_cast<std::uint16_t>(random() % batch.chunks.size());
            if (fill(store, batch, index, size)) {
                entry.bytes += size;
                --entry.missing;
            }
            store.evict(batch, removed);
            gone = twin.evict(kMax, seq);
        } else if (what == 8) {
            now += 1ms * (random() % 5'000);
            store.expire(now, removed);
            gone = twin.expire(now);
        } else {
            const std::size_t at = random() % twin.entries.size();
            store.remove(*store.find(uid_of(twin.entries[at].seq)));
            twin.entries.erase(twin.entries.begin() + static_cast<std::ptrdiff_t>(at));
        }
        store.check_invariants();
        REQUIRE(seqs_of(removed) == gone);
        REQUIRE(store.bytes() == twin.bytes());
        REQUIRE(store.size() == twin.entries.size());
        for (const Twin::Entry& entry : twin.entries) {
            const StoredBatch* batch = store.find(uid_of(entry.seq));
            if (batch == nullptr || batch->is_whole() != (entry.missing == 0)) FAIL("differs");
        }
    }
}

}  // namespace
}  // namespace hearsay::gossip
