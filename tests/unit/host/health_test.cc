#include "daemon/host/health.h"

#include "tests/catch.h"

using namespace hearsay;
using namespace hearsay::host;
using namespace std::chrono_literals;

namespace {

HealthFacts healthy() {
    HealthFacts facts;
    facts.network = "office";
    facts.others_alive = 2;
    facts.receive_buffer_wanted = 4 << 20;
    facts.receive_buffer = 4 << 20;
    facts.clock_offset_ms = 12;
    facts.clock_skew_max = 5min;
    return facts;
}

// The one finding there is.
std::string finding(const HealthFacts& facts) {
    const auto found = find_health_problems(facts);
    REQUIRE(found.size() == 1);
    return found[0];
}

}  // namespace

TEST_CASE("a healthy node has nothing to say", "[host][health]") {
    REQUIRE(find_health_problems(healthy()).empty());
}

TEST_CASE("without a network the two commands to choose from are named", "[host][health]") {
    HealthFacts facts = healthy();
    facts.network.reset();
    facts.others_alive = 0;
    facts.alone_for = 1h;
    const std::string text = finding(facts);
    REQUIRE_THAT(text, Catch::Contains("`hearsay network create NAME`"));
    REQUIRE_THAT(text, Catch::Contains("`hearsay network join`"));
}

TEST_CASE("an open network is said to be open to anyone on the LAN", "[host][health]") {
    HealthFacts facts = healthy();
    facts.network_is_open = true;
    REQUIRE_THAT(finding(facts), Catch::Contains("anyone on the LAN can join"));
}

TEST_CASE("being alone is told after a while, and beacons that are off with it", "[host][health]") {
    HealthFacts facts = healthy();
    facts.others_alive = 0;
    facts.alone_for = 9s;
    REQUIRE(find_health_problems(facts).empty());
    facts.alone_for = 90s;
    REQUIRE_THAT(finding(facts), Catch::Contains("alone for 90s"));
    facts.beacons_are_on = false;
    REQUIRE_THAT(finding(facts), Catch::Contains("discovery.beacon is off"));
    facts.wrong_network = 3;
    REQUIRE_THAT(finding(facts), Catch::Contains("another network were heard"));
}

TEST_CASE("a small receive buffer is told with the command that mends it", "[host][health]") {
    HealthFacts facts = healthy();
    facts.receive_buffer = 212'992;
    REQUIRE_THAT(finding(facts), Catch::Contains("`sysctl -w net.core.rmem_max=4194304`"));
}

TEST_CASE("a clock that is off is told with its direction", "[host][health]") {
    HealthFacts facts = healthy();
    facts.clock_offset_ms = 90'000;
    REQUIRE_THAT(finding(facts), Catch::Contains("90s behind"));
    facts.clock_offset_ms = -2500;
    REQUIRE_THAT(finding(facts), Catch::Contains("2500ms ahead of"));
    REQUIRE_THAT(finding(facts), !Catch::Contains("published"));
    facts.clock_offset_ms = -400'000;
    REQUIRE_THAT(finding(facts), Catch::Contains("nothing can be published"));
}

TEST_CASE("a duplicate identity is told first, with its address", "[host][health]") {
    HealthFacts facts = healthy();
    facts.network_is_open = true;
    facts.has_duplicate = true;
    facts.duplicate_at = Endpoint::ipv4(192, 0, 2, 9, 4327);
    REQUIRE_THAT(find_health_problems(facts).front(), Catch::Contains("192.0.2.9:4327"));
}

TEST_CASE("a duplicate identity is told before its address is known", "[host][health]") {
    HealthFacts facts = healthy();
    facts.has_duplicate = true;
    REQUIRE_THAT(finding(facts),
                 Catch::Contains("not known yet") && Catch::Contains("delete the file identity"));
}

TEST_CASE("neighbours with odd clocks are named, the first three of them", "[host][health]") {
    HealthFacts facts = healthy();
    facts.odd_clocks = {{"beta", 2500}, {"gamma", -61'000}};
    REQUIRE_THAT(finding(facts), Catch::Contains("beta by 2500ms ahead, gamma by 61s behind)"));
    facts.odd_clocks.push_back({"delta", 1000});
    facts.odd_clocks.push_back({"epsilon", 1000});
    REQUIRE_THAT(finding(facts), Catch::Contains("delta by 1s ahead and 1 more"));
}

TEST_CASE("a name that members share is told with what to do", "[host][health]") {
    HealthFacts facts = healthy();
    facts.shared_names = {"2 members are called x: x#aaaa, x#bbbb"};
    REQUIRE_THAT(finding(facts), Catch::Contains("x#bbbb; give each host a name of its own"));
    facts.shared_names.assign(9, "2 members are called x");
    REQUIRE(find_health_problems(facts).size() == 4);
    REQUIRE_THAT(find_health_problems(facts).back(), Catch::Contains("6 more names are shared"));
}

TEST_CASE("each trouble of the host has its sentence", "[host][health]") {
    HealthFacts facts = healthy();
    facts.dropped_lately = 17;
    REQUIRE_THAT(finding(facts), Catch::Contains("dropped 17 datagrams"));
    facts = healthy();
    facts.loop_lag = 700ms;
    REQUIRE_THAT(finding(facts), Catch::Contains("700ms late"));
    facts = healthy();
    facts.disk_problem = "cannot write /x/epoch: No space left on device";
    REQUIRE_THAT(finding(facts), Catch::Contains("No space left"));
    facts = healthy();
    facts.beacon_problem = "cannot receive beacons";
    REQUIRE_THAT(finding(facts), Catch::Contains("beacons"));
    facts = healthy();
    facts.exposed_network_file = "/x/network";
    REQUIRE_THAT(finding(facts), Catch::Contains("chmod 0600 /x/network"));
    facts = healthy();
    facts.failed = {"a"};
    REQUIRE_THAT(finding(facts), Catch::StartsWith("a has failed"));
    facts.failed = {"a", "b", "c", "d", "e"};
    REQUIRE_THAT(finding(facts), Catch::StartsWith("a, b, c and 2 more have failed"));
    facts = healthy();
    facts.no_codec_at = Endpoint::ipv4(10, 0, 0, 2, 4327);
    facts.their_codecs = "protobuf";
    facts.our_codecs = "flatbuffers";
    REQUIRE_THAT(finding(facts), Catch::Equals("no link is possible with 10.0.0.2:4327, which "
                                               "reads the codec protobuf, this host flatbuffers: "
                                               "make wire.codecs overlap here or there"));
    facts = healthy();
    facts.wrong_secret = 1;
    REQUIRE_THAT(finding(facts), Catch::Contains("rotated"));
}
