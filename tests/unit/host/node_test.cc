#include "daemon/host/node.h"

#include <fstream>

#include "crypto/random.h"
#include "daemon/host/log.h"
#include "daemon/host/loop.h"
#include "tests/catch.h"
#include "tests/unit/host/temporary_folder.h"

using namespace hearsay;
using namespace hearsay::host;
using namespace std::chrono_literals;

namespace {

// A node on loopback that sends no beacons.
struct Fixture {
    Fixture() {
        REQUIRE(crypto::initialise());
        config.node.state_dir = folder / "state";
        config.node.name = "alpha";
        config.listen.addresses = {"127.0.0.1"};
        config.listen.port = 0;
        config.discovery.beacon = false;
        config.log.level = config::LogLevel::error;
        open();
    }
    void open() {
        node.reset();
        node = std::make_unique<Node>(loop, config, folder / "hearsay.toml");
    }
    void write_config(const std::string& text) {
        std::ofstream(folder / "hearsay.toml")
            << "[node]\nname = \"alpha\"\nstate_dir = \"" << config.node.state_dir
            << "\"\n[listen]\naddresses = [\"127.0.0.1\"]\nport = 0\n[log]\nlevel = \"error\"\n"
            << text;
    }

    TemporaryFolder folder;
    config::Config config;
    Loop loop;
    std::unique_ptr<Node> node;
};

std::string open_token(const std::string& name) {
    return crypto::encode_token(crypto::Network::open(name));
}

}  // namespace

TEST_CASE("a fresh node is in no network and says what to do", "[host][node]") {
    Fixture f;
    const NodeStatus status = f.node->status();
    REQUIRE(status.name == "alpha");
    REQUIRE_FALSE(status.network);
    REQUIRE(status.bound.size() == 1);
    REQUIRE(status.bound[0].port != 0);
    REQUIRE_THAT(status.health.at(0), Catch::Contains("hearsay network create"));
    REQUIRE(f.node->summary() == "in no network");
}

TEST_CASE("without a network a snapshot has only self", "[host][node]") {
    Fixture f;
    const auto snapshot = f.node->snapshot();
    REQUIRE(snapshot.members.size() == 1);
    REQUIRE(snapshot.members[0].is_self);
    REQUIRE(snapshot.members[0].name == "alpha");
    REQUIRE(snapshot.links.empty());
}

TEST_CASE("without a network every command that needs one says so", "[host][node]") {
    Fixture f;
    gossip::PublishTicket ticket = 0;
    const auto refusal = f.node->publish("t", bytes_of("x"), {}, ticket);
    REQUIRE(refusal);
    REQUIRE(refusal->node == NodeError::no_network);
    REQUIRE(f.node->connect({"127.0.0.1", 1}) == NodeError::no_network);
    REQUIRE(f.node->disconnect({}) == NodeError::no_network);
    REQUIRE(f.node->leave_network() == NodeError::no_network);
    REQUIRE(f.node->rotate_network(Node::Rotation::add) == NodeError::no_network);
    REQUIRE(f.node->network_token().error() == NodeError::no_network);
}

TEST_CASE("addresses that lead nowhere are refused when they are given", "[host][node]") {
    Fixture f;
    REQUIRE_FALSE(f.node->create_network("office"));
    const std::uint16_t port = f.node->status().bound.at(0).port;
    REQUIRE(f.node->connect({"127.0.0.1", port}) == NodeError::own_address);
    REQUIRE_FALSE(f.node->connect({"127.0.0.2", port}));
    REQUIRE(f.node->connect({"fe80::1", 4327}) == NodeError::no_scope);
    REQUIRE(f.node->connect({"224.0.0.1", 4327}) == NodeError::bad_address);
}

TEST_CASE("a network that was created is there after a restart", "[host][node]") {
    Fixture f;
    const auto id = f.node->status().id;
    REQUIRE_FALSE(f.node->create_network("office"));
    const std::string token = *f.node->network_token();
    REQUIRE(f.node->status().network == "office");
    f.open();
    REQUIRE(f.node->status().network == "office");
    REQUIRE(*f.node->network_token() == token);
    REQUIRE(f.node->status().id == id);
}

TEST_CASE("names of networks are checked", "[host][node]") {
    Fixture f;
    REQUIRE(f.node->create_network("Not A Name") == NodeError::bad_name);
    REQUIRE(f.node->open_network("") == NodeError::bad_name);
    REQUIRE_FALSE(f.node->status().network);
}

