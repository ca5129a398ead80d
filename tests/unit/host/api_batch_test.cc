// Messages that come many to a line.
#include "tests/catch.h"
#include "tests/unit/host/api_fixture.h"

namespace hearsay::host {

TEST_CASE("who asks for batches gets what came together on one line") {
    Fixture f;
    f.ask(R"({"op":"subscribe","topics":["*"],"batch":true})");
    for (int i = 0; i < 3; ++i) f.hub.handle_delivery(delivery("t", std::to_string(i)));
    const std::string bytes = f.take();
    const Json line = Json::parse(bytes.substr(0, bytes.find('\n')));
    CHECK(line["messages"].size() == 3);
    CHECK(bytes.substr(bytes.find('\n') + 1) == "012");
}

TEST_CASE("who asks for runs gets one entry for messages signed together, if it wants them all") {
    Fixture f;
    ApiSession choosy(f.hub, Peer{kAnn, kAnn, {}});
    choosy.receive(bytes_of("{\"op\":\"subscribe\",\"topics\":[\"a\"]}\n"));
    f.take(choosy);
    f.ask(R"({"op":"subscribe","topics":["*"],"runs":true})");
    gossip::Delivery one = delivery("t", "x");
    for (one.id.index = 0; one.id.index < 3; ++one.id.index) f.hub.handle_delivery(one);
    one = delivery("a", "y");
    one.id.uid.bytes[0] = 1;
    f.hub.handle_delivery(one);
    const std::string bytes = f.take();
    const Json line = Json::parse(bytes.substr(0, bytes.find('\n')));
    REQUIRE(line["messages"].size() == 2);
    CHECK(line["messages"][0]["count"] == 3);
    CHECK(line["messages"][1]["topic"] == "a");
    CHECK(line["sizes"] == Json::parse("[1,1,1,1]"));
    CHECK(bytes.substr(bytes.find('\n') + 1) == "xxxy");
    CHECK(f.take(choosy).starts_with(R"({"event":"message","id":"01)"));
    // What a reader misses is in no run.
    f.target.configuration.api.subscriber_queue = 64 << 10;
    ApiSession slow(f.hub, Peer{kAnn, kAnn, {}});
    slow.receive(bytes_of("{\"op\":\"subscribe\",\"topics\":[\"*\"],\"runs\":true}\n"));
    f.take(slow);
    const std::string payload(30'000, 'x');
    one = delivery("t", payload);
    for (one.id.index = 0; one.id.index < 5; ++one.id.index) f.hub.handle_delivery(one);
    const std::string two = f.take(slow);
    CHECK(Json::parse(two.substr(0, two.find('\n')))["messages"][0]["count"] == 2);
    CHECK(Json::parse(f.take(slow))["messages"] == 3);
}

}  // namespace hearsay::host
