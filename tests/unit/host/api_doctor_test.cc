#include "daemon/host/api_doctor.h"

#include <nlohmann/json.hpp>

#include "tests/catch.h"

using namespace hearsay;
using namespace hearsay::host;
using namespace std::chrono_literals;

namespace {

using Json = nlohmann::json;

const Endpoint kPeer = Endpoint::ipv4(10, 0, 0, 2, 4327);

Json written(const NodeFacts& facts, const config::Config& config = {}) {
    std::string out = "{";
    JsonWriter json(out);
    write_doctor(json, facts, config, facts.status.started + 90s);
    return Json::parse(out + "}");
}

NodeFacts usual() {
    NodeFacts facts;
    facts.status.network = "office";
    facts.status.bound = {Endpoint::ipv4(0, 0, 0, 0, 5000)};
    facts.interfaces = {{1, "lo", Endpoint::ipv4(127, 0, 0, 1, 0), 8, false},
                        {2, "eth0", Endpoint::ipv4(10, 0, 0, 1, 0), 24, true},
                        {2, "eth0", Endpoint::ipv4(10, 0, 1, 1, 0), 16, true}};
    facts.discovery.ears = {{2, 20, 19, 2s}};
    facts.discovery.neighbours = {{kPeer, 2, 90s}, {Endpoint::ipv4(192, 0, 2, 1, 1), 0, 5s}};
    return facts;
}

SeedFacts seed(std::vector<Endpoint> addresses) { return {{"alpha", 4327}, std::move(addresses)}; }

}  // namespace

TEST_CASE("the doctor is told of each interface once, with its beacons", "[api][doctor]") {
    const Json told = written(usual());
    CHECK(told["network"]["name"] == "office");
    CHECK(told["port"] == 5000);
    CHECK(told["uptime"] == 90);
    CHECK(told["alone_for"].is_null());
    REQUIRE(told["interfaces"].size() == 2);
    CHECK(told["interfaces"][0]["beacons"] == false);
    CHECK(told["interfaces"][0]["last_heard"].is_null());
    const Json& eth0 = told["interfaces"][1];
    CHECK(eth0["name"] == "eth0");
    CHECK(eth0["beacons"] == true);
    CHECK(eth0["addresses"] == Json({"10.0.0.1/24", "10.0.1.1/16"}));
    CHECK(eth0["beacons_sent"] == 20);
    CHECK(eth0["beacons_heard"] == 19);
    CHECK(eth0["last_heard"] == 2);
}

TEST_CASE("the doctor is told which interface a link runs over, if any", "[api][doctor]") {
    const Json told = written(usual());
    REQUIRE(told["links"].size() == 2);
    CHECK(told["links"][0]["interface"] == "eth0");
    CHECK(told["links"][0]["address"] == "10.0.0.2:4327");
    CHECK(told["links"][1]["interface"].is_null());
}

TEST_CASE("a seed is linked by any address of its member", "[api][doctor]") {
    NodeFacts facts = usual();
    facts.seeds = {seed({kPeer})};
    CHECK(written(facts)["seeds"][0]["linked"] == false);
    facts.snapshot.links.emplace_back().at = kPeer;
    CHECK(written(facts)["seeds"][0]["linked"] == true);
    facts.snapshot.links.clear();
    gossip::MemberSnapshot member;
    member.addresses = {Endpoint::ipv4(10, 0, 9, 9, 4327), kPeer};
    facts.snapshot.members = {member};
    CHECK(written(facts)["seeds"][0]["linked"] == false);
    facts.snapshot.members[0].is_linked = true;
    CHECK(written(facts)["seeds"][0]["linked"] == true);
}

TEST_CASE("the failures of a seed are those of its best address", "[api][doctor]") {
    NodeFacts facts = usual();
    const Endpoint other = Endpoint::ipv4(10, 0, 0, 3, 4327);
    facts.seeds = {seed({kPeer, other}), seed({})};
    facts.snapshot.candidates = {{kPeer, "seed", 5, 1s}, {other, "seed", 2, 1s}};
    const Json told = written(facts)["seeds"];
    CHECK(told[0]["host"] == "alpha:4327");
    CHECK(told[0]["failures"] == 2);
    CHECK(told[1]["failures"] == 0);
    CHECK(told[1]["addresses"].empty());
}

TEST_CASE("the doctor is told who was turned away, and why", "[api][doctor]") {
    NodeFacts facts = usual();
    facts.snapshot.counters.add(gossip::Counter::refused_wrong_network, 7);
    facts.discovery.wrong_network = gossip::TurnedAway{kPeer, 3s, 0};
    facts.discovery.wrong_clock = gossip::TurnedAway{kPeer, 4s, -3'600'000};
    const Json told = written(facts)["turned_away"];
    CHECK(told["wrong_network"]["address"] == "10.0.0.2:4327");
    CHECK(told["wrong_network"]["count"] == 7);
    CHECK(told["wrong_network"]["age"] == 3);
    CHECK(told["wrong_secret"].is_null());
    CHECK(told["wrong_clock"]["offset"] == -3600);
    CHECK(told["no_common_codec"].is_null());
    facts.discovery.no_common_codec = gossip::TurnedAway{kPeer, 2s, 0, {2}};
    facts.their_codecs = "protobuf";
    const Json told_codec = written(facts);
    CHECK(told_codec["turned_away"]["no_common_codec"]["address"] == "10.0.0.2:4327");
    CHECK(told_codec["codecs"]["theirs"] == "protobuf");
}

TEST_CASE("what the doctor is told without a network is whole too", "[api][doctor]") {
    config::Config config;
    config.discovery.interfaces = {"eth7"};
    config.discovery.beacon = false;
    const Json told = written(NodeFacts{}, config);
    CHECK(told["network"].is_null());
    CHECK(told["port"] == 4327);
    CHECK(told["beacon"]["on"] == false);
    CHECK(told["beacon"]["chosen"] == Json({"eth7"}));
    CHECK(told["duplicate"].is_null());
    CHECK(told["clock"]["offset"].is_null());
    CHECK(told["clock"]["skew_max"] == 300);
    CHECK(told["scan"].is_null());
    CHECK(told["interfaces"].empty());
}
