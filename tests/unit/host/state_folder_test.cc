#include "daemon/host/state_folder.h"

#include <sys/stat.h>

#include <fstream>

#include "crypto/identity.h"
#include "daemon/host/startup_error.h"
#include "tests/catch.h"
#include "tests/unit/host/temporary_folder.h"

using namespace hearsay;
using namespace hearsay::host;

namespace {

struct Fixture {
    Fixture() {
        REQUIRE(crypto::initialise());
        config.node.state_dir = folder / "state";
    }
    StateFolder open() { return StateFolder(config, log); }

    TemporaryFolder folder;
    config::Config config;
    std::vector<std::string> lines;
    Log log{config::LogLevel::debug, false, [] { return Instant{}; },
            [this](std::string_view line) { lines.emplace_back(line); }};
};

int exit_code_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const StartupError& error) {
        return error.exit_code();
    }
    return 0;
}

// The path is there, but nothing can be written to it or be put in its place.
void block(const std::string& path) {
    std::filesystem::create_directories(path + "/occupied");
    std::filesystem::create_directories(path + ".new/occupied");
}

}  // namespace

TEST_CASE("the state folder is made for its owner alone", "[host][state]") {
    Fixture f;
    f.open();
    struct stat status {};
    REQUIRE(stat(f.config.node.state_dir.c_str(), &status) == 0);
    REQUIRE((status.st_mode & 0777) == 0700);
}

TEST_CASE("two daemons cannot share a state folder", "[host][state]") {
    Fixture f;
    const StateFolder first = f.open();
    REQUIRE(exit_code_of([&] { f.open(); }) == kExitUnavailable);
}

TEST_CASE("a state folder given back can be used again", "[host][state]") {
    Fixture f;
    f.open();
    REQUIRE(exit_code_of([&] { f.open(); }) == 0);
}

TEST_CASE("a state folder that cannot be made stops the start", "[host][state]") {
    Fixture f;
    f.config.node.state_dir = f.folder / "no/such/place";
    REQUIRE(exit_code_of([&] { f.open(); }) == kExitCannotCreate);
}

TEST_CASE("the identity stays the same", "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    REQUIRE(state.identity().equals(state.identity()));
}

TEST_CASE("the first epoch is the wall clock's", "[host][state]") {
    Fixture f;
    REQUIRE(f.open().next_epoch({1'700'000'000'000}) == 1'700'000'000'000);
}

TEST_CASE("an epoch rises even when the clock has not", "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    REQUIRE(state.next_epoch({1000}) == 1000);
    REQUIRE(state.next_epoch({1000}) == 1001);
    REQUIRE(state.next_epoch({5}) == 1002);
    REQUIRE(state.next_epoch({9000}) == 9000);
}

TEST_CASE("an epoch outlives the process", "[host][state]") {
    Fixture f;
    REQUIRE(f.open().next_epoch({1000}) == 1000);
    REQUIRE(f.open().next_epoch({1}) == 1001);
}

TEST_CASE("without a place to store it the epoch is the wall clock's, with a warning",
          "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    block(f.config.node.state_dir + "/epoch");
    REQUIRE(state.next_epoch({1000}) == 1000);
    REQUIRE_THAT(state.problem(), Catch::Contains("/epoch"));
    REQUIRE_THAT(f.lines.back(), Catch::Contains("epoch"));
}

TEST_CASE("a damaged epoch counts as none", "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    REQUIRE(state.next_epoch({1000}) == 1000);
    std::ofstream(f.config.node.state_dir + "/epoch") << "rubbish";
    REQUIRE(state.next_epoch({500}) == 500);
    REQUIRE_THAT(f.lines.back(), Catch::Contains("damaged"));
}

TEST_CASE("the first start is one without any epoch", "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    REQUIRE(state.take_saved().is_first_start);
    state.next_epoch({1000});
    REQUIRE_FALSE(state.take_saved().is_first_start);
}

TEST_CASE("what a clean stop has settled is there once", "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    REQUIRE(state.save_members(bytes_of("members")));
    REQUIRE(state.save_settled(bytes_of("settled")));
    REQUIRE(text_of(state.take_saved().bytes) == "settled");
    // As after a crash: only the members are left.
    REQUIRE(text_of(state.take_saved().bytes) == "members");
}

TEST_CASE("a state folder without anything gives nothing", "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    REQUIRE(state.take_saved().bytes.empty());
    REQUIRE_FALSE(state.network());
    REQUIRE(state.seeds().empty());
}

TEST_CASE("a network comes back from its file", "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    crypto::Random random(crypto::random_secret());
    const auto network = crypto::Network::create("office", random);
    REQUIRE(state.save_network(network));
    REQUIRE(state.network()->id == network.id);
    REQUIRE_FALSE(state.is_network_exposed());
}

TEST_CASE("a network file may be elsewhere", "[host][state]") {
    Fixture f;
    f.config.network.file = f.folder / "token";
    StateFolder state = f.open();
    REQUIRE(state.save_network(crypto::Network::open("fair")));
    REQUIRE(std::filesystem::exists(f.folder / "token"));
    REQUIRE(state.network()->name == "fair");
}

TEST_CASE("a network file others can read is noticed", "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    REQUIRE(state.save_network(crypto::Network::open("fair")));
    REQUIRE(chmod((f.config.node.state_dir + "/network").c_str(), 0644) == 0);
    REQUIRE(state.is_network_exposed());
}

TEST_CASE("a network file without a token stops the start", "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    std::ofstream(f.config.node.state_dir + "/network") << "not a token\n";
    REQUIRE(exit_code_of([&] { (void)state.network(); }) == kExitConfig);
}

TEST_CASE("forgetting a network forgets its members and seeds, not the key", "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    const crypto::Secret identity = state.identity();
    REQUIRE(state.save_network(crypto::Network::open("fair")));
    REQUIRE(state.save_members(bytes_of("members")));
    REQUIRE(state.save_seeds({{"alpha", 4327}}));
    REQUIRE(state.forget_network());
    REQUIRE_FALSE(state.network());
    REQUIRE(state.take_saved().bytes.empty());
    REQUIRE(state.seeds().empty());
    REQUIRE(state.identity().equals(identity));
}

TEST_CASE("seeds come back in their order", "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    const std::vector<config::HostPort> seeds{{"alpha.example", 4327}, {"2001:db8::1", 99}};
    REQUIRE(state.save_seeds(seeds));
    REQUIRE(state.seeds() == seeds);
}

TEST_CASE("a failed write is told until one goes well", "[host][state]") {
    Fixture f;
    StateFolder state = f.open();
    block(f.config.node.state_dir + "/members");
    REQUIRE_FALSE(state.save_members(bytes_of("x")));
    REQUIRE_THAT(state.problem(), Catch::Contains("/members"));
    REQUIRE(state.save_settled(bytes_of("x")));
    REQUIRE(state.problem().empty());
}
