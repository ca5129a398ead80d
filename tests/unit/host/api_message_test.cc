#include "daemon/host/api_message.h"

#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/unit/host/api_fake.h"

namespace hearsay::host {
namespace {

using Json = nlohmann::json;

}  // namespace

TEST_CASE("a message line has every key of the document, once") {
    gossip::Delivery from = delivery("deploy", "v2 is out");
    from.id.uid.bytes[0] = 0xab;
    from.id.index = 3;
    from.publisher.bytes[0] = 1;
    ApiMessage message;
    write_message(from, "alpha", "alpha#k3nq", message);
    const std::string id(crypto::to_text(from.publisher));
    CHECK(message.line == R"({"event":"message","id":"ab000000000000000000000000000000/3",)"
                          R"("topic":"deploy","publisher":")" +
                              id +
                              R"(","name":"alpha","label":"alpha#k3nq",)"
                              R"("created":"2026-01-31T09:15:02.125Z",)"
                              R"("lifetime":60,"epoch":7,"seq":17,"hops":1,"repeat":false,)"
                              R"("size":9})"
                              "\n");
    CHECK(text_of(message.payload) == "v2 is out");
}

TEST_CASE("topics and names are escaped in a message line") {
    ApiMessage message;
    write_message(delivery("a\"b\\\xc3\xa9", ""), "new\nline", "", message);
    const Json read = Json::parse(message.line);
    CHECK(read["topic"] == "a\"b\\\xc3\xa9");
    CHECK(read["name"] == "new\nline");
}

TEST_CASE("a possible repeat is flagged") {
    gossip::Delivery from = delivery("t", "");
    from.may_repeat = true;
    ApiMessage message;
    write_message(from, "", "", message);
    CHECK(Json::parse(message.line)["repeat"] == true);
}

TEST_CASE("a batch line carries the entries, the sizes and the payloads back to back") {
    ApiBatch batch;
    ApiMessage message;
    write_message(delivery("a", "12\n3"), "x", "x", message);
    batch.add(message);
    write_message(delivery("b", ""), "y", "y", message);
    batch.add(message);
    std::string bytes;
    batch.flush(bytes);
    const std::size_t end = bytes.find('\n');
    const Json line = Json::parse(bytes.substr(0, end));
    CHECK(line["event"] == "messages");
    REQUIRE(line["messages"].size() == 2);
    CHECK(line["messages"][0]["topic"] == "a");
    CHECK_FALSE(line["messages"][0].contains("size"));
    CHECK_FALSE(line["messages"][0].contains("event"));
    CHECK(line["messages"][1]["repeat"] == false);
    CHECK(line["sizes"] == Json::parse("[4,0]"));
    CHECK(bytes.substr(end + 1) == "12\n3");
    CHECK(batch.empty());
}

TEST_CASE("a batch is full at 256 messages") {
    ApiBatch batch;
    ApiMessage message;
    write_message(delivery("a", ""), "", "", message);
    for (std::size_t i = 0; i < ApiBatch::kCountMax; ++i) {
        CHECK_FALSE(batch.is_full());
        batch.add(message);
    }
    CHECK(batch.is_full());
}

}  // namespace hearsay::host
