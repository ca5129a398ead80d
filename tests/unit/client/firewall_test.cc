#include "client/command/firewall.h"

#include "tests/catch.h"

namespace hearsay::client {
namespace {

std::string chain(const std::string& policy, const std::string& hook = "input") {
    return R"({"chain":{"family":"inet","table":"filter","name":"input","handle":1,)"
           R"("type":"filter","hook":")" + hook + R"(","prio":0,"policy":")" + policy + R"("}})";
}

std::string rule(const std::string& right, const std::string& verdict,
                 const std::string& in_chain = "input", const std::string& protocol = "udp") {
    return R"({"rule":{"family":"inet","table":"filter","chain":")" + in_chain +
           R"(","handle":7,"expr":[{"match":{"op":"==","left":{"payload":{"protocol":")" +
           protocol + R"(","field":"dport"}},"right":)" + right + R"(}},{"counter":{"packets":1}},)"
           R"({")" + verdict + R"(":null}]}})";
}

std::vector<FirewallBlock> blocks(const std::vector<std::string>& entries) {
    std::string text = R"({"nftables":[{"metainfo":{"version":"1.0"}})";
    for (const std::string& entry : entries) text += "," + entry;
    const Json ruleset = Json::parse(text + "]}");
    return find_blocks(ruleset, 4327);
}

}  // namespace

TEST_CASE("a rule that drops the port is found with its chain and handle", "[firewall]") {
    const auto found = blocks({chain("accept"), rule("4327", "drop")});
    REQUIRE(found.size() == 1);
    CHECK(found[0].chain == "inet filter input");
    CHECK(found[0].handle == 7);
    CHECK_FALSE(found[0].is_by_policy);
    CHECK(blocks({chain("accept"), rule("4327", "reject")}).size() == 1);
}

TEST_CASE("ranges and sets of ports are read", "[firewall]") {
    CHECK(blocks({chain("accept"), rule(R"({"range":[4000,5000]})", "drop")}).size() == 1);
    CHECK(blocks({chain("accept"), rule(R"({"set":[53,4327]})", "drop")}).size() == 1);
    CHECK(blocks({chain("accept"), rule(R"({"set":[53,{"range":[1,9999]}]})", "drop")}).size() ==
          1);
    CHECK(blocks({chain("accept"), rule(R"({"range":[1,4326]})", "drop")}).empty());
    CHECK(blocks({chain("accept"), rule(R"({"set":[53]})", "drop")}).empty());
    CHECK(blocks({chain("accept"), rule(R"("@ports")", "drop")}).empty());
}

TEST_CASE("another port, protocol, hook or an accept before it blocks nothing", "[firewall]") {
    CHECK(blocks({chain("accept"), rule("4328", "drop")}).empty());
    CHECK(blocks({chain("accept"), rule("4327", "drop", "input", "tcp")}).empty());
    CHECK(blocks({chain("accept", "forward"), rule("4327", "drop")}).empty());
    CHECK(blocks({chain("accept"), rule("4327", "accept"), rule("4327", "drop")}).empty());
    CHECK(blocks({chain("accept"), rule("4327", "drop"), rule("4327", "accept")}).size() == 1);
    CHECK(blocks({chain("accept"), rule("4327", "drop", "other")}).empty());
}

TEST_CASE("a rule that drops only what comes from somewhere blocks nothing", "[firewall]") {
    const std::string from =
        R"([{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},)"
        R"("right":"192.0.2.1"}},)";
    std::string some = rule("4327", "drop");
    some.replace(some.find("\"expr\":[") + 7, 1, from);
    CHECK(blocks({chain("accept"), some}).empty());
    const std::string udp =
        R"([{"match":{"op":"==","left":{"meta":{"key":"l4proto"}},"right":"udp"}},)";
    std::string all = rule("4327", "drop");
    all.replace(all.find("\"expr\":[") + 7, 1, udp);
    CHECK(blocks({chain("accept"), all}).size() == 1);
}

TEST_CASE("a policy of drop blocks what no rule of the table lets in", "[firewall]") {
    const auto found = blocks({chain("drop")});
    REQUIRE(found.size() == 1);
    CHECK(found[0].is_by_policy);
    CHECK(blocks({chain("drop"), rule("22", "accept")}).size() == 1);
    CHECK(blocks({chain("drop"), rule("4327", "accept")}).empty());
    CHECK(blocks({chain("drop"), rule("4327", "accept", "user-input")}).empty());
}

TEST_CASE("what is no ruleset blocks nothing", "[firewall]") {
    for (const char* text : {"null", "[]", "{}", R"({"nftables":3})", R"({"nftables":[1,{}]})",
                             R"({"nftables":[{"chain":4},{"rule":{"expr":[3,{"match":1}]}}]})",
                             R"({"nftables":[{"rule":{"expr":[{"match":{"op":"==","left":3,)"
                             R"("right":4327}}]}}]})"})
        CHECK(find_blocks(Json::parse(text), 4327).empty());
    CHECK(find_blocks(Json::parse("", nullptr, false), 4327).empty());
}

}  // namespace hearsay::client
