#include "daemon/gossip/records.h"

#include <map>
#include <random>

#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

namespace hearsay::gossip {
namespace {

using ground::Author;

Record record_of(unsigned number, std::uint64_t version, std::uint64_t epoch = 1) {
    const ground::Batch batch = Author(number).presence(epoch, version);
    return {batch.header, batch.uid, batch.signature, batch.built.root, batch.built.body};
}

TEST_CASE("order in time is epoch first, then version", "[records]") {
    CHECK(is_newer(2, 1, 1, 9));
    CHECK(is_newer(1, 2, 1, 1));
    CHECK_FALSE(is_newer(1, 1, 1, 1));
    CHECK_FALSE(is_newer(1, 9, 2, 1));
}

TEST_CASE("a member has one record, the last put", "[records]") {
    Records records;
    CHECK(records.find(Author(1).id()) == nullptr);
    records.put(record_of(1, 1));
    records.put(record_of(1, 2));
    CHECK(records.size() == 1);
    CHECK(records.find(Author(1).id())->version() == 2);
    records.check_invariants();
    records.erase(Author(1).id());
    records.erase(Author(1).id());
    CHECK(records.size() == 0);
    CHECK(records.bucket_hashes() == Records().bucket_hashes());
    records.check_invariants();
}

TEST_CASE("a bucket lists its members with epoch and version", "[records]") {
    Records records;
    records.put(record_of(1, 5, 3));
    const crypto::NodeId id = Author(1).id();
    const auto list = records.list(Records::bucket_of(id));
    REQUIRE(list.size() == 1);
    CHECK(list[0] == wire::RecordVersion{id, 3, 5});
    CHECK(records.list((Records::bucket_of(id) + 1) % wire::kRecordBuckets).empty());
}

TEST_CASE("hashes do not depend on the order of arrival", "[records]") {
    Records forward, backward;
    for (unsigned i = 1; i <= 100; ++i) forward.put(record_of(i, i));
    for (unsigned i = 100; i >= 1; --i) backward.put(record_of(i, i));
    CHECK(forward.bucket_hashes() == backward.bucket_hashes());
}

TEST_CASE("a record's frame is the chunk its publisher signed", "[records]") {
    const ground::Batch batch = Author(1).presence(1, 2, {"name", "software", {}, {}});
    const Record record{batch.header, batch.uid, batch.signature, batch.built.root,
                        batch.built.body};
    const wire::Chunk frame = record.frame();
    CHECK(frame.has_header);
    CHECK(frame.header.seq == 2);
    CHECK(frame.signature == batch.signature);
    CHECK(frame.uid == batch.uid);
    CHECK(frame.path.empty());
    CHECK(std::equal(frame.bytes.begin(), frame.bytes.end(), batch.built.body.begin(),
                     batch.built.body.end()));
}

TEST_CASE("the presence in a record is read once it is kept", "[records]") {
    Records records;
    const ground::Batch batch =
        Author(1).presence(1, 1, {"one", "software", {ground::place(1)}, {{"a", "b"}}});
    const auto kept = records.put({batch.header, batch.uid, batch.signature, batch.built.root,
                                   batch.built.body});
    REQUIRE(kept->presence.has_value());
    CHECK(kept->presence->name == "one");
    CHECK(kept->presence->addresses.size() == 1);
    CHECK(records.find(Author(1).id()) == kept.get());
    const std::shared_ptr<const Record> newer = records.put(record_of(1, 2));
    CHECK(kept->presence->tags.size() == 1);  // whoever still holds the old one may read it
    CHECK(records.find(Author(1).id()) == newer.get());
}

// Keeps the first record of each uid.
class Pool final : public RecordPool {
public:
    std::shared_ptr<const Record> share(Record record) override {
        CHECK(record.presence.has_value());
        ++asked;
        const crypto::Uid uid = record.uid;
        const auto place =
            records.try_emplace(uid, std::make_shared<const Record>(std::move(record)));
        return place.first->second;
    }
    std::map<crypto::Uid, std::shared_ptr<const Record>> records;
    std::size_t asked = 0;
};

TEST_CASE("tables with one pool hold one copy of what is the same", "[records]") {
    Pool pool;
    Records one(&pool);
    Records two(&pool);
    for (unsigned i = 1; i <= 20; ++i) {
        one.put(record_of(i, 1));
        two.put(record_of(i, i <= 10 ? 1 : 2));
    }
    CHECK(pool.asked == 40);
    CHECK(pool.records.size() == 30);
    for (unsigned i = 1; i <= 20; ++i)
        CHECK((one.find(Author(i).id()) == two.find(Author(i).id())) == (i <= 10));
    one.check_invariants();
    two.erase(Author(1).id());
    CHECK(one.find(Author(1).id())->version() == 1);
}

// Two tables that change at random: a bucket's hash is the same here and there exactly when its
// records are.
TEST_CASE("bucket hashes are equal exactly when the records are", "[records]") {
    const auto seed = Catch::rngSeed();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    std::array<Records, 2> tables;
    std::array<std::map<crypto::NodeId, std::uint64_t>, 2> twins;
    std::vector<std::vector<Record>> made(40);
    for (unsigned i = 0; i < made.size(); ++i)
        for (std::uint64_t version = 0; version < 3; ++version)
            made[i].push_back(record_of(i + 1, version));
    std::size_t equal_buckets = 0;
    std::size_t different_buckets = 0;
    for (int step = 0; step < 1'500; ++step) {
        const std::size_t side = random() % 2;
        const std::vector<Record>& member = made[random() % made.size()];
        const crypto::NodeId id = member[0].header.publisher;
        if (random() % 4 == 0) {
            tables[side].erase(id);
            twins[side].erase(id);
        } else {
            const std::size_t version = random() % 3;
            tables[side].put(member[version]);
            twins[side][id] = version;
        }
        tables[side].check_invariants();
        std::array<std::map<crypto::NodeId, std::uint64_t>, wire::kRecordBuckets> here, there;
        for (const auto& [who, version] : twins[0]) here[Records::bucket_of(who)][who] = version;
        for (const auto& [who, version] : twins[1]) there[Records::bucket_of(who)][who] = version;
        for (std::size_t i = 0; i < wire::kRecordBuckets; ++i) {
            const bool is_equal =
                tables[0].bucket_hashes()[i] == tables[1].bucket_hashes()[i];
            if (is_equal != (here[i] == there[i])) FAIL("bucket " << i << " at step " << step);
            if (tables[0].list(i).size() != here[i].size()) FAIL("list of bucket " << i);
            ++(is_equal ? equal_buckets : different_buckets);
        }
    }
    CHECK(equal_buckets > 0);
    CHECK(different_buckets > 0);
}

}  // namespace
}  // namespace hearsay::gossip
