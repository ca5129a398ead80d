#include "client/command/diagnosis.h"

#include "tests/catch.h"

namespace hearsay::client {
namespace {

// Of a host that is linked with one other on eth0, with nothing wrong.
Json healthy() {
    return Json::parse(R"({
        "network":{"name":"office","open":false,"secrets":1},"uptime":100,"alone_for":null,
        "port":4327,"datagram_size":1200,"state_dir":"/var/lib/hearsay",
        "receive_buffer":{"wanted":4194304,"granted":4194304,"dropped_lately":0},"send_failed":0,
        "beacon":{"on":true,"interval":5,"chosen":[],"problem":""},
        "interfaces":[
            {"name":"lo","beacons":false,"addresses":["127.0.0.1/8"],"beacons_sent":0,
             "beacons_heard":0,"last_heard":null},
            {"name":"eth0","beacons":true,"addresses":["10.0.0.1/24"],"beacons_sent":20,
             "beacons_heard":19,"last_heard":2}],
        "heard":[{"id":"b","short":"b","address":"10.0.0.2:4327","age":2,"for":90,"linked":true,
                  "alive":true}],
        "links":[{"address":"10.0.0.2:4327","interface":"eth0","age":90}],
        "seeds":[],"scan":null,
        "turned_away":{"wrong_network":null,"wrong_secret":null,"wrong_clock":null,
                       "no_common_codec":null},
        "codecs":{"ours":"flatbuffers","theirs":""},
        "clock":{"offset":0.002,"skew_max":300},"duplicate":null,"disk_problem":""})");
}

Json alone() {
    Json facts = healthy();
    facts["alone_for"] = 60;
    facts["heard"] = Json::array();
    facts["links"] = Json::array();
    facts["interfaces"][1]["last_heard"] = nullptr;
    return facts;
}

LocalFacts local() {
    LocalFacts facts;
    facts.devices = {{"lo", true, true, true, false, 65'536},
                     {"eth0", true, true, false, true, 1500}};
    facts.receive_buffer_max = 4'194'304;
    return facts;
}

std::vector<std::string> codes(const Json& facts, const LocalFacts& here = local()) {
    std::vector<std::string> result;
    for (const Finding& finding : diagnose(facts, here)) {
        CHECK_FALSE(finding.text.empty());
        CHECK_FALSE(finding.commands.empty());
        result.push_back(finding.code);
    }
    return result;
}

using Codes = std::vector<std::string>;

Json turned_away(double age, double offset = 0) {
    return {{"address", "10.0.0.9:4327"}, {"age", age}, {"offset", offset}, {"count", 3}};
}

}  // namespace

TEST_CASE("a healthy host has no findings", "[doctor]") { CHECK(codes(healthy()).empty()); }

TEST_CASE("without a network that is what is found", "[doctor]") {
    Json facts = healthy();
    facts["network"] = nullptr;
    CHECK(codes(facts) == Codes{"no_network"});
}

TEST_CASE("a twin is found", "[doctor]") {
    Json facts = healthy();
    facts["duplicate"] = {{"address", "10.0.0.9:4327"}};
    const auto found = diagnose(facts, local());
    REQUIRE(found.size() == 1);
    CHECK(found[0].code == "duplicate_identity");
    CHECK(found[0].commands[0].find("/var/lib/hearsay/identity") != std::string::npos);
}

TEST_CASE("chosen interfaces that are not there, down, or cannot multicast are found", "[doctor]") {
    Json facts = healthy();
    facts["beacon"]["chosen"] = {"eth0"};
    CHECK(codes(facts).empty());
    facts["beacon"]["chosen"] = {"eth0", "eth7"};
    CHECK(codes(facts) == Codes{"no_interface"});
    facts["beacon"]["chosen"] = {"eth0"};
    LocalFacts here = local();
    here.devices[1].is_up = false;
    CHECK(codes(facts, here) == Codes{"interface_down"});
    here.devices[1] = {"eth0", true, false, false, true, 1500};
    CHECK(codes(facts, here) == Codes{"interface_down"});
    here.devices[1] = {"eth0", true, true, false, false, 1500};
    CHECK(codes(facts, here) == Codes{"no_multicast"});
    facts["interfaces"].erase(1);
    here.devices[1] = {"eth0", true, true, false, true, 1500};
    CHECK(codes(facts, here) == Codes{"interface_down"});  // it has no address
}

TEST_CASE("a host none of whose interfaces carries beacons is told why", "[doctor]") {
    Json facts = healthy();
    facts["interfaces"][1]["beacons"] = false;
    facts["links"] = Json::array();
    LocalFacts here = local();
    CHECK(codes(facts, here) == Codes{"no_interface"});
    here.devices[1].can_multicast = false;
    CHECK(codes(facts, here) == Codes{"no_multicast"});
    facts["beacon"]["on"] = false;
    CHECK(codes(facts, here).empty());
}

TEST_CASE("beacons that cannot be received are found, with the kernel's reason", "[doctor]") {
    Json facts = healthy();
    facts["beacon"]["problem"] = "cannot receive beacons on interface 2: No buffer space available";
    CHECK(codes(facts) == Codes{"beacons_fail"});
    facts["beacon"]["on"] = false;
    CHECK(codes(facts).empty());
}

TEST_CASE("a beacon without an answer is a blocked port", "[doctor]") {
    Json facts = healthy();
    Json& heard = facts["heard"][0];
    heard["linked"] = false;
    CHECK(codes(facts).empty());  // a member all the same
    heard["alive"] = false;
    CHECK(codes(facts) == Codes{"port_blocked"});
    heard["for"] = 3;
    CHECK(codes(facts).empty());
    heard["for"] = 60;
    heard["age"] = 40;
    CHECK(codes(facts).empty());
}

TEST_CASE("a packet filter that drops the port is found", "[doctor]") {
    LocalFacts here = local();
    here.blocks = {{"inet filter input", false, 7}, {"ip filter INPUT", true, 0}};
    CHECK(codes(healthy(), here) == Codes{"port_blocked", "port_blocked"});
    CHECK(diagnose(healthy(), here)[0].commands[0] ==
          "sudo nft insert rule inet filter input udp dport 4327 accept");
}

TEST_CASE("a neighbour on the wire whose beacons do not come means multicast is blocked",
          "[doctor]") {
    Json facts = healthy();
    facts["interfaces"][1]["last_heard"] = 300;
    CHECK(codes(facts) == Codes{"multicast_blocked"});
    facts["interfaces"][1]["last_heard"] = nullptr;
    CHECK(codes(facts) == Codes{"multicast_blocked"});
    facts["links"][0]["age"] = 20;  // it may have started just now
    CHECK(codes(facts).empty());
    facts["links"][0] = {{"address", "192.0.2.1:4327"}, {"interface", nullptr}, {"age", 90}};
    CHECK(codes(facts).empty());
}

TEST_CASE("another network is a finding only for who is alone", "[doctor]") {
    Json facts = alone();
    CHECK(codes(facts) == Codes{"alone"});
    facts["turned_away"]["wrong_network"] = turned_away(5);
    CHECK(codes(facts) == Codes{"wrong_network"});
    facts["turned_away"]["wrong_network"] = turned_away(300);
    CHECK(codes(facts) == Codes{"alone"});
    Json in_company = healthy();
    in_company["turned_away"]["wrong_network"] = turned_away(5);
    CHECK(codes(in_company).empty());
}

TEST_CASE("another secret of this network is a finding in company too", "[doctor]") {
    Json facts = healthy();
    facts["turned_away"]["wrong_secret"] = turned_away(5);
    CHECK(codes(facts) == Codes{"wrong_secret"});
    facts["turned_away"]["wrong_secret"] = turned_away(700);
    CHECK(codes(facts).empty());
}

TEST_CASE("a host that shares no codec is a finding that names both sides'", "[doctor]") {
    Json facts = healthy();
    facts["turned_away"]["no_common_codec"] = turned_away(5);
    facts["codecs"]["theirs"] = "protobuf";
    REQUIRE(codes(facts) == Codes{"no_common_codec"});
    CHECK(diagnose(facts, local())[0].text ==
          "10.0.0.9:4327 is of this network, but there can be no link with it: it reads the codec "
          "protobuf, this host flatbuffers");
    facts["turned_away"]["no_common_codec"] = turned_away(700);
    CHECK(codes(facts).empty());
}

TEST_CASE("clocks that are off are found, here and there", "[doctor]") {
    Json facts = healthy();
    facts["clock"]["offset"] = -0.9;
    CHECK(codes(facts).empty());
    facts["clock"]["offset"] = -400;
    const auto found = diagnose(facts, local());
    REQUIRE(found.size() == 1);
    CHECK(found[0].text.find("ahead of its neighbours', so far that nothing can be published") !=
          std::string::npos);
    facts["clock"]["offset"] = nullptr;
    facts["turned_away"]["wrong_clock"] = turned_away(5, -3600);
    REQUIRE(codes(facts) == Codes{"clock"});
    CHECK(diagnose(facts, local())[0].text.find("60min behind this host's") != std::string::npos);
}

TEST_CASE("seeds that are silent or unknown are found", "[doctor]") {
    Json facts = healthy();
    facts["seeds"] = Json::parse(R"([
        {"host":"a:4327","addresses":["10.0.0.2:4327"],"linked":true,"failures":0},
        {"host":"b:4327","addresses":["10.0.0.3:4327"],"linked":false,"failures":2},
        {"host":"c:4327","addresses":[],"linked":false,"failures":0},
        {"host":"d:4327","addresses":["10.0.0.4:4327"],"linked":false,"failures":1}])");
    CHECK(codes(facts) == Codes{"seed_silent", "seed_unknown"});
}

TEST_CASE("who is alone without any way to others is told so", "[doctor]") {
    Json facts = alone();
    facts["beacon"]["on"] = false;
    CHECK(codes(facts) == Codes{"no_way"});
    facts["alone_for"] = 3;
    CHECK(codes(facts).empty());
}

TEST_CASE("buffers, lost datagrams, small packets and a full disk are found", "[doctor]") {
    Json facts = healthy();
    facts["receive_buffer"]["granted"] = 212'992;
    CHECK(codes(facts) == Codes{"receive_buffer"});
    CHECK(diagnose(facts, local())[0].commands[0].find("rmem_max=4194304") != std::string::npos);
    facts = healthy();
    facts["receive_buffer"]["dropped_lately"] = 5;
    CHECK(codes(facts) == Codes{"drops"});
    LocalFacts here = local();
    here.devices[1].mtu = 1228;
    CHECK(codes(healthy(), here).empty());
    here.devices[1].mtu = 1227;
    CHECK(codes(healthy(), here) == Codes{"mtu"});
    facts = healthy();
    facts["disk_problem"] = "cannot write /var/lib/hearsay/epoch: no space";
    CHECK(codes(facts) == Codes{"disk"});
}

}  // namespace hearsay::client
