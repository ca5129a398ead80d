#include "tests/catch.h"
#include "tests/unit/gossip/stage.h"

// Two neighbours find by bucket hashes what one of them lacks.
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

// Nodes 1 and 2, linked, and what they say to each other carried by hand.
struct Couple {
    Couple() : one({}, 1), two({}, 2) {
        one.add_link(2);
        two.add_link(1);
    }
    // Both take their turn at `now`; returns how many frames were carried.
    std::size_t turn(Duration now) {
        one.repair.handle_timeout(after(now).monotonic);
        two.repair.handle_timeout(after(now).monotonic);
        return carry(one, 2, two, 1, now) + carry(two, 1, one, 2, now);
    }
    std::size_t carry(Stage& from, unsigned to_number, Stage& to, unsigned from_number,
                      Duration now) {
        const std::vector<wire::Frame> frames = from.flush_to(to_number, after(now));
        std::size_t count = 0;
        for (const wire::Frame& frame : frames) {
            Link& link = to.link(from_number);
            link.note_received(1, after(now).monotonic);
            if (std::holds_alternative<wire::Heartbeat>(frame)) continue;
            ++count;
            if (const auto* have = std::get_if<wire::Have>(&frame)) {
                to.repair.handle_have(link, *have, after(now));
                haves += have->bucket_hashes.empty() ? 1U : 0U;
            }
            if (const auto* want = std::get_if<wire::Want>(&frame))
                to.repair.handle_want(link, *want, after(now).monotonic);
            if (const auto* chunk = std::get_if<wire::Chunk>(&frame)) {
                to.flood.handle_chunk(link, *chunk, after(now));
                ++chunks;
            }
        }
        from.acknowledge(to_number, after(now));
        to.run_checks(after(now));
        to.check_invariants();
        return count;
    }
    bool run_until_equal(Duration limit, Duration step = 10ms) {
        for (Duration now = 0s; now < limit; now += step) {
            turn(now);
            if (is_equal()) return true;
        }
        return false;
    }
    bool is_equal() const {
        return one.records.bucket_hashes() == two.records.bucket_hashes();
    }

    Stage one;
    Stage two;
    std::size_t chunks = 0;
    std::size_t haves = 0;  // listings
};

void know(Stage& stage, unsigned number, std::uint64_t version = 1) {
    const Batch batch = Author(number).presence(kEpoch, version);
    stage.membership.accept({batch.header, batch.uid, batch.signature, batch.built.root,
                             batch.built.body},
                            after(0s));
}

// Node numbers whose members share one bucket.
std::vector<unsigned> same_bucket(std::size_t count) {
    std::vector<unsigned> numbers;
    for (unsigned number = 100; numbers.size() < count; ++number)
        if (Records::bucket_of(node_of(number)) == 7) numbers.push_back(number);
    return numbers;
}

TEST_CASE("equal records cost a row of hashes and nothing more", "[repair][records]") {
    Couple couple;
    couple.turn(0s);
    for (unsigned number = 100; number < 150; ++number) {
        know(couple.one, number);
        know(couple.two, number);
    }
    for (Duration now = 0s; now < 5s; now += 10ms) couple.turn(now);
    CHECK(couple.chunks == 0);
    CHECK(couple.haves == 0);
}

TEST_CASE("records that one side lacks arrive there", "[repair][records]") {
    Couple couple;
    for (unsigned number = 100; number < 140; ++number) know(couple.one, number);
    for (unsigned number = 130; number < 160; ++number) know(couple.two, number);
    CHECK(couple.run_until_equal(10s));
    CHECK(couple.one.records.size() == 60);
    CHECK(couple.two.records.size() == 60);
    CHECK(couple.chunks < 120);
}

TEST_CASE("of two versions the newer arrives on the other side", "[repair][records]") {
    Couple couple;
    for (unsigned number = 100; number < 120; ++number) {
        know(couple.one, number, number % 2 == 0 ? 5 : 1);
        know(couple.two, number, number % 2 == 0 ? 1 : 5);
    }
    CHECK(couple.run_until_equal(10s));
    for (unsigned number = 100; number < 120; ++number) {
        CHECK(couple.one.records.find(node_of(number))->version() == 5);
        CHECK(couple.two.records.find(node_of(number))->version() == 5);
    }
}

TEST_CASE("a bucket too long for one frame is synchronised all the same", "[repair][records]") {
    const std::vector<unsigned> numbers = same_bucket(40);
    SECTION("one side has nothing") {
        Couple couple;
        for (const unsigned number : numbers) know(couple.one, number);
        CHECK(couple.run_until_equal(10s));
        CHECK(couple.two.records.size() == 40);
    }
    SECTION("each side has its half and some") {
        Couple couple;
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            if (i < 25) know(couple.one, numbers[i]);
            if (i >= 15) know(couple.two, numbers[i]);
        }
        CHECK(couple.run_until_equal(10s));
        CHECK(couple.one.records.size() == 40);
    }
    SECTION("among many others") {
        Couple couple;
        for (const unsigned number : numbers) know(couple.one, number);
        for (unsigned number = 100; number < 400; ++number) know(couple.one, number);
        CHECK(couple.run_until_equal(60s));
    }
}

TEST_CASE("one difference in a long bucket costs little more than its record",
          "[repair][records]") {
    const std::vector<unsigned> numbers = same_bucket(40);
    Couple couple;
    couple.turn(0s);
    for (const unsigned number : numbers) {
        know(couple.one, number);
        know(couple.two, number);
    }
    know(couple.one, numbers[20], 2);
    CHECK(couple.run_until_equal(10s));
    CHECK(couple.chunks <= 3);
}

