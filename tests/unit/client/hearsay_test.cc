#include "client/hearsay.h"

#include <poll.h>

#include <fstream>

#include "client/hearsay.hpp"
#include "tests/catch.h"
#include "tests/unit/client/fake_daemon.h"

namespace hearsay::client {
namespace {

const std::string kMessage =
    R"({"event":"message","id":"ab/0","topic":"d\"x","publisher":"k3","name":"alpha",)"
    R"("created":"2026-01-31T09:15:02.125Z","lifetime":1.5,"epoch":7,"seq":17,"hops":2,)"
    R"("repeat":true,"size":5})"
    "\n";

std::string payload_of(const hearsay_item& item) {
    return {static_cast<const char*>(item.payload), item.payload_size};
}

}  // namespace

TEST_CASE("a publish sends its line and payload and returns the id of the message") {
    std::string line;
    std::string payload;
    FakeDaemon daemon([&](FakeConnection& connection) {
        line = connection.line();
        payload = connection.bytes(4);
        connection.answer(line, R"("ok":true,"message":"ab/0")");
    });
    Client client;
    client.connect(daemon.path());
    const std::string id = client.publish("a\"b", std::string_view("x\n\0y", 4), {1500, 1});
    CHECK(id == "ab/0");
    CHECK(line ==
          R"({"id":1,"op":"publish","topic":"a\"b","lifetime":1.500,"wait":false,"size":4})");
    daemon.finish();
    CHECK(payload == std::string("x\n\0y", 4));
}

TEST_CASE("many messages go in requests of at most 1,024") {
    std::vector<std::string> lines;
    FakeDaemon daemon([&](FakeConnection& connection) {
        for (const std::size_t count : {std::size_t{1024}, std::size_t{476}}) {
            lines.push_back(connection.line());
            connection.bytes(count);
            connection.answer(lines.back(),
                              R"("ok":true,"refused":0,"accepted":)" + std::to_string(count));
        }
    });
    Client client;
    client.connect(daemon.path());
    CHECK(client.publish_many("t", std::vector<std::string>(1500, "x")) == 1500);
    daemon.finish();
    CHECK(lines[1].substr(0, 46) == R"({"id":2,"op":"publish","topic":"t","sizes":[1,)");
}

TEST_CASE("refusals carry the code, the sentence and the count of the others") {
    FakeDaemon daemon([](FakeConnection& connection) {
        const std::string line = connection.line();
        connection.bytes(2);
        connection.answer(line, R"("ok":false,"accepted":1,"refused":1,"messages":["a/0",null],)"
                                R"("error":{"code":"busy","message":"no \"room\""})");
    });
    hearsay_client* const handle = hearsay_new();
    REQUIRE(hearsay_connect(handle, daemon.path().c_str()) == HEARSAY_OK);
    const hearsay_bytes payloads[] = {{"a", 1}, {"b", 1}};
    std::size_t accepted = 9;
    CHECK(hearsay_publish_many(handle, "t", payloads, 2, nullptr, &accepted) == HEARSAY_REFUSED);
    CHECK(accepted == 1);
    CHECK(std::string(hearsay_error_code(handle)) == "busy");
    CHECK(std::string(hearsay_error_text(handle)) == "no \"room\"");
    CHECK(hearsay_fd(handle) >= 0);  // still connected
    hearsay_free(handle);
}

