#include "daemon/host/api_outbox.h"

#include <algorithm>
#include <random>

#include "tests/catch.h"

namespace hearsay::host {

TEST_CASE("a message that does not fit is counted, and told where it is missing") {
    ApiOutbox outbox(100);
    CHECK(outbox.add_message(std::string(60, 'a'), {}));
    CHECK_FALSE(outbox.add_message(std::string(50, 'b'), {}));
    CHECK_FALSE(outbox.add_message("c", {}));  // would fit, but must not overtake the notice
    CHECK_FALSE(outbox.add_event("d"));
    CHECK(outbox.missed_total() == 3);
    outbox.consume(5);
    CHECK(outbox.size() == 55);  // more than half is still there: no notice
    outbox.consume(10);
    CHECK(outbox.pending() ==
          std::string(45, 'a') + "{\"event\":\"lagged\",\"messages\":2,\"events\":1}\n");
    CHECK(outbox.add_message("e", {}));
    CHECK(outbox.pending().back() == 'e');
}

TEST_CASE("replies enter a full queue") {
    ApiOutbox outbox(10);
    outbox.add_reply(std::string(100, 'r'));
    outbox.add_reply("s");
    CHECK(outbox.size() == 101);
    CHECK_FALSE(outbox.add_event("x"));
}

TEST_CASE("an empty queue takes a message larger than its limit") {
    ApiOutbox outbox(10);
    CHECK(outbox.add_message(std::string(50, 'm'), bytes_of("payload")));
    CHECK(outbox.size() == 57);
    CHECK_FALSE(outbox.add_message("n", {}));
}

TEST_CASE("planned bytes count when a message asks to be admitted") {
    ApiOutbox outbox(100);
    CHECK(outbox.admit_message(0, 60));
    CHECK(outbox.admit_message(60, 40));
    CHECK_FALSE(outbox.admit_message(100, 1));
    CHECK(outbox.missed_total() == 1);
    outbox.admitted() += std::string(100, 'x');
    outbox.consume(100);
    CHECK(outbox.pending() == "{\"event\":\"lagged\",\"messages\":1,\"events\":0}\n");
}

// Goal: what comes out is what went in, in order, and every message is either there or counted.
TEST_CASE("nothing is lost uncounted, whatever the order of adding and writing") {
    const auto seed = GENERATE(take(1, random(1, 1'000'000)));
    CAPTURE(seed);
    std::mt19937 random_bits(static_cast<unsigned>(seed));
    ApiOutbox outbox(500);
    std::string written;
    std::uint64_t added = 0;
    std::uint64_t refused = 0;
    const auto write = [&](std::size_t size) {
        written += outbox.pending().substr(0, size);
        outbox.consume(size);
    };
    for (int round = 0; round < 20'000; ++round) {
        if (random_bits() % 3 != 0) {
            const bool entered = outbox.add_message("m" + std::string(random_bits() % 80, '.'), {});
            ++(entered ? added : refused);
            REQUIRE(outbox.size() <= 500 + 100);
        } else if (!outbox.empty()) {
            write(1 + random_bits() % outbox.size());
        }
    }
    while (!outbox.empty()) write(outbox.size());
    std::uint64_t told = 0;
    const std::string mark = "{\"event\":\"lagged\",\"messages\":";
    for (auto at = written.find(mark); at != std::string::npos; at = written.find(mark, at + 1))
        told += std::stoull(written.substr(at + mark.size()));
    // Each notice has one 'm' of its own, in "messages".
    const auto letters =
        static_cast<std::uint64_t>(std::count(written.begin(), written.end(), 'm'));
    std::uint64_t notices = 0;
    for (auto at = written.find(mark); at != std::string::npos; at = written.find(mark, at + 1))
        ++notices;
    CHECK(refused > 0);
    CHECK(letters - notices == added);
    CHECK(told == refused);
    CHECK(outbox.missed_total() == refused);
}

}  // namespace hearsay::host