TEST_CASE("a node joins by token, once", "[host][node]") {
    Fixture f;
    REQUIRE(f.node->join_network("hearsay1-nonsense", {}) == NodeError::bad_token);
    REQUIRE_FALSE(f.node->join_network(open_token("fair"), {}));
    REQUIRE(f.node->status().network == "fair");
    REQUIRE(f.node->status().network_is_open);
    REQUIRE(f.node->join_network(open_token("other"), {}) == NodeError::already_in_network);
    REQUIRE(f.node->create_network("other") == NodeError::already_in_network);
    REQUIRE(f.node->status().network == "fair");
}

TEST_CASE("a network's secrets rotate step by step", "[host][node]") {
    Fixture f;
    REQUIRE_FALSE(f.node->create_network("office"));
    const std::string first = *f.node->network_token();
    REQUIRE(f.node->rotate_network(Node::Rotation::promote) == NodeError::no_second_secret);
    REQUIRE_FALSE(f.node->rotate_network(Node::Rotation::add));
    REQUIRE(f.node->status().network_secrets == 2);
    REQUIRE_FALSE(f.node->rotate_network(Node::Rotation::add));
    REQUIRE(f.node->rotate_network(Node::Rotation::add) == NodeError::too_many_secrets);
    REQUIRE_FALSE(f.node->rotate_network(Node::Rotation::promote));
    REQUIRE_FALSE(f.node->rotate_network(Node::Rotation::finish));
    REQUIRE(f.node->status().network_secrets == 1);
    REQUIRE(*f.node->network_token() != first);
}

TEST_CASE("a rotated token is taken by a node of the same network", "[host][node]") {
    Fixture f;
    REQUIRE_FALSE(f.node->create_network("office"));
    const std::string first = *f.node->network_token();
    REQUIRE_FALSE(f.node->rotate_network(Node::Rotation::add));
    REQUIRE_FALSE(f.node->join_network(first, {}));
    REQUIRE(f.node->status().network_secrets == 1);
}

TEST_CASE("an open network's secret cannot be rotated", "[host][node]") {
    Fixture f;
    REQUIRE_FALSE(f.node->open_network("fair"));
    REQUIRE(f.node->rotate_network(Node::Rotation::add) == NodeError::network_is_open);
}

TEST_CASE("while a network is being left it takes nothing more", "[host][node]") {
    Fixture f;
    REQUIRE_FALSE(f.node->create_network("office"));
    REQUIRE_FALSE(f.node->leave_network());
    gossip::PublishTicket ticket = 0;
    REQUIRE(f.node->publish("t", bytes_of("x"), {}, ticket)->node == NodeError::no_network);
    REQUIRE(f.node->connect({"127.0.0.1", 1}) == NodeError::no_network);
}

TEST_CASE("a network that was left is gone, and another can be entered", "[host][node]") {
    Fixture f;
    REQUIRE_FALSE(f.node->open_network("fair"));
    REQUIRE_FALSE(f.node->leave_network());
    REQUIRE_FALSE(f.node->status().network);
    REQUIRE(f.node->open_network("other") == NodeError::leaving);
    while (f.node->open_network("other") == NodeError::leaving) f.loop.run_once();
    REQUIRE(f.node->status().network == "other");
    REQUIRE_FALSE(std::filesystem::exists(f.folder / "state/settled"));
}

TEST_CASE("a stop saves what was settled and ends the loop", "[host][node]") {
    Fixture f;
    REQUIRE_FALSE(f.node->open_network("fair"));
    f.node->stop();
    f.loop.run();  // would hang
    REQUIRE(std::filesystem::exists(f.folder / "state/settled"));
    REQUIRE(std::filesystem::exists(f.folder / "state/members"));
    f.open();  // read, and gone
    REQUIRE_FALSE(std::filesystem::exists(f.folder / "state/settled"));
}

TEST_CASE("a stop without a network ends the loop at once", "[host][node]") {
    Fixture f;
    f.node->stop();
    f.loop.run();
    REQUIRE_FALSE(std::filesystem::exists(f.folder / "state/settled"));
}

TEST_CASE("when its state cannot be written a network is not entered", "[host][node]") {
    Fixture f;
    std::filesystem::create_directories(f.folder / "state/network.new/occupied");
    REQUIRE(f.node->create_network("office") == NodeError::cannot_write_state);
    REQUIRE_FALSE(f.node->status().network);
}

