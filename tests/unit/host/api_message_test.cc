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
    const gossip::Delivery first = delivery("a", "12\n3");
    const gossip::Delivery second = delivery("b", "");
    write_message(first, "x", "x", message);
    batch.add(first, message);
    write_message(second, "y", "y", message);
    batch.add(second, message);
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
    const gossip::Delivery one = delivery("a", "");
    write_message(one, "", "", message);
    for (std::size_t i = 0; i < ApiBatch::kCountMax; ++i) {
        CHECK_FALSE(batch.is_full());
        batch.add(one, message);
    }
    CHECK(batch.is_full());
}

TEST_CASE("messages of one signed batch, one after the other, share an entry") {
    ApiBatch batch;
    ApiMessage message;
    gossip::Delivery one = delivery("a", "x");
    const auto add = [&] {
        if (batch.continues(one)) return batch.add_to_run(one);
        write_message(one, "", "", message);
        batch.add(one, message);
    };
    for (one.id.index = 3; one.id.index < 6; ++one.id.index) add();
    one.id.index = 7;  // 6 was not wanted
    add();
    one.id.uid.bytes[0] = 1;
    one.id.index = 8;
    add();
    one.id.index = 9;
    one.hops = 4;
    add();
    one.id.index = 10;
    one.may_repeat = true;
    add();
    std::string bytes;
    batch.flush(bytes);
    const std::size_t end = bytes.find('\n');
    const Json entries = Json::parse(bytes.substr(0, end))["messages"];
    REQUIRE(entries.size() == 5);
    CHECK(entries[0]["count"] == 3);
    CHECK(entries[0]["id"] == "00000000000000000000000000000000/3");
    CHECK_FALSE(entries[1].contains("count"));
    CHECK(entries[1]["id"] == "00000000000000000000000000000000/7");
    CHECK(entries[2]["id"] == "01000000000000000000000000000000/8");
    CHECK(entries[3]["hops"] == 4);
    CHECK(entries[4]["repeat"] == true);
    CHECK(Json::parse(bytes.substr(0, end))["sizes"].size() == 7);
    one.id.index = 11;  // no run goes on over the end of a line
    CHECK_FALSE(batch.continues(one));
}

}  // namespace hearsay::host