TEST_CASE("a topic that could lead the daemon astray is never sent") {
    FakeDaemon daemon([](FakeConnection&) {});
    hearsay_client* const handle = hearsay_new();
    REQUIRE(hearsay_connect(handle, daemon.path().c_str()) == HEARSAY_OK);
    const std::string evil = "{\"op\":\"leave\"}\n";
    for (const std::string& topic : {std::string("\xff"), std::string(70'000, 'x')})
        CHECK(hearsay_publish(handle, topic.c_str(), evil.data(), evil.size(), nullptr, nullptr) ==
              HEARSAY_BAD_ARGUMENT);
    CHECK(hearsay_publish(handle, "t", nullptr, 5, nullptr, nullptr) == HEARSAY_BAD_ARGUMENT);
    CHECK(hearsay_publish(handle, nullptr, "x", 1, nullptr, nullptr) == HEARSAY_BAD_ARGUMENT);
    CHECK(hearsay_request(handle, "{\"op\":\"publish\",\"size\":3}", nullptr) ==
          HEARSAY_BAD_ARGUMENT);
    CHECK(hearsay_request(handle, "{\"op\":\"ping\"}\n{}", nullptr) == HEARSAY_BAD_ARGUMENT);
    hearsay_free(handle);
}

TEST_CASE("a message arrives with all it carries, however it is cut") {
    FakeDaemon daemon([](FakeConnection& connection) {
        connection.answer(connection.line(), R"("ok":true)");
        const std::string bytes = kMessage + "a\nb\n}";
        for (const char byte : bytes) connection.send(std::string_view(&byte, 1));
    });
    Client client;
    client.connect(daemon.path());
    client.subscribe({"d*"});
    const auto item = client.next(5000);
    REQUIRE(item);
    CHECK(item->kind == HEARSAY_MESSAGE);
    CHECK(std::string(item->id) == "ab/0");
    CHECK(std::string(item->topic) == "d\"x");
    CHECK(std::string(item->name) == "alpha");
    CHECK(std::string(item->created) == "2026-01-31T09:15:02.125Z");
    CHECK(item->lifetime == 1.5);
    CHECK(item->epoch == 7);
    CHECK(item->seq == 17);
    CHECK(item->hops == 2);
    CHECK(item->repeat == 1);
    CHECK(payload_of(*item) == "a\nb\n}");
}

TEST_CASE("the messages of one line come one by one") {
    FakeDaemon daemon([](FakeConnection& connection) {
        connection.answer(connection.line(), R"("ok":true)");
        connection.send(R"({"event":"messages","messages":[{"id":"a/0","topic":"t"},)"
                        R"({"id":"a/1","topic":"u"},{"id":"a/2","topic":"v"}],"sizes":[2,0,1]})"
                        "\nxyz");
    });
    Client client;
    client.connect(daemon.path());
    client.subscribe({"*"});
    std::string seen;
    for (int i = 0; i < 3; ++i) {
        const auto item = client.next(5000);
        REQUIRE(item);
        seen += std::string(item->id) + item->topic + payload_of(*item) + " ";
    }
    CHECK(seen == "a/0txy a/1u a/2vz ");
}

TEST_CASE("an entry for several messages comes once for each, with its own id") {
    FakeDaemon daemon([](FakeConnection& connection) {
        const std::string line = connection.line();
        CHECK(line.find(R"("runs":true)") != std::string::npos);
        connection.answer(line, R"("ok":true)");
        connection.send(
            R"({"event":"messages","messages":[{"id":"ab/9","topic":"t","seq":4,"count":3},)"
            R"({"id":"cd/0","topic":"u"}],"sizes":[1,0,2,1]})"
            "\nxyzw");
    });
    Client client;
    client.connect(daemon.path());
    client.subscribe({"*"});
    std::string seen;
    for (int i = 0; i < 4; ++i) {
        const auto item = client.next(5000);
        REQUIRE(item);
        seen += std::string(item->line) + item->id + item->topic + payload_of(*item) + " ";
    }
    CHECK(seen ==
          R"({"id":"ab/9","topic":"t","seq":4}ab/9tx {"id":"ab/10","topic":"t","seq":4}ab/10t )"
          R"({"id":"ab/11","topic":"t","seq":4}ab/11tyz {"id":"cd/0","topic":"u"}cd/0uw )");
}

TEST_CASE("a daemon that knows no runs is asked for batches") {
    std::string line;
    FakeDaemon daemon([&](FakeConnection& connection) {
        connection.answer(connection.line(), R"("ok":false,"error":{"code":"bad_request",)"
                                             R"("message":"there is no key \"runs\""})");
        line = connection.line();
        connection.answer(line, R"("ok":true)");
    });
    Client client;
    client.connect(daemon.path());
    client.subscribe({"*"});
    daemon.finish();
    CHECK(line == R"({"id":2,"op":"subscribe","topics":["*"],"batch":true})");
}

TEST_CASE("an entry for more messages than there are payloads ends with them") {
    FakeDaemon daemon([](FakeConnection& connection) {
        connection.answer(connection.line(), R"("ok":true)");
        connection.send(R"({"event":"messages","messages":[{"id":"a/0","topic":"t","count":9}],)"
                        R"("sizes":[1,1]})"
                        "\nxy");
        connection.send(kMessage + "hello");
    });
    Client client;
    client.connect(daemon.path());
    client.subscribe({"*"});
    std::string seen;
    for (int i = 0; i < 3; ++i) seen += std::string(client.next(5000)->id) + " ";
    CHECK(seen == "a/0 a/1 ab/0 ");
}

TEST_CASE("what arrives while an answer is awaited comes later, in order") {
    FakeDaemon daemon([](FakeConnection& connection) {
        connection.answer(connection.line(), R"("ok":true)");
        const std::string line = connection.line();
        connection.send(kMessage + "first");
        connection.send("{\"event\":\"member_left\",\"member\":\"k\"}\n");
        connection.answer(line, R"("ok":true,"version":"9.9","api":1)");
        connection.line();  // until the client has gone
    });
    Client client;
    client.connect(daemon.path());
    client.subscribe({"*"});
    CHECK(client.version() == "9.9");
    const auto first = client.next(0);
    REQUIRE(first);
    CHECK(payload_of(*first) == "first");
    const auto second = client.next(0);
    REQUIRE(second);
    CHECK(second->kind == HEARSAY_EVENT);
    CHECK(std::string(second->event) == "member_left");
    CHECK_FALSE(client.next(0));
}

TEST_CASE("a lagged notice says how much is missing") {
    FakeDaemon daemon([](FakeConnection& connection) {
        connection.send("{\"event\":\"lagged\",\"messages\":120,\"events\":3}\n");
    });
    Client client;
    client.connect(daemon.path());
    const auto item = client.next(5000);
    REQUIRE(item);
    CHECK(item->kind == HEARSAY_LAGGED);
    CHECK(item->missed == 123);
}

TEST_CASE("the descriptor is readable when something has come") {
    FakeDaemon daemon([](FakeConnection& connection) { connection.send(kMessage + "hello"); });
    Client client;
    client.connect(daemon.path());
    pollfd entry{client.fd(), POLLIN, 0};
    REQUIRE(poll(&entry, 1, 5000) == 1);
    CHECK(client.next(1000));
}

TEST_CASE("a late answer to a call that gave up is not taken for another's") {
    FakeDaemon daemon([](FakeConnection& connection) {
        const std::string first = connection.line();
        const std::string second = connection.line();
        connection.answer(first, R"("ok":true,"version":"late","api":1)");
        connection.answer(second, R"("ok":true,"version":"right","api":1)");
    });
    Client client;
    client.connect(daemon.path());
    client.set_timeout(0);
    CHECK_THROWS_AS(client.version(), Error);
    client.set_timeout(5000);
    CHECK(client.version() == "right");
}

TEST_CASE("a daemon that never answers is a timeout") {
    FakeDaemon daemon([](FakeConnection& connection) {
        connection.line();
        connection.line();  // until the client has gone
    });
    hearsay_client* const handle = hearsay_new();
    REQUIRE(hearsay_connect(handle, daemon.path().c_str()) == HEARSAY_OK);
    hearsay_set_timeout(handle, 20);
    CHECK(hearsay_request(handle, "{\"op\":\"ping\"}", nullptr) == HEARSAY_TIMEOUT);
    hearsay_free(handle);
}

TEST_CASE("a daemon that hangs up is noticed and the handle can connect again") {
    FakeDaemon daemon([](FakeConnection& connection) { connection.line(); }, 2);
    hearsay_client* const handle = hearsay_new();
    for (int i = 0; i < 2; ++i) {
        REQUIRE(hearsay_connect(handle, daemon.path().c_str()) == HEARSAY_OK);
        CHECK(hearsay_request(handle, "{\"op\":\"ping\"}", nullptr) == HEARSAY_CLOSED);
        CHECK(hearsay_fd(handle) == -1);
        CHECK(hearsay_request(handle, "{\"op\":\"ping\"}", nullptr) == HEARSAY_CLOSED);
    }
    hearsay_free(handle);
}

TEST_CASE("an answer that is no line of the API ends the connection") {
    FakeDaemon daemon([](FakeConnection& connection) {
        connection.line();
        connection.send("HTTP/1.1 400 Bad Request\n");
        connection.line();
    });
    hearsay_client* const handle = hearsay_new();
    REQUIRE(hearsay_connect(handle, daemon.path().c_str()) == HEARSAY_OK);
    CHECK(hearsay_request(handle, "{\"op\":\"ping\"}", nullptr) == HEARSAY_PROTOCOL);
    CHECK(hearsay_fd(handle) == -1);
    hearsay_free(handle);
}

TEST_CASE("no socket and a socket nobody listens on both mean: not running") {
    hearsay_client* const handle = hearsay_new();
    CHECK(hearsay_connect(handle, "/tmp/hearsay-no-such-socket") == HEARSAY_NOT_RUNNING);
    CHECK(std::string(hearsay_error_text(handle)) ==
          "there is no socket /tmp/hearsay-no-such-socket");
    std::string path;
    {
        FakeDaemon daemon([](FakeConnection&) {}, 0);
        path = daemon.path();
        REQUIRE(hearsay_connect(handle, path.c_str()) == HEARSAY_OK);  // in the backlog
    }
    CHECK(hearsay_connect(handle, path.c_str()) == HEARSAY_NOT_RUNNING);
    CHECK(hearsay_connect(handle, std::string(200, 'x').c_str()) == HEARSAY_BAD_ARGUMENT);
    hearsay_free(handle);
}

TEST_CASE("two full pipes do not wait for each other") {
    // The daemon sends much before it reads much: the client must take it while it writes.
    const std::string flood = kMessage + "hello";
    FakeDaemon daemon([&](FakeConnection& connection) {
        const std::string line = connection.line();
        for (int i = 0; i < 10'000; ++i) connection.send(flood);
        connection.bytes(std::size_t{1} << 20);
        connection.answer(line, R"("ok":true,"message":"ab/0")");
        connection.line();
    });
    Client client;
    client.connect(daemon.path());
    CHECK(client.publish("t", std::string(std::size_t{1} << 20, 'x')) == "ab/0");
    int count = 0;
    while (client.next(0)) ++count;
    CHECK(count == 10'000);
}

}  // namespace hearsay::client
