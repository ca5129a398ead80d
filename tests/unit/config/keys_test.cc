#include "config/keys.h"

#include <set>

#include "tests/catch.h"

namespace hearsay::config {
namespace {

const Key& key(std::string_view path) {
    const Key* found = find_key(path);
    INFO(path);
    REQUIRE(found != nullptr);
    return *found;
}

TEST_CASE("every key has one row, a field of its own and a help text", "[config][keys]") {
    std::set<std::string> paths;
    std::set<void*> fields;
    Config config;
    for (const Key& each : keys()) {
        INFO(each.path());
        CHECK(paths.insert(each.path()).second);
        void* field =
            std::visit([](auto* value) { return static_cast<void*>(value); }, each.field(config));
        CHECK(fields.insert(field).second);
        CHECK(each.help.ends_with('.'));
        CHECK(find_key(each.section, each.name) == &each);
        CHECK(find_key(each.path()) == &each);
    }
}

TEST_CASE("the kind of every key fits its field", "[config][keys]") {
    Config config;
    for (const Key& each : keys()) {
        INFO(each.path());
        const Field field = each.field(config);
        const bool is_integer = std::holds_alternative<std::uint16_t*>(field) ||
                                std::holds_alternative<std::uint32_t*>(field) ||
                                std::holds_alternative<std::uint64_t*>(field);
        CHECK(is_integer == (each.kind == Kind::count || each.kind == Kind::size));
        CHECK(std::holds_alternative<Duration*>(field) == (each.kind == Kind::duration));
        if (std::holds_alternative<std::uint16_t*>(field)) CHECK(each.bound.most <= 0xffff);
        if (std::holds_alternative<std::uint32_t*>(field)) CHECK(each.bound.most <= 0xffff'ffff);
    }
}

TEST_CASE("the keys of a section stand together", "[config][keys]") {
    const auto all = sections();
    CHECK(std::set<std::string_view>(all.begin(), all.end()).size() == all.size());
    CHECK(all.front() == "node");
    CHECK(names_in("log") == std::vector<std::string_view>{"level"});
    CHECK(names_in("logs").empty());
}

TEST_CASE("what is no key is not found", "[config][keys]") {
    CHECK(find_key("node.nome") == nullptr);
    CHECK(find_key("node") == nullptr);
    CHECK(find_key("") == nullptr);
    CHECK(find_key("flood", "name") == nullptr);
}

TEST_CASE("a bound is told in the key's own unit", "[config][keys]") {
    CHECK(bound_text(key("link.heartbeat_interval")) == "50ms to 10s");
    CHECK(bound_text(key("limits.store")) == "1MiB to 16GiB");
    CHECK(bound_text(key("limits.links")) == "1 to 64");
    CHECK(bound_text(key("node.tags")) == "at most 16 entries");
    CHECK(bound_text(key("api.socket")) == "1 to 107 bytes");
    CHECK(bound_text(key("discovery.beacon")) == "true or false");
}

TEST_CASE("both ends of a bound are within it", "[config][keys]") {
    CHECK(is_within(key("limits.links"), 1));
    CHECK(is_within(key("limits.links"), 64));
    CHECK_FALSE(is_within(key("limits.links"), 0));
    CHECK_FALSE(is_within(key("limits.links"), 65));
}

TEST_CASE("a value is written as TOML", "[config][keys]") {
    Config config;
    config.node.name = "a\"b\\c\n";
    config.node.tags = {{"a.b", "x"}, {"role", "web"}};
    config.discovery.seeds = {{"::1", 7}, {"host", 8}};
    CHECK(value_text(key("node.name"), config) == R"("a\"b\\c\n")");
    CHECK(value_text(key("node.tags"), config) == R"({ "a.b" = "x", role = "web" })");
    CHECK(value_text(key("discovery.seeds"), config) == R"(["[::1]:7", "host:8"])");
    CHECK(value_text(key("limits.store"), config) == R"("64MiB")");
    CHECK(value_text(key("limits.links"), config) == "64");
    CHECK(value_text(key("link.dead_after"), config) == R"("1500ms")");
    CHECK(value_text(key("log.level"), config) == R"("info")");
    CHECK(value_text(key("wire.codecs"), config) == R"(["flatbuffers"])");
}

TEST_CASE("two equal configurations have no changed key", "[config][reload]") {
    CHECK(changed_keys(Config{}, Config{}).empty());
}

TEST_CASE("every changed key is named, and only those", "[config][reload]") {
    Config other;
    other.node.tags = {{"role", "web"}};
    other.limits.links = 8;
    other.log.level = LogLevel::debug;
    const std::vector<std::string> expected{"node.tags", "limits.links", "log.level"};
    CHECK(changed_keys(Config{}, other) == expected);
    CHECK(changed_keys(other, Config{}) == expected);
}

TEST_CASE("a running daemon takes over what needs no new socket or table", "[config][reload]") {
    for (const char* path :
         {"node.tags", "discovery.seeds", "discovery.beacon_interval", "flood.lifetime",
          "flood.clock_skew_max", "flood.batch_delay", "flood.redundancy",
          "limits.verify_per_second", "limits.publisher_rate",
          "api.publishers", "api.administrators", "log.level"})
        CHECK(is_reloadable(path));
    for (const char* path : {"node.name", "node.state_dir", "network.file", "listen.addresses",
                             "listen.port", "link.dead_after", "limits.members", "limits.workers",
                             "wire.codecs", "api.socket", "api.clients", "no.key"})
        CHECK_FALSE(is_reloadable(path));
}

}  // namespace
}  // namespace hearsay::config
