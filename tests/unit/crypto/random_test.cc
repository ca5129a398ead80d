#include "crypto/random.h"

#include <cmath>
#include <limits>
#include <set>

#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

using namespace std::chrono_literals;

TEST_CASE("the stream of the zero seed begins with the keystream of RFC 8439 appendix A.1") {
    Random random{Secret{}};
    CHECK(to_hex(random_bytes(random, 64)) ==  // test vector 1, block counter 0
          "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
          "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
    CHECK(to_hex(random_bytes(random, 64)) ==  // test vector 2, block counter 1
          "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
          "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
}

TEST_CASE("one seed gives one stream, however it is drawn") {
    HEARSAY_RANDOM(sizes);
    Random whole = random_from(7);
    const Bytes expected = random_bytes(whole, 5000);
    Random pieces = random_from(7);
    Bytes drawn;
    while (drawn.size() < expected.size()) {
        const std::size_t left = expected.size() - drawn.size();
        const std::size_t size = std::min<std::size_t>(left, sizes.below(1200));
        const Bytes piece = random_bytes(pieces, size);
        drawn.insert(drawn.end(), piece.begin(), piece.end());
    }
    CHECK(drawn == expected);
}

TEST_CASE("the stream does not repeat at its runs") {
    Random random = random_from(7);
    std::set<Bytes> blocks;
    for (int i = 0; i < 10000; ++i) blocks.insert(random_bytes(random, 64));
    CHECK(blocks.size() == 10000);
}

TEST_CASE("different seeds give different streams") {
    CHECK(random_from(1).next() != random_from(2).next());
}

TEST_CASE("next is the stream in little-endian order") {
    Random numbers = random_from(7);
    Random bytes = random_from(7);
    for (int i = 0; i < 200; ++i)
        CHECK(numbers.next() == ByteReader(random_bytes(bytes, 8)).u64());
}

TEST_CASE("below stays below and reaches every value evenly") {
    Random random = random_from(7);
    for (const std::uint64_t bound : {1U, 2U, 3U, 10U, 100U}) {
        std::vector<double> counts(bound);
        const double expected = 10000;
        for (std::uint64_t i = 0; i < bound * 10000; ++i) {
            const std::uint64_t draw = random.below(bound);
            REQUIRE(draw < bound);
            ++counts[draw];
        }
        double chi_square = 0;
        for (const double count : counts)
            chi_square += (count - expected) * (count - expected) / expected;
        // Mean bound - 1, variance twice that: five deviations up, for a fixed seed.
        const double freedom = static_cast<double>(bound - 1);
        CHECK(chi_square <= freedom + 5 * std::sqrt(2 * freedom));
    }
}

TEST_CASE("below has no bias where the modulo would have most") {
    // Of 2^64 draws modulo 3 * 2^62, results under 2^62 would come twice as often.
    Random random = random_from(7);
    const std::uint64_t quarter = std::uint64_t{1} << 62;
    int low = 0;
    for (int i = 0; i < 30000; ++i)
        if (random.below(3 * quarter) < quarter) ++low;
    CHECK(low > 9500);
    CHECK(low < 10500);
}

TEST_CASE("below takes the largest bound there is") {
    Random random = random_from(7);
    std::uint64_t highest = 0;
    for (int i = 0; i < 100; ++i)
        highest = std::max(highest, random.below(std::numeric_limits<std::uint64_t>::max()));
    CHECK(highest > std::uint64_t{1} << 63);
}

TEST_CASE("unit is at least zero, below one, and one half on average") {
    Random random = random_from(7);
    double sum = 0;
    for (int i = 0; i < 100000; ++i) {
        const double draw = random.unit();
        REQUIRE(draw >= 0);
        REQUIRE(draw < 1);
        sum += draw;
    }
    CHECK(sum / 100000 == Approx(0.5).margin(0.01));
}

TEST_CASE("between reaches both ends and nothing beyond") {
    Random random = random_from(7);
    std::set<Duration> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(random.between(-2ns, 2ns));
    CHECK(seen == std::set<Duration>{-2ns, -1ns, 0ns, 1ns, 2ns});
    CHECK(random.between(5s, 5s) == 5s);
}

TEST_CASE("between takes the widest range there is") {
    Random random = random_from(7);
    bool is_ever_negative = false;
    bool is_ever_positive = false;
    for (int i = 0; i < 100; ++i) {
        const Duration draw = random.between(Duration::min(), Duration::max());
        is_ever_negative |= draw < 0ns;
        is_ever_positive |= draw > 0ns;
    }
    CHECK(is_ever_negative);
    CHECK(is_ever_positive);
}

TEST_CASE("a fork is seeded from its parent and then apart from it") {
    Random parent = random_from(7);
    Random twin = random_from(7);
    Random child = parent.fork();
    Random expected{twin.secret()};
    for (int i = 0; i < 100; ++i) CHECK(child.next() == expected.next());
    // Draws of the child have not moved the parent.
    CHECK(parent.next() == twin.next());
    Random second = parent.fork();
    CHECK(second.next() != expected.next());
}

TEST_CASE("a moved random goes on where it was") {
    Random random = random_from(7);
    Random twin = random_from(7);
    random.next();
    twin.next();
    Random moved(std::move(random));
    CHECK(moved.next() == twin.next());
    Random assigned = random_from(8);
    assigned = std::move(moved);
    for (int i = 0; i < 200; ++i) CHECK(assigned.next() == twin.next());
}

TEST_CASE("bytes handed out are not kept") {
    Random random = random_from(7);
    const Secret drawn = random.secret();
    const ByteView memory(reinterpret_cast<const std::uint8_t*>(&random), sizeof random);
    const auto found = std::search(memory.begin(), memory.end(), drawn.view().begin(),
                                   drawn.view().end());
    CHECK(found == memory.end());
}

TEST_CASE("the operating system gives entropy, different each time") {
    CHECK(initialise());
    CHECK(initialise());
    CHECK_FALSE(random_secret().equals(random_secret()));
}

}  // namespace hearsay::crypto::test
