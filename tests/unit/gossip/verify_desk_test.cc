#include "daemon/gossip/verify_desk.h"

#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::Ground;
using ground::kStart;
using Purpose = VerifyDesk::Purpose;

config::Gossip with_rate(std::uint32_t rate) {
    config::Gossip config;
    config.limits.verify_per_second = rate;
    return config;
}

bool ask(VerifyDesk& desk, std::uint64_t key, Instant now, Purpose purpose = Purpose::batch) {
    return desk.ask(purpose, key, ground::node_of(2), {1, 2, 3}, {}, now);
}

TEST_CASE("a check goes out whole and its verdict finds its asker once", "[verify]") {
    Ground ground;
    VerifyDesk desk(ground.core);
    crypto::Signature signature;
    signature.bytes[5] = 5;
    REQUIRE(desk.ask(Purpose::handshake, 77, ground::node_of(2), {1, 2, 3}, signature, kStart));
    const ground::Put put = ground.take();
    REQUIRE(put.jobs.size() == 1);
    CHECK(put.jobs[0].signer == ground::node_of(2));
    CHECK(put.jobs[0].message == Bytes{1, 2, 3});
    CHECK(put.jobs[0].signature == signature);
    CHECK(desk.pending() == 1);
    const auto claim = desk.settle(put.jobs[0].ticket);
    REQUIRE(claim);
    CHECK(claim->purpose == Purpose::handshake);
    CHECK(claim->key == 77);
    CHECK_FALSE(desk.settle(put.jobs[0].ticket));
    CHECK(desk.pending() == 0);
}

TEST_CASE("a verdict on a ticket nobody holds is nothing", "[verify]") {
    Ground ground;
    VerifyDesk desk(ground.core);
    CHECK_FALSE(desk.settle(0));
    CHECK_FALSE(desk.settle(1));
    CHECK_FALSE(desk.settle(UINT64_MAX));
}

TEST_CASE("checks are held to their rate, and what is over it starts nothing", "[verify]") {
    Ground ground(1, with_rate(10));
    VerifyDesk desk(ground.core);
    for (std::uint64_t i = 0; i < 10; ++i) CHECK(ask(desk, i, kStart));
    ground.take();
    CHECK_FALSE(ask(desk, 10, kStart));
    CHECK(ground.counted(Counter::refused_verify_busy) == 1);
    CHECK(ground.take().jobs.empty());
    CHECK(desk.pending() == 10);
    CHECK_FALSE(ask(desk, 10, kStart + 99ms));
    CHECK(ask(desk, 10, kStart + 101ms));
}

TEST_CASE("open checks are bounded, whatever the rate", "[verify]") {
    Ground ground(1, with_rate(1'000'000));
    VerifyDesk desk(ground.core);
    for (std::uint64_t i = 0; i < VerifyDesk::kPendingMax; ++i) REQUIRE(ask(desk, i, kStart));
    CHECK_FALSE(ask(desk, 0, kStart));
    const ground::Put put = ground.take();
    CHECK(put.jobs.size() == VerifyDesk::kPendingMax);
    CHECK(desk.settle(put.jobs[100].ticket));
    CHECK(ask(desk, 0, kStart));
}

TEST_CASE("a check whose verdict never comes is given up, oldest first", "[verify]") {
    Ground ground;
    VerifyDesk desk(ground.core);
    CHECK(desk.next_deadline() == std::nullopt);
    ask(desk, 1, kStart);
    ask(desk, 2, kStart + 1s, Purpose::handshake);
    CHECK(desk.next_deadline() == kStart + VerifyDesk::kVerdictWait);
    CHECK(desk.expire(kStart + VerifyDesk::kVerdictWait - 1ns).empty());
    const auto first = desk.expire(kStart + VerifyDesk::kVerdictWait);
    REQUIRE(first.size() == 1);
    CHECK(first[0].key == 1);
    CHECK(desk.pending() == 1);
    const auto second = desk.expire(kStart + 1h);
    REQUIRE(second.size() == 1);
    CHECK(second[0].purpose == Purpose::handshake);
    const ground::Put put = ground.take();
    CHECK_FALSE(desk.settle(put.jobs[0].ticket));
}

TEST_CASE("a new rate holds from then on", "[verify]") {
    Ground ground(1, with_rate(1'000));
    VerifyDesk desk(ground.core);
    ground.core.config = with_rate(2);
    desk.configure();
    CHECK(ask(desk, 1, kStart));
    CHECK(ask(desk, 2, kStart));
    CHECK_FALSE(ask(desk, 3, kStart));
}

}  // namespace
}  // namespace hearsay::gossip
