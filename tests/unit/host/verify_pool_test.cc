#include "daemon/host/verify_pool.h"

#include <atomic>
#include <semaphore>
#include <set>

#include "tests/catch.h"

using namespace hearsay;
using namespace hearsay::host;

namespace {

// Finds a message valid when its first byte is even.
class EvenVerifier final : public crypto::Verifier {
public:
    bool verify(const crypto::NodeId&, ByteView message, const crypto::Signature&) const override {
        ++checks;
        return message[0] % 2 == 0;
    }
    mutable std::atomic<int> checks = 0;
};

// Lets no check end before the test says so.
class GatedVerifier final : public crypto::Verifier {
public:
    bool verify(const crypto::NodeId&, ByteView, const crypto::Signature&) const override {
        started.release();
        gate.acquire();
        gate.release();
        return true;
    }
    mutable std::counting_semaphore<> started{0};
    mutable std::counting_semaphore<> gate{0};
};

std::vector<gossip::VerifyJob> jobs(std::size_t first, std::size_t count) {
    std::vector<gossip::VerifyJob> result(count);
    for (std::size_t i = 0; i < count; ++i) {
        result[i].ticket = first + i;
        result[i].message = {static_cast<std::uint8_t>(first + i)};
    }
    return result;
}

std::vector<Verdict> submit(VerifyPool& pool, std::vector<gossip::VerifyJob> some) {
    const auto verdicts = pool.submit(some);
    REQUIRE(some.empty());
    return {verdicts.begin(), verdicts.end()};
}

}  // namespace

TEST_CASE("every job gets its verdict, once", "[host][verify]") {
    Loop loop;
    const EvenVerifier verifier;
    std::set<gossip::VerifyTicket> seen;
    VerifyPool pool(loop, verifier, 3, [&](std::span<const Verdict> verdicts) {
        for (const Verdict& verdict : verdicts) {
            REQUIRE(seen.insert(verdict.ticket).second);
            REQUIRE(verdict.is_valid == (verdict.ticket % 2 == 0));
        }
        if (seen.size() == 1000) loop.stop();
    });
    for (std::size_t first = 0; first < 1000; first += 50)
        REQUIRE(submit(pool, jobs(first, 50)).empty());
    REQUIRE(pool.pending() == 1000);
    loop.run();
    REQUIRE(seen.size() == 1000);
    REQUIRE(pool.pending() == 0);
    REQUIRE(verifier.checks == 1000);
}

TEST_CASE("one or two jobs are checked at once while nothing is pending", "[host][verify]") {
    Loop loop;
    const EvenVerifier verifier;
    VerifyPool pool(loop, verifier, 1, [](std::span<const Verdict>) { FAIL(); });
    const auto verdicts = submit(pool, jobs(10, VerifyPool::kInlineMax));
    REQUIRE(verdicts.size() == VerifyPool::kInlineMax);
    REQUIRE(verdicts[0].ticket == 10);
    REQUIRE(verdicts[0].is_valid);
    REQUIRE_FALSE(verdicts[1].is_valid);
    REQUIRE(pool.pending() == 0);
    REQUIRE(submit(pool, {}).empty());
}

TEST_CASE("while workers are busy the loop checks nothing itself", "[host][verify]") {
    Loop loop;
    const GatedVerifier verifier;
    std::size_t seen = 0;
    VerifyPool pool(loop, verifier, 1, [&](std::span<const Verdict> verdicts) {
        seen += verdicts.size();
        if (seen == 9) loop.stop();
    });
    submit(pool, jobs(0, 8));
    verifier.started.acquire();                // a worker is in the middle of it
    REQUIRE(submit(pool, jobs(8, 1)).empty());  // would hang here if it were checked inline
    verifier.gate.release();
    loop.run();
    REQUIRE(seen == 9);
}

TEST_CASE("a pool destroyed with jobs pending tells nothing any more", "[host][verify]") {
    Loop loop;
    const EvenVerifier verifier;
    {
        VerifyPool pool(loop, verifier, 2, [](std::span<const Verdict>) { FAIL(); });
        submit(pool, jobs(0, 5000));
    }
    loop.run_once();
    SUCCEED();
}

TEST_CASE("workers are one less than the cores, at least one, or as configured", "[host][verify]") {
    REQUIRE(worker_count(0, 8) == 7);
    REQUIRE(worker_count(0, 1) == 1);
    REQUIRE(worker_count(0, 0) == 1);
    REQUIRE(worker_count(5, 2) == 5);
}
