#include "config/show.h"

#include <random>

#include "config/keys.h"
#include "config/load.h"
#include "tests/catch.h"

namespace hearsay::config {
namespace {

Config reloaded(const Config& config) {
    const Loaded loaded = load_text(show(config), "shown.toml");
    INFO(show(config));
    for (const Problem& problem : loaded.problems) FAIL_CHECK(to_text(problem));
    return loaded.config;
}

TEST_CASE("the defaults are shown without a comment", "[config][show]") {
    CHECK(show(Config{}).find('#') == std::string::npos);
    CHECK(reloaded(Config{}) == Config{});
}

TEST_CASE("every section and key is shown", "[config][show]") {
    const std::string text = "\n" + show(Config{});
    for (const Key& key : keys()) {
        CHECK(text.find("\n[" + std::string(key.section) + "]\n") != text.npos);
        CHECK(text.find("\n" + std::string(key.name) + " = ") != text.npos);
    }
}

TEST_CASE("what differs from its default is shown beside it", "[config][show]") {
    Config config;
    config.link.dead_after = 3s;
    config.node.name = "web-1";
    const std::string text = show(config);
    CHECK(text.find("dead_after = \"3s\"  # default \"1500ms\"\n") != text.npos);
    CHECK(text.find("name = \"web-1\"  # default \"\"\n") != text.npos);
    CHECK(text.find("probe_after = \"1s\"\n") != text.npos);
}

TEST_CASE("a configuration far from the defaults is shown and loaded back", "[config][show]") {
    Config config;
    config.node = {"web-1", "/srv/a \"b\"\\c", {{"a.b", "tab \xc3\xa9 #\"'"}, {"role", ""}}};
    config.network.file = "/etc/hearsay/token";
    config.listen = {{"127.0.0.1", "fe80::1%3"}, 0, 65'537, 100'000};
    config.discovery = {{{"::1", 1}, {"fe80::1%eth0", 2}, {"a.b", 3}},
                        false,
                        90s,
                        {"eth0"},
                        false,
                        {{Endpoint::ipv4(10, 1, 2, 0, 0), 24}}};
    config.link = {51ms, 61'001us, 10min / 2};
    config.flood = {3600s, 1001ms, 0s, 4};
    config.limits = {1, 16, 1 << 20, 1024, 16, 100, 1, 64};
    config.wire = {{"other", "flatbuffers"}, {"/usr/lib/other.so"}, 1452};
    config.api = {"/tmp/a", "", {"alice", "@wheel"}, {"bob"}, 1, 64 << 10};
    config.log.level = LogLevel::error;

    CHECK(changed_keys(config, Config{}).size() == keys().size());
    CHECK(reloaded(config) == config);
}

// A value of every key, random within its bound.
struct Randomize {
    const Key& key;
    std::mt19937_64& random;

    std::uint64_t amount() const {
        return key.bound.least + random() % (key.bound.most - key.bound.least + 1);
    }
    void operator()(std::string* value) const {
        if (value->starts_with('/')) *value = "/" + std::to_string(random());
    }
    void operator()(bool* value) const { *value = random() % 2 == 0; }
    void operator()(Duration* value) const { *value = Duration(static_cast<long>(amount())); }
    void operator()(LogLevel* value) const { *value = static_cast<LogLevel>(random() % 4); }
    void operator()(std::vector<std::string>*) const {}
    void operator()(std::vector<AddressRange>* value) const {
        *value = {{Endpoint::ipv4(10, 1, 2, 0, 0), 24}, {Endpoint::ipv4(10, 2, 0, 0, 0), 16}};
    }
    void operator()(std::vector<HostPort>* value) const {
        while (random() % 4 != 0) value->push_back({"h" + std::to_string(random()), 1});
    }
    void operator()(std::vector<Tag>* value) const {
        std::string text;
        while (random() % 8 != 0) text += static_cast<char>(' ' + random() % 95);
        *value = {{"t" + std::to_string(random()), text}};
    }
    template <typename Number>
    void operator()(Number* value) const {
        *value = static_cast<Number>(amount());
    }
};

TEST_CASE("any valid configuration is shown and loaded back", "[config][show]") {
    INFO("seed " << Catch::rngSeed());
    std::mt19937_64 random(Catch::rngSeed());
    for (int i = 0; i < 300; ++i) {
        Config config;
        for (const Key& key : keys()) std::visit(Randomize{key, random}, key.field(config));
        config.link = Link{};  // its three keys hang together
        REQUIRE(reloaded(config) == config);
    }
}

}  // namespace
}  // namespace hearsay::config
