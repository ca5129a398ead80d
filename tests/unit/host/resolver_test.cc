#include "daemon/host/resolver.h"

#include <net/if.h>

#include "daemon/host/seeds.h"
#include "tests/catch.h"

using namespace hearsay;
using namespace hearsay::host;
using namespace std::chrono_literals;

namespace {

const Endpoint kLoopback = Endpoint::ipv4(127, 0, 0, 1, 99);

Log silent_log() {
    return Log(
        config::LogLevel::debug, false, [] { return Instant{}; }, [](std::string_view) {});
}

}  // namespace

TEST_CASE("a numeric host needs no look-up", "[host][resolver]") {
    REQUIRE(parse_numeric({"192.0.2.7", 4327}) == Endpoint::ipv4(192, 0, 2, 7, 4327));
    const auto v6 = parse_numeric({"2001:db8::7", 1});
    REQUIRE(v6);
    REQUIRE(v6->address[15] == 7);
    REQUIRE(v6->scope == 0);
    REQUIRE_FALSE(parse_numeric({"alpha.example", 4327}));
    REQUIRE_FALSE(parse_numeric({"", 4327}));
}

TEST_CASE("a link-local host keeps its interface", "[host][resolver]") {
    const auto endpoint = parse_numeric({"fe80::1%lo", 4327});
    REQUIRE(endpoint);
    REQUIRE(endpoint->scope == if_nametoindex("lo"));
}

TEST_CASE("a look-up answers in a later turn, each address once", "[host][resolver]") {
    Loop loop;
    Resolver resolver(loop);
    std::optional<std::vector<Endpoint>> found;
    REQUIRE(resolver.resolve({"127.0.0.1", 99}, [&](std::vector<Endpoint> endpoints) {
        found = std::move(endpoints);
        loop.stop();
    }));
    REQUIRE_FALSE(found);
    REQUIRE(resolver.pending() == 1);
    loop.run();
    REQUIRE(found == std::vector<Endpoint>{kLoopback});
    REQUIRE(resolver.pending() == 0);
}

TEST_CASE("a name that cannot be one finds nothing", "[host][resolver]") {
    Loop loop;
    Resolver resolver(loop);
    bool was_called = false;
    REQUIRE(resolver.resolve({"300.300.300.300.", 99}, [&](const std::vector<Endpoint>& found) {
        REQUIRE(found.empty());
        was_called = true;
        loop.stop();
    }));
    loop.run();
    REQUIRE(was_called);
}

TEST_CASE("a resolver destroyed with look-ups under way stays silent", "[host][resolver]") {
    Loop loop;
    {
        Resolver resolver(loop);
        for (int i = 0; i < 20; ++i)
            resolver.resolve({"127.0.0.1", 99}, [](const std::vector<Endpoint>&) { FAIL(); });
    }
    loop.run_once();
    SUCCEED();
}

TEST_CASE("look-ups at once are bounded", "[host][resolver]") {
    Loop loop;
    Resolver resolver(loop);
    for (std::size_t i = 0; i < Resolver::kPendingMax; ++i)
        REQUIRE(resolver.resolve({"127.0.0.1", 99}, [](const std::vector<Endpoint>&) {}));
    REQUIRE_FALSE(resolver.resolve({"127.0.0.1", 99}, [](const std::vector<Endpoint>&) {}));
}

TEST_CASE("numeric seeds are told once", "[host][seeds]") {
    Loop loop;
    Log log = silent_log();
    std::vector<Endpoint> told;
    Seeds seeds(
        loop, log, [&](const Endpoint& at) { told.push_back(at); },
        [](const std::vector<Endpoint>&) { return false; });
    seeds.set({{"127.0.0.1", 99}, {"127.0.0.1", 99}}, true);
    REQUIRE(told == std::vector<Endpoint>{kLoopback});
    seeds.set({{"127.0.0.1", 99}, {"127.0.0.2", 99}}, false);
    REQUIRE(told == std::vector<Endpoint>{kLoopback, Endpoint::ipv4(127, 0, 0, 2, 99)});
}

TEST_CASE("another engine is told all seeds again", "[host][seeds]") {
    Loop loop;
    Log log = silent_log();
    int told = 0;
    Seeds seeds(
        loop, log, [&](const Endpoint&) { ++told; },
        [](const std::vector<Endpoint>&) { return false; });
    seeds.set({{"127.0.0.1", 99}}, true);
    seeds.set({{"127.0.0.1", 99}}, true);
    REQUIRE(told == 2);
}

TEST_CASE("a seed nobody could dial is not told", "[host][seeds]") {
    Loop loop;
    Log log = silent_log();
    Seeds seeds(
        loop, log, [](const Endpoint&) { FAIL(); },
        [](const std::vector<Endpoint>&) { return false; });
    seeds.set({{"0.0.0.0", 99}, {"127.0.0.1", 0}}, true);
    SUCCEED();
}

TEST_CASE("a seed by name is looked up", "[host][seeds]") {
    Loop loop;
    Log log = silent_log();
    std::vector<Endpoint> told;
    Seeds seeds(
        loop, log,
        [&](const Endpoint& at) {
            told.push_back(at);
            loop.stop();
        },
        [](const std::vector<Endpoint>&) { return false; });
    seeds.set({{"localhost", 99}}, true);
    REQUIRE(told.empty());
    loop.run();
    REQUIRE(told.front().is_loopback());
}