TEST_CASE("a full disk does not keep a node from its network", "[host][node]") {
    Fixture f;
    std::filesystem::create_directories(f.folder / "state/epoch.new/occupied");
    std::filesystem::create_directories(f.folder / "state/members.new/occupied");
    REQUIRE_FALSE(f.node->create_network("office"));
    const auto health = f.node->status().health;
    REQUIRE(std::any_of(health.begin(), health.end(), [](const std::string& finding) {
        return finding.find("/epoch") != std::string::npos;
    }));
}

TEST_CASE("a reload changes what can change and names what cannot", "[host][node]") {
    Fixture f;
    f.write_config(
        "[discovery]\nbeacon = false\n[flood]\nlifetime = \"5s\"\n[limits]\nlinks = 3\n");
    const ReloadResult result = f.node->reload();
    REQUIRE(result.is_ok);
    REQUIRE(result.changed == std::vector<std::string>{"flood.lifetime"});
    REQUIRE(result.needs_restart == std::vector<std::string>{"limits.links"});
    REQUIRE(f.node->config().flood.lifetime == 5s);
    REQUIRE(f.node->config().limits.links == 64);
}

TEST_CASE("a bad file changes nothing and tells every problem", "[host][node]") {
    Fixture f;
    f.write_config("[flood]\nlifetime = \"5\"\n[limits]\nlinks = 0\n");
    const ReloadResult result = f.node->reload();
    REQUIRE_FALSE(result.is_ok);
    REQUIRE(result.problems.size() == 2);
    REQUIRE(f.node->config().flood.lifetime == 60s);
}

TEST_CASE("a file that has gone changes nothing", "[host][node]") {
    Fixture f;
    REQUIRE_FALSE(f.node->reload().is_ok);
    REQUIRE(f.node->config().node.name == "alpha");
}

TEST_CASE("every refusal has its own sentence", "[host][node]") {
    std::vector<std::string> sentences;
    for (int i = 0; i <= static_cast<int>(NodeError::leaving); ++i)
        sentences.push_back(explain(static_cast<NodeError>(i)));
    std::sort(sentences.begin(), sentences.end());
    REQUIRE(std::adjacent_find(sentences.begin(), sentences.end()) == sentences.end());
    REQUIRE_FALSE(sentences.front().empty());
}

TEST_CASE("tags set at run time stay until the file has others, and are there at the end",
          "[host][node]") {
    Fixture f;
    f.config.node.tags = {{"role", "web"}};
    f.open();
    REQUIRE_FALSE(f.node->create_network("office"));
    REQUIRE_FALSE(f.node->set_tags({{"role", "db"}}));
    REQUIRE(f.node->tags() == std::vector<config::Tag>{{"role", "db"}});
    for (int i = 0; i < 5; ++i) f.loop.run_once();
    REQUIRE(f.node->snapshot().members[0].tags == f.node->tags());

    f.write_config("[node.tags]\nrole = \"web\"\n[flood]\nlifetime = \"30s\"\n");
    REQUIRE(f.node->reload().is_ok);
    for (int i = 0; i < 5; ++i) f.loop.run_once();
    REQUIRE(f.node->snapshot().members[0].tags == std::vector<config::Tag>{{"role", "db"}});

    f.write_config("[node.tags]\nrole = \"cache\"\n");
    REQUIRE(f.node->reload().is_ok);
    for (int i = 0; i < 5; ++i) f.loop.run_once();
    REQUIRE(f.node->tags() == std::vector<config::Tag>{{"role", "cache"}});
    REQUIRE(f.node->snapshot().members[0].tags == f.node->tags());
}

TEST_CASE("tags that are set without a network are there when one is entered", "[host][node]") {
    Fixture f;
    REQUIRE_FALSE(f.node->set_tags({{"role", "db"}}));
    REQUIRE(f.node->snapshot().members[0].tags == f.node->tags());
    REQUIRE_FALSE(f.node->create_network("office"));
    REQUIRE(f.node->snapshot().members[0].tags == f.node->tags());
}

TEST_CASE("tags beyond what a presence carries are refused whole", "[host][node]") {
    Fixture f;
    std::vector<config::Tag> tags;
    for (int i = 0; i < 5; ++i) tags.push_back({"k" + std::to_string(i), std::string(128, 'v')});
    REQUIRE(f.node->set_tags(tags) == NodeError::tags_too_large);
    REQUIRE(f.node->tags().empty());
    tags.pop_back();
    REQUIRE_FALSE(f.node->set_tags(tags));
}

TEST_CASE("who is no neighbour cannot be probed", "[host][node]") {
    Fixture f;
    REQUIRE_FALSE(f.node->probe({}));
    REQUIRE_FALSE(f.node->create_network("office"));
    REQUIRE_FALSE(f.node->probe({}));
}
