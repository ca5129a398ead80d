#include "daemon/host/api_session.h"

#include <algorithm>

#include "tests/catch.h"
#include "tests/unit/host/api_fixture.h"
#include "wire/limits.h"

namespace hearsay::host {
namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("a publish is answered when it is accepted, with its id") {
    Fixture f;
    f.send("{\"op\":\"publish\",\"id\":\"x\",\"topic\":\"deploy\",\"size\":9}\nv2 is out");
    REQUIRE(f.target.published.size() == 1);
    CHECK(f.target.published[0].topic == "deploy");
    CHECK(f.target.published[0].payload == "v2 is out");
    CHECK(f.take().empty());
    f.accept(1);
    CHECK(f.reply() == Json::parse(R"({"id":"x","ok":true,
                                       "message":"00000000000000000000000000000001/0"})"));
}

TEST_CASE("many messages of one publish are answered together, in their order") {
    Fixture f;
    f.send("{\"op\":\"publish\",\"topic\":\"t\",\"sizes\":[1,0,2]}\nabc");
    REQUIRE(f.target.published.size() == 3);
    CHECK(f.target.published[2].payload == "bc");
    f.accept(3);
    f.accept(1);
    CHECK(f.take().empty());
    f.accept(2);
    const Json reply = f.reply();
    CHECK(reply["ok"] == true);
    CHECK(reply["accepted"] == 3);
    CHECK(reply["refused"] == 0);
    CHECK(reply["messages"][1] == "00000000000000000000000000000002/0");
    CHECK(reply["messages"][2] == "00000000000000000000000000000003/0");
}

TEST_CASE("the lifetime of a publish reaches the engine") {
    Fixture f;
    f.send("{\"op\":\"publish\",\"topic\":\"t\",\"size\":0,\"lifetime\":2.5}\n");
    REQUIRE(f.target.published.size() == 1);
    CHECK(f.target.published[0].lifetime == 2500ms);
}

TEST_CASE("a refused publish names the reason and the limit") {
    Fixture f;
    f.target.refusal = gossip::PublishError::bad_topic;
    const Json reply = f.ask(R"({"op":"publish","id":1,"topic":"","size":0})");
    CHECK(reply["error"]["code"] == "bad_topic");
    CHECK_THAT(reply["error"]["message"].get<std::string>(), Catch::Contains("255 bytes"));
}

TEST_CASE("a payload over 1 MiB is refused and the others of the request are published") {
    Fixture f;
    const std::string large(wire::kPayloadSizeMax + 1, 'x');
    f.send("{\"op\":\"publish\",\"topic\":\"t\",\"sizes\":[1,1048577,1]}\na");
    f.send(large);
    f.send("b");
    REQUIRE(f.target.published.size() == 2);
    CHECK(f.target.published[1].payload == "b");
    f.accept(1);
    f.accept(2);
    const Json reply = f.reply();
    CHECK(reply["ok"] == false);
    CHECK(reply["accepted"] == 2);
    CHECK(reply["refused"] == 1);
    CHECK(reply["messages"][1].is_null());
    CHECK(reply["error"]["code"] == "payload_too_large");
    CHECK_THAT(reply["error"]["message"].get<std::string>(), Catch::Contains("1048576"));
}

TEST_CASE("a publish without room waits and reads no further until there is some") {
    Fixture f;
    f.target.room = 1;
    f.send("{\"op\":\"publish\",\"id\":1,\"topic\":\"t\",\"sizes\":[1,1]}\nab{\"op\":\"ping\"}\n");
    CHECK(f.target.published.size() == 1);
    CHECK_FALSE(f.session.wants_input());
    CHECK(f.session.is_waiting_for_room());
    f.session.resume();
    CHECK(f.session.is_waiting_for_room());
    f.target.room = 5;
    f.session.resume();
    CHECK(f.target.published.size() == 2);
    CHECK(f.target.published[1].payload == "b");
    CHECK(f.session.wants_input());
    CHECK(f.reply() == Json::parse(R"({"ok":true})"));  // the ping
}

TEST_CASE("a publish without room is refused after ten seconds") {
    Fixture f;
    f.target.room = 0;
    f.send("{\"op\":\"publish\",\"topic\":\"t\",\"sizes\":[1,1,1]}\nabc");
    f.now.monotonic += ApiSession::kRoomWaitMax - 1ns;
    f.session.resume();
    CHECK(f.take().empty());
    f.now.monotonic += 1ns;
    f.session.resume();
    const Json reply = f.reply();  // the rest is not waited for
    CHECK(reply["refused"] == 3);
    CHECK(reply["error"]["code"] == "busy");
    CHECK(f.session.wants_input());
}

TEST_CASE("a publish that will not wait is refused at once") {
    Fixture f;
    f.target.room = 0;
    const Json reply = f.ask(R"({"op":"publish","topic":"t","size":0,"wait":false})");
    CHECK(reply["error"]["code"] == "busy");
    CHECK(f.session.wants_input());
}

TEST_CASE("at most 1,024 messages of a connection wait to be accepted") {
    Fixture f;
    for (int i = 0; i < 1100; ++i) f.send("{\"op\":\"publish\",\"topic\":\"t\",\"size\":0}\n");
    CHECK(f.target.published.size() == ApiSession::kUnacceptedMax);
    CHECK_FALSE(f.session.wants_input());
    CHECK_FALSE(f.session.wants_turn());
    f.accept(1);
    CHECK(f.session.wants_turn());
    f.session.resume();
    CHECK(f.target.published.size() == ApiSession::kUnacceptedMax + 1);
}

TEST_CASE("who may not publish is told which key says so, and the payload is skipped") {
    Fixture f;
    f.target.configuration.api.publishers = {"bob"};
    f.send("{\"op\":\"publish\",\"id\":4,\"topic\":\"t\",\"size\":3}\n{}\n{\"op\":\"ping\"}\n");
    const std::string bytes = f.take();
    const Json reply = Json::parse(bytes.substr(0, bytes.find('\n')));
    CHECK(f.target.published.empty());
    CHECK(reply["error"]["code"] == "forbidden");
    CHECK_THAT(reply["error"]["message"].get<std::string>(), Catch::Contains("publishers"));
    CHECK(bytes.substr(bytes.find('\n') + 1) == "{\"ok\":true}\n");
}

TEST_CASE("a changed list of administrators counts at once") {
    Fixture f;
    CHECK(f.ask(R"({"op":"connect","address":"h"})")["ok"] == true);
    f.target.configuration.api.administrators = {"bob"};
    CHECK(f.ask(R"({"op":"connect","address":"h"})")["error"]["code"] == "forbidden");
    f.target.configuration.api.administrators = {"ann"};
    CHECK(f.ask(R"({"op":"connect","address":"h:99"})")["ok"] == true);
    CHECK(f.target.calls == std::vector<std::string>{"connect h 4327", "connect h 99"});
}

TEST_CASE("every operation that changes something needs an administrator") {
    Fixture f;
    f.target.configuration.api.administrators = {"bob"};
    for (const char* const line :
         {R"({"op":"connect","address":"h"})", R"({"op":"disconnect","member":"abcd"})",
          R"({"op":"reload"})", R"({"op":"leave"})", R"({"op":"network.create","name":"n"})",
          R"({"op":"network.open","name":"n"})", R"({"op":"network.join","token":"t"})",
          R"({"op":"network.token"})", R"({"op":"network.leave"})",
          R"({"op":"network.rotate","step":"add"})"}) {
        CAPTURE(line);
        CHECK(f.ask(line)["error"]["code"] == "forbidden");
    }
    CHECK(f.target.calls.empty());
    CHECK(f.ask(R"({"op":"network.show"})")["ok"] == true);
}

TEST_CASE("a message comes once to every connection that listens, however many patterns match") {
    Fixture f;
    ApiSession other(f.hub, Peer{kAnn, kAnn, {}});
    CHECK(f.ask(R"({"op":"subscribe","topics":["deploy","de*","ci.?"]})")["ok"] == true);
    f.hub.handle_delivery(delivery("deploy", "abc"));
    f.hub.handle_delivery(delivery("other", "x"));
    const std::string bytes = f.take();
    CHECK(Json::parse(bytes.substr(0, bytes.find('\n')))["topic"] == "deploy");
    CHECK(bytes.substr(bytes.find('\n') + 1) == "abc");
    CHECK(f.take(other).empty());
}

TEST_CASE("messages carry the name of their publisher") {
    Fixture f;
    gossip::MemberSnapshot member;
    member.id.bytes[0] = 9;
    member.name = "alpha";
    f.target.node_snapshot.members.push_back(member);
    f.ask(R"({"op":"subscribe","topics":["*"]})");
    gossip::Delivery from = delivery("t", "");
    from.publisher = member.id;
    f.hub.handle_delivery(from);
    CHECK(f.reply()["name"] == "alpha");
}

TEST_CASE("who joins just after another is told by name too") {
    Fixture f;
    f.ask(R"({"op":"events"})");
    gossip::Event event;
    event.kind = gossip::EventKind::member_joined;
    for (const char* const name : {"alpha", "beta"}) {  // the second before names are read again
        ++event.member.bytes[0];
        event.name = name;
        auto& member = f.target.node_snapshot.members.emplace_back();
        member.id = event.member;
        member.name = name;
        f.hub.handle_event(event);
        const Json line = f.reply();
        CHECK(line["name"] == name);
        CHECK(line["label"] == name);
    }
}

TEST_CASE("unsubscribing by pattern and as a whole ends deliveries") {
    Fixture f;
    f.ask(R"({"op":"subscribe","topics":["a","b"]})");
    f.ask(R"({"op":"unsubscribe","topics":["a"]})");
    f.hub.handle_delivery(delivery("a", ""));
    CHECK(f.take().empty());
    f.hub.handle_delivery(delivery("b", ""));
    CHECK_FALSE(f.take().empty());
    f.ask(R"({"op":"unsubscribe"})");
    f.hub.handle_delivery(delivery("b", ""));
    CHECK(f.take().empty());
}

TEST_CASE("a slow reader loses messages and is told how many") {
    Fixture f;
    f.target.configuration.api.subscriber_queue = 64 << 10;
    ApiSession slow(f.hub, Peer{kAnn, kAnn, {}});
    slow.receive(bytes_of("{\"op\":\"subscribe\",\"topics\":[\"*\"]}\n"));
    f.take(slow);
    const std::string payload(10'000, 'x');
    for (int i = 0; i < 20; ++i) f.hub.handle_delivery(delivery("t", payload));
    CHECK(slow.outbox().size() <= 64 << 10);
    f.take(slow);
    const Json notice = Json::parse(f.take(slow));
    CHECK(notice == Json::parse(R"({"event":"lagged","messages":14,"events":0})"));
    f.hub.handle_delivery(delivery("t", ""));
    CHECK(Json::parse(f.take(slow))["event"] == "message");
    CHECK(f.ask(R"({"op":"status"})")["api"]["lagged"] == 14);
}

TEST_CASE("events come when asked for, until asked not to") {
    Fixture f;
    gossip::Event event;
    event.kind = gossip::EventKind::member_failed;
    event.member.bytes[0] = 1;
    event.other.bytes[0] = 2;
    event.text = "silent for 1.5 s";
    f.hub.handle_event(event);
    CHECK(f.take().empty());
    f.ask(R"({"op":"events"})");
    f.hub.handle_event(event);
    const Json line = f.reply();
    CHECK(line["event"] == "member_failed");
    CHECK(line["by"] == crypto::to_text(event.other));
    CHECK(line["at"] == "2026-01-31T09:15:02.125Z");
    CHECK(line["text"] == "silent for 1.5 s");
    CHECK(line["address"].is_null());
    f.ask(R"({"op":"events","on":false})");
    f.hub.handle_event(event);
    CHECK(f.take().empty());
}

TEST_CASE("a member is found by name, whole id and start of its id") {
    Fixture f;
    for (int i = 0; i < 3; ++i) {
        gossip::MemberSnapshot member;
        member.id.bytes[0] = static_cast<std::uint8_t>(i == 2 ? 200 : 7);
        member.id.bytes[31] = static_cast<std::uint8_t>(i);
        member.name = i == 2 ? "beta" : "alpha";
        f.target.node_snapshot.members.push_back(member);
    }
    const auto disconnect = [&](const std::string& text) {
        return f.ask(R"({"op":"disconnect","member":")" + text + "\"}");
    };
    const std::string beta = crypto::to_text(f.target.node_snapshot.members[2].id);
    const std::string alpha = crypto::to_text(f.target.node_snapshot.members[0].id);
    CHECK(disconnect("beta")["ok"] == true);
    CHECK(disconnect(beta)["ok"] == true);
    CHECK(disconnect(beta.substr(0, 4))["ok"] == true);
    CHECK(disconnect(alpha)["ok"] == true);
    CHECK(f.target.calls.back() == "disconnect " + alpha);
    CHECK(disconnect("alpha")["error"]["code"] == "ambiguous_member");
    CHECK(disconnect(alpha.substr(0, 8))["error"]["code"] == "ambiguous_member");
    CHECK(disconnect(beta.substr(0, 3))["error"]["code"] == "no_such_member");
    CHECK(disconnect("")["error"]["code"] == "no_such_member");
}

TEST_CASE("networks are made, joined and rotated through the API") {
    Fixture f;
    f.target.node_status.network = "office";
    CHECK(f.ask(R"({"op":"network.create","name":"office"})")["token"] == "hearsay1-token");
    CHECK(f.ask(R"({"op":"network.join","token":"tok","seeds":["a","b:1"]})")["network"]["name"] ==
          "office");
    CHECK(f.ask(R"({"op":"network.join","token":"tok","seeds":["a:b:c:"]})")["error"]["code"] ==
          "bad_address");
    CHECK(f.ask(R"({"op":"network.rotate","step":"promote"})")["ok"] == true);
    CHECK(f.ask(R"({"op":"network.rotate","step":"twist"})")["error"]["code"] == "bad_request");
    CHECK(f.target.calls == std::vector<std::string>{"create office", "join tok 2", "rotate 1"});
    f.target.error = NodeError::already_in_network;
    CHECK(f.ask(R"({"op":"network.open","name":"x"})")["error"]["code"] == "already_in_network");
}

TEST_CASE("a reload that finds problems lists them") {
    Fixture f;
    f.target.reload_result.problems = {"a.toml:1:1: x", "a.toml:2:1: y"};
    const Json reply = f.ask(R"({"op":"reload"})");
    CHECK(reply["ok"] == false);
    CHECK(reply["error"]["code"] == "bad_config");
    CHECK(reply["error"]["message"] ==
          "the configuration was not reloaded:\n  a.toml:1:1: x\n  a.toml:2:1: y");
    CHECK(reply["problems"].size() == 2);
    f.target.reload_result = {true, {}, {"log.level"}, {"listen.port"}};
    CHECK(f.ask(R"({"op":"reload"})")["needs_restart"][0] == "listen.port");
}

TEST_CASE("status, members and links are JSON of the documented shape") {
    Fixture f;
    f.target.node_status.name = "alpha";
    f.target.node_status.health = {"No network yet."};
    f.target.node_status.sends_together = true;
    f.target.node_status.sockets.sent_together = 7;
    f.target.node_status.sockets.received = 9;
    gossip::MemberSnapshot member;
    member.is_self = true;
    member.tags = {{"role", "web"}};
    member.rtt = 400us;
    f.target.node_snapshot.members.push_back(member);
    f.target.node_snapshot.links.emplace_back();
    f.target.node_snapshot.candidates.emplace_back();
    const Json status = f.ask(R"({"op":"status"})");
    CHECK(status["self"]["name"] == "alpha");
    CHECK(status["network"].is_null());
    CHECK(status["members"]["alive"] == 1);
    CHECK(status["counters"].size() == gossip::kCounterCount);
    CHECK(status["health"][0] == "No network yet.");
    CHECK(status["sockets"]["sends_together"] == true);
    CHECK(status["sockets"]["sent_together"] == 7);
    CHECK(status["sockets"]["received"] == 9);
    const Json members = f.ask(R"({"op":"members"})");
    CHECK(members["members"][0]["rtt"] == 0.0004);
    CHECK(members["members"][0]["tags"]["role"] == "web");
    CHECK(members["members"][0]["clock_offset"].is_null());
    CHECK(f.ask(R"({"op":"links"})")["candidates"].size() == 1);
    CHECK(f.ask(R"({"op":"version"})")["api"] == 1);
    CHECK_THAT(f.ask(R"({"op":"config.show"})")["text"].get<std::string>(),
               Catch::Contains("[listen]"));
}

TEST_CASE("rates are differences over time") {
    Fixture f;
    f.hub.sample_rates();
    f.target.node_snapshot.counters.add(gossip::Counter::messages_delivered, 500);
    f.now.monotonic += 10s;
    const Json status = f.ask(R"({"op":"status"})");
    CHECK(status["rates"]["over"] == 10);
    CHECK(status["rates"]["messages_delivered"] == 50);
}

TEST_CASE("topics seen are listed") {
    Fixture f;
    f.hub.handle_delivery(delivery("b", ""));
    f.hub.handle_delivery(delivery("a", ""));
    const Json reply = f.ask(R"({"op":"topics"})");
    REQUIRE(reply["topics"].size() == 2);
    CHECK(reply["topics"][0]["topic"] == "a");
}

TEST_CASE("a connection that reads no replies is served no further") {
    Fixture f;
    f.target.configuration.node.name = std::string(200, 'n');
    std::string many;
    for (int i = 0; i < 16; ++i) many += "{\"op\":\"config.show\"}\n";
    while (f.session.wants_input()) {
        f.send(many);
        f.session.resume();
    }
    CHECK(f.session.outbox().size() < ApiSession::kUnreadMax + (1 << 20));
    CHECK_FALSE(f.session.wants_turn());
    f.take();
    CHECK(f.session.wants_turn());
}

TEST_CASE("many requests are served over several turns") {
    Fixture f;
    std::string many;
    for (int i = 0; i < 100; ++i) many += "{\"op\":\"ping\"}\n";
    f.send(many);
    const auto replies = [](const std::string& bytes) {
        return std::count(bytes.begin(), bytes.end(), '\n');
    };
    auto count = replies(f.take());
    CHECK(count == ApiSession::kRequestsPerTurn);
    while (f.session.wants_turn()) {
        f.session.resume();
        count += replies(f.take());
    }
    CHECK(count == 100);
}

TEST_CASE("after its end a connection gets what it asked for and is finished") {
    Fixture f;
    f.send("{\"op\":\"publish\",\"topic\":\"t\",\"size\":1}\nx");
    f.session.receive_end();
    CHECK_FALSE(f.session.is_finished());
    f.accept(1);
    CHECK(f.session.is_finished());
    CHECK(f.reply()["ok"] == true);
}

TEST_CASE("a connection that went before its publish was accepted is forgotten") {
    Fixture f;
    {
        ApiSession gone(f.hub, Peer{kAnn, kAnn, {}});
        gone.receive(bytes_of("{\"op\":\"publish\",\"topic\":\"t\",\"size\":0}\n"));
    }
    f.accept(1);  // must not touch it
    CHECK(f.take().empty());
}

TEST_CASE("mistakes on one connection leave the others alone") {
    Fixture f;
    ApiSession other(f.hub, Peer{kAnn, kAnn, {}});
    other.receive(bytes_of("{\"op\":\"subscribe\",\"topics\":[\"*\"]}\n"));
    f.take(other);
    f.send("rubbish\n{\"op\":\"publish\",\"topic\":\"t\",\"size\":-1}\n");
    CHECK(f.session.is_finished());
    f.hub.handle_delivery(delivery("t", "x"));
    CHECK_FALSE(f.take(other).empty());
    CHECK_FALSE(other.is_finished());
}

TEST_CASE("more than 256 patterns are refused and change nothing") {
    Fixture f;
    std::string topics = "\"a0\"";
    for (int i = 1; i < 300; ++i) topics += ",\"a" + std::to_string(i) + "\"";
    const Json reply = f.ask(R"({"op":"subscribe","topics":[)" + topics + "]}");
    CHECK(reply["error"]["code"] == "too_many_topics");
    CHECK_FALSE(f.session.is_subscribed());
    CHECK(f.ask(R"({"op":"subscribe","topics":[]})")["error"]["code"] == "bad_topic");
}

}  // namespace hearsay::host
