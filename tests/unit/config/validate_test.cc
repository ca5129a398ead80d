#include "config/validate.h"

#include <algorithm>

#include "tests/catch.h"

namespace hearsay::config {
namespace {

// The keys at fault, with their elements.
std::vector<std::string> faults(const Config& config) {
    std::vector<std::string> result;
    for (const Violation& violation : validate(config))
        result.push_back(violation.key + violation.element);
    return result;
}

using Faults = std::vector<std::string>;

TEST_CASE("the defaults are valid", "[config][validate]") { CHECK(validate(Config{}).empty()); }

TEST_CASE("a node name is 1 to 63 letters, digits, dots, hyphens, underscores",
          "[config][validate]") {
    CHECK(is_valid_node_name("Web-1.example_x"));
    CHECK(is_valid_node_name(std::string(63, 'a')));
    CHECK_FALSE(is_valid_node_name(std::string(64, 'a')));
    CHECK_FALSE(is_valid_node_name(""));
    CHECK_FALSE(is_valid_node_name("web 1"));
    CHECK_FALSE(
        is_valid_node_name("w\xc3\xa9"
                           "b"));

    Config config;
    config.node.name = "web/1";
    CHECK(faults(config) == Faults{"node.name"});
}

TEST_CASE("a tag has a key of small letters and a short printable value", "[config][validate]") {
    CHECK(is_valid_tag_key("role.a_b-1"));
    CHECK(is_valid_tag_key(std::string(32, 'a')));
    CHECK_FALSE(is_valid_tag_key(std::string(33, 'a')));
    CHECK_FALSE(is_valid_tag_key("Role"));
    CHECK_FALSE(is_valid_tag_key(""));

    Config config;
    config.node.tags = {{"a", std::string(128, 'x')}, {"b", std::string(129, 'x')}, {"c", "x\ny"}};
    CHECK(faults(config) == Faults{"node.tags.b", "node.tags.c"});
}

TEST_CASE("tags that no datagram carries are refused", "[config][validate]") {
    Config config;
    for (const char* key : {"a", "b", "c", "d"})
        config.node.tags.push_back({key, std::string(128, 'x')});
    config.node.tags.push_back({"e", std::string(600 - 4 * 131 - 3, 'x')});
    CHECK(faults(config).empty());
    config.node.tags.back().value += 'x';
    CHECK(faults(config) == Faults{"node.tags"});
}

TEST_CASE("more than 16 tags are too many", "[config][validate]") {
    Config config;
    for (int i = 0; i < 16; ++i) config.node.tags.push_back({"t" + std::to_string(i), ""});
    CHECK(validate(config).empty());
    config.node.tags.push_back({"t16", ""});
    CHECK(faults(config) == Faults{"node.tags"});
}

TEST_CASE("paths are absolute", "[config][validate]") {
    Config config;
    config.node.state_dir = "state";
    config.network.file = "token";
    config.api.socket = "./socket";
    CHECK(faults(config) == Faults{"node.state_dir", "network.file", "api.socket"});
}

TEST_CASE("a socket path longer than the system takes is refused", "[config][validate]") {
    Config config;
    config.api.socket = "/" + std::string(106, 'a');
    CHECK(validate(config).empty());
    config.api.socket += "a";
    CHECK(faults(config) == Faults{"api.socket"});
}

TEST_CASE("an address to listen on is one of this host, without port", "[config][validate]") {
    Config config;
    config.listen.addresses = {"0.0.0.0", "127.0.0.1", "::1", "fe80::1%3", "2001:db8::1"};
    CHECK(validate(config).empty());

    for (const char* text : {"", "host", "192.0.2.1:4327", "[::1]", "224.0.0.1", "ff02::1",
                             "fe80::1", "fe80::1%eth0"}) {
        INFO(text);
        config.listen.addresses = {"127.0.0.1", text};
        CHECK(faults(config) == Faults{"listen.addresses[1]"});
    }
}

TEST_CASE("nowhere to listen is refused", "[config][validate]") {
    Config config;
    config.listen.addresses.clear();
    CHECK(faults(config) == Faults{"listen.addresses"});
}

TEST_CASE("the address of every address stands alone", "[config][validate]") {
    Config config;
    config.listen.addresses = {"127.0.0.1", "::"};
    CHECK(faults(config) == Faults{"listen.addresses[1]"});
}

TEST_CASE("port 0 is allowed", "[config][validate]") {
    Config config;
    config.listen.port = 0;
    CHECK(validate(config).empty());
}

TEST_CASE("a seed given twice is refused", "[config][validate]") {
    Config config;
    config.discovery.seeds = {{"a", 1}, {"b", 1}, {"a", 2}, {"a", 1}};
    CHECK(faults(config) == Faults{"discovery.seeds[3]"});
}

TEST_CASE("a seed is something that can be dialled", "[config][validate]") {
    Config config;
    config.discovery.seeds = {{"a b", 1}, {"a", 0}};
    CHECK(faults(config) == Faults{"discovery.seeds[0]", "discovery.seeds[1]"});
}

TEST_CASE("interfaces have names the system can give", "[config][validate]") {
    Config config;
    config.discovery.interfaces = {"eth0", "br-lan.5", "a/b", "", "sixteen-letters-", "eth0"};
    CHECK(faults(config) == Faults{"discovery.interfaces[2]", "discovery.interfaces[3]",
                                   "discovery.interfaces[4]", "discovery.interfaces[5]"});
}

TEST_CASE("probing begins before the link is dead", "[config][validate]") {
    Config config;
    config.link.probe_after = config.link.dead_after;
    const auto violations = validate(config);
    REQUIRE(violations.size() == 1);
    CHECK(violations[0].key == "link.probe_after");
    CHECK(violations[0].related == "link.dead_after");
    CHECK(violations[0].what ==
          R"("1500ms" is not before link.dead_after, "1500ms"; less than link.dead_after)");
}

TEST_CASE("a neighbour is heard twice before it can be dead", "[config][validate]") {
    Config config;
    config.link.heartbeat_interval = 750ms;
    CHECK(validate(config).empty());
    config.link.heartbeat_interval = 751ms;
    CHECK(faults(config) == Faults{"link.heartbeat_interval"});
}

TEST_CASE("codecs are named, each once, at least one", "[config][validate]") {
    Config config;
    config.wire.codecs = {"flatbuffers", "", "Cap'n", "flatbuffers"};
    CHECK(faults(config) == Faults{"wire.codecs[1]", "wire.codecs[2]", "wire.codecs[3]"});
    config.wire.codecs.clear();
    CHECK(faults(config) == Faults{"wire.codecs"});
}

TEST_CASE("plugins are absolute paths, each once", "[config][validate]") {
    Config config;
    config.wire.plugins = {"/usr/lib/a.so", "b.so", "/usr/lib/a.so", "/usr/lib/c\n.so", ""};
    CHECK(faults(config) == Faults{"wire.plugins[1]", "wire.plugins[2]", "wire.plugins[3]",
                                   "wire.plugins[4]"});
    config.wire.plugins = {"/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h"};
    CHECK(faults(config) == Faults{"wire.plugins"});
}

TEST_CASE("who may use the API is a user or a group", "[config][validate]") {
    Config config;
    config.api.publishers = {"alice", "@wheel", "_svc", "@", "a b"};
    config.api.administrators = {"-a"};
    config.api.group = "no group";
    CHECK(faults(config) ==
          Faults{"api.group", "api.publishers[3]", "api.publishers[4]", "api.administrators[0]"});
}

TEST_CASE("an amount out of bound is found however it came there", "[config][validate]") {
    Config config;
    config.limits.links = 65;
    config.flood.lifetime = -1s;
    config.wire.datagram_size = 9000;
    CHECK(faults(config) == Faults{"flood.lifetime", "limits.links", "wire.datagram_size"});
}

TEST_CASE("everything wrong is told at once", "[config][validate]") {
    Config config;
    config.node.name = "a b";
    config.limits.links = 0;
    config.link.probe_after = 10s;
    config.wire.codecs.clear();
    CHECK(validate(config).size() == 4);
}

}  // namespace
}  // namespace hearsay::config