TEST_CASE("hundreds of records arrive in a blank node", "[repair][records]") {
    Couple couple;
    for (unsigned number = 100; number < 900; ++number) know(couple.one, number);
    CHECK(couple.run_until_equal(60s));
    CHECK(couple.two.membership.all().size() == 800);
}

TEST_CASE("listings are held to a rate, however often a neighbour asks", "[repair][records]") {
    Stage stage;
    for (unsigned number = 100; number < 200; ++number) know(stage, number);
    stage.add_link(2);
    stage.flush_to(2, after(0s));
    const std::vector<std::uint64_t> hashes(wire::kRecordBuckets, 1);
    wire::Have have;
    have.bucket_hashes = hashes;
    std::size_t frames = 0;
    for (int i = 0; i < 1'000; ++i) {
        stage.repair.handle_have(stage.link(2), have, after(0s));
        frames += only<wire::Have>(stage.flush_to(2, after(0s))).size();
    }
    CHECK(static_cast<double>(frames) <= 8 * Repair::kListRate);
    CHECK(frames > 0);
}

TEST_CASE("a listing names each record of the differing buckets only", "[repair][records]") {
    Stage stage;
    for (unsigned number = 100; number < 110; ++number) know(stage, number);
    stage.add_link(2);
    stage.flush_to(2, after(0s));
    std::vector<std::uint64_t> hashes(stage.records.bucket_hashes().begin(),
                                      stage.records.bucket_hashes().end());
    const std::size_t bucket = Records::bucket_of(node_of(100));
    hashes[bucket] += 1;
    wire::Have have;
    have.bucket_hashes = hashes;
    stage.repair.handle_have(stage.link(2), have, after(0s));
    const auto listings = only<wire::Have>(stage.flush_to(2, after(0s)));
    REQUIRE(listings.size() == 1);
    CHECK(listings[0].expanded == std::uint64_t{1} << bucket);
    CHECK(listings[0].records.size() == stage.records.list(bucket).size());
}

TEST_CASE("an empty bucket that differs is told as empty, and filled", "[repair][records]") {
    Stage stage;
    const unsigned number = same_bucket(1)[0];
    know(stage, number);
    stage.add_link(2);
    stage.flush_to(2, after(0s));
    wire::Have have;
    have.expanded = std::uint64_t{1} << 7;
    stage.repair.handle_have(stage.link(2), have, after(0s));
    const auto chunks = only<wire::Chunk>(stage.flush_to(2, after(0s)));
    REQUIRE(chunks.size() == 1);
    CHECK(chunks[0].header.publisher == node_of(number));
    // And the other way: hashes that differ from our empty bucket make us say that it is empty.
    Stage empty;
    empty.add_link(2);
    empty.flush_to(2, after(0s));
    std::vector<std::uint64_t> hashes(wire::kRecordBuckets, 0);
    hashes[7] = 99;
    wire::Have theirs;
    theirs.bucket_hashes = hashes;
    empty.repair.handle_have(empty.link(2), theirs, after(0s));
    const auto listings = only<wire::Have>(empty.flush_to(2, after(0s)));
    REQUIRE(listings.size() == 1);
    CHECK(listings[0].expanded == std::uint64_t{1} << 7);
    CHECK(listings[0].records.empty());
}

// Goal: no unsigned word of a neighbour moves our epoch; our own signature does.
TEST_CASE("what a neighbour claims to hold of us is asked for, not believed", "[repair][records]") {
    Stage stage;
    stage.add_link(2);
    stage.flush_to(2, after(0s));
    SECTION("in a heartbeat") {
        stage.repair.handle_known_of_us(stage.link(2), UINT64_MAX - 1, 7, after(0s).monotonic);
    }
    SECTION("in a listing") {
        const std::vector<wire::RecordVersion> records{{node_of(1), UINT64_MAX - 1, 7}};
        wire::Have have;
        have.records = records;
        stage.repair.handle_have(stage.link(2), have, after(0s));
    }
    CHECK(stage.core.epoch == kEpoch);
    const auto wants = only<wire::Want>(stage.flush_to(2, after(1ms)));
    REQUIRE(wants.size() == 1);
    REQUIRE(wants[0].records.size() == 1);
    CHECK(wants[0].records[0] == node_of(1));

    stage.receive_and_check(2, Author(1).presence(kEpoch + 5, 3).chunk(0), after(2ms));
    CHECK(stage.core.epoch == kEpoch + 6);
}

TEST_CASE("a neighbour that has missed our presence is sent it", "[repair][records]") {
    Stage stage;
    stage.add_link(2);
    const Bytes body = encode_presence({});
    stage.flood.publish_record({wire::Kind::presence, kEpoch, 1, body, true, 60'000}, after(0s));
    stage.flush_to(2, after(0s));
    stage.repair.handle_known_of_us(stage.link(2), kEpoch, 1, after(0s).monotonic);
    CHECK(only<wire::Chunk>(stage.flush_to(2, after(1ms))).empty());
    stage.repair.handle_known_of_us(stage.link(2), 0, 0, after(0s).monotonic);
    CHECK(only<wire::Chunk>(stage.flush_to(2, after(2ms))).size() == 1);
}

TEST_CASE("nothing is asked for when a neighbour holds no more of us than we said",
          "[repair][records]") {
    Stage stage;
    stage.add_link(2);
    stage.flush_to(2, after(0s));
    stage.repair.handle_known_of_us(stage.link(2), kEpoch - 1, 99, after(0s).monotonic);
    stage.repair.handle_known_of_us(stage.link(2), stage.core.epoch, stage.membership.version(),
                                    after(0s).monotonic);
    CHECK(only<wire::Want>(stage.flush_to(2, after(1ms))).empty());
}

}  // namespace
}  // namespace hearsay::gossip
