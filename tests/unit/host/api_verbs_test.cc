// Operations that ask about, or change, single members and their tags.
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/unit/host/api_fake.h"

namespace hearsay::host {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

constexpr uid_t kAnn = 1000;

// A hub with one connection and three members: alpha (self), beta (linked), gamma (not).
struct Fixture {
    FakeTarget target;
    Now now{Instant(1h), WallTime{1'769'850'902'125}};
    ApiHub hub{target,
               {[this] { return now; },
                900,
                {[](const std::string&) -> std::optional<uid_t> { return 2000; },
                 [](const std::string&) { return std::nullopt; }}}};
    std::optional<ApiSession> session;

    Fixture() {
        session.emplace(hub, Peer{kAnn, kAnn, {}});
        for (const char* const name : {"alpha", "beta", "gamma"}) {
            gossip::MemberSnapshot member;
            member.name = name;
            member.id.bytes[0] = static_cast<std::uint8_t>(name[0]);
            member.is_self = member.name == "alpha";
            member.is_linked = member.name == "beta";
            if (!member.is_self) {
                member.presence_age = 12s;
                member.presence_hops = member.is_linked ? 1 : 3;
                member.addresses = {Endpoint::ipv4(10, 0, 0, 2, 4327)};
            }
            target.node_snapshot.members.push_back(member);
        }
    }
    const crypto::NodeId& id(std::size_t member) const {
        return target.node_snapshot.members[member].id;
    }
    std::string take() {
        std::string bytes(session->outbox().pending());
        session->outbox().consume(bytes.size());
        return bytes;
    }
    void send(const std::string& line) { session->receive(bytes_of(line + "\n")); }
    Json ask(const std::string& line) {
        send(line);
        return Json::parse(take());
    }
    void answer_probe(std::optional<Duration> round_trip) {
        gossip::Event event;
        event.kind = gossip::EventKind::probed;
        event.member = id(1);
        event.ticket = 1000 + target.calls.size();
        event.round_trip = round_trip;
        hub.handle_event(event);
    }
};

}  // namespace

TEST_CASE("a ping of a neighbour is answered by the probe, with the round trip") {
    Fixture f;
    f.send(R"({"op":"member.ping","id":7,"member":"beta"})");
    CHECK(f.take().empty());
    REQUIRE(f.target.calls == std::vector<std::string>{"probe " + crypto::to_text(f.id(1))});
    f.answer_probe(400us);
    const Json reply = Json::parse(f.take());
    CHECK(reply["id"] == 7);
    CHECK(reply["ok"] == true);
    CHECK(reply["member"] == crypto::to_text(f.id(1)));
    CHECK(reply["label"] == "beta");
    CHECK(reply["linked"] == true);
    CHECK(reply["rtt"] == 0.0004);
    CHECK(reply["hops"] == 1);
    CHECK(reply["address"] == "10.0.0.2:4327");
}

TEST_CASE("a ping that nobody answers has no round trip") {
    Fixture f;
    f.send(R"({"op":"member.ping","member":"beta"})");
    f.answer_probe(std::nullopt);
    CHECK(Json::parse(f.take())["rtt"].is_null());
}

TEST_CASE("a ping of a member without a link is answered at once, with hops and age") {
    Fixture f;
    const Json reply = f.ask(R"({"op":"member.ping","member":"gamma"})");
    CHECK(f.target.calls.empty());
    CHECK(reply["linked"] == false);
    CHECK(reply["rtt"].is_null());
    CHECK(reply["hops"] == 3);
    CHECK(reply["presence_age"] == 12);
    const Json self = f.ask(R"({"op":"member.ping","member":"alpha"})");
    CHECK(self["self"] == true);
    CHECK(self["hops"].is_null());
}

TEST_CASE("a ping is refused for a stranger, and when too many are under way") {
    Fixture f;
    CHECK(f.ask(R"({"op":"member.ping","member":"delta"})")["error"]["code"] == "no_such_member");
    CHECK(f.ask(R"({"op":"member.ping"})")["error"]["code"] == "bad_request");
    f.target.can_probe = false;
    CHECK(f.ask(R"({"op":"member.ping","member":"beta"})")["error"]["code"] == "busy");
}

TEST_CASE("the answer to a ping whose asker has gone is dropped") {
    Fixture f;
    f.send(R"({"op":"member.ping","member":"beta"})");
    f.session.reset();
    f.answer_probe(1ms);
    f.session.emplace(f.hub, Peer{kAnn, kAnn, {}});
    CHECK(f.take().empty());
}

TEST_CASE("a connection whose other end is silent stays until its ping is answered") {
    Fixture f;
    f.send(R"({"op":"member.ping","member":"beta"})");
    f.session->receive_end();
    CHECK_FALSE(f.session->is_finished());
    f.answer_probe(1ms);
    CHECK(f.session->is_finished());
}

TEST_CASE("tags are shown beside those of the configuration") {
    Fixture f;
    f.target.node_tags = {{"role", "db"}};
    f.target.configuration.node.tags = {{"role", "web"}};
    const Json reply = f.ask(R"({"op":"tags"})");
    CHECK(reply["tags"] == Json::parse(R"({"role":"db"})"));
    CHECK(reply["configured"] == Json::parse(R"({"role":"web"})"));
}

TEST_CASE("tags are set and removed, and the reply has all of them") {
    Fixture f;
    f.target.node_tags = {{"role", "web"}};
    const Json set = f.ask(R"({"op":"tags.set","tags":["rack=7","role=db"]})");
    CHECK(set["tags"] == Json::parse(R"({"role":"db","rack":"7"})"));
    CHECK(f.target.node_tags == std::vector<config::Tag>{{"role", "db"}, {"rack", "7"}});
    const Json removed = f.ask(R"({"op":"tags.remove","tags":["role"]})");
    CHECK(removed["tags"] == Json::parse(R"({"rack":"7"})"));
}

TEST_CASE("a refused change of tags changes nothing") {
    Fixture f;
    f.target.node_tags = {{"role", "web"}};
    CHECK(f.ask(R"({"op":"tags.set","tags":["a=b","!=x"]})")["error"]["code"] == "bad_tag");
    CHECK(f.ask(R"({"op":"tags.remove","tags":["a"]})")["error"]["code"] == "no_such_tag");
    f.target.error = NodeError::tags_too_large;
    CHECK(f.ask(R"({"op":"tags.set","tags":["a=b"]})")["error"]["code"] == "bad_tag");
    CHECK(f.target.node_tags == std::vector<config::Tag>{{"role", "web"}});
    CHECK(f.ask(R"({"op":"tags.set"})")["error"]["message"] == "tags.set needs \"tags\"");
}

TEST_CASE("only administrators change tags, everybody may see them and ping") {
    Fixture f;
    f.target.configuration.api.administrators = {"root"};
    CHECK(f.ask(R"({"op":"tags.set","tags":["a=b"]})")["error"]["code"] == "forbidden");
    CHECK(f.ask(R"({"op":"tags.remove","tags":["a"]})")["error"]["code"] == "forbidden");
    CHECK(f.ask(R"({"op":"tags"})")["ok"] == true);
    CHECK(f.ask(R"({"op":"member.ping","member":"gamma"})")["ok"] == true);
}

TEST_CASE("members, links, events and messages carry the label that tells names apart") {
    Fixture f;
    f.target.node_snapshot.members[2].name = "beta";
    gossip::LinkSnapshot link;
    link.id = f.id(1);
    link.name = "beta";
    link.clock_offset_ms = -3;
    f.target.node_snapshot.links.push_back(link);
    const std::string label = "beta#" + crypto::to_text(f.id(1)).substr(0, 4);
    CHECK(f.ask(R"({"op":"members"})")["members"][1]["label"] == label);
    const Json links = f.ask(R"({"op":"links"})")["links"];
    CHECK(links[0]["label"] == label);
    CHECK(links[0]["clock_offset"] == -0.003);

    f.ask(R"({"op":"events"})");
    gossip::Event event;
    event.kind = gossip::EventKind::duplicate_name;
    event.member = f.id(2);
    event.other = f.id(1);
    f.hub.handle_event(event);
    const Json line = Json::parse(f.take());
    CHECK(line["event"] == "duplicate_name");
    CHECK(line["name"] == "beta");
    CHECK(line["label"] == "beta#" + crypto::to_text(f.id(2)).substr(0, 4));
    CHECK(line["by_label"] == label);

    f.ask(R"({"op":"subscribe","topics":["*"]})");
    gossip::Delivery from = delivery("t", "");
    from.publisher = f.id(1);
    f.hub.handle_delivery(from);
    const Json message = Json::parse(f.take());
    CHECK(message["name"] == "beta");
    CHECK(message["label"] == label);
}

TEST_CASE("topics are listed with their messages and bytes") {
    Fixture f;
    f.hub.handle_delivery(delivery("t", "abc"));
    f.hub.handle_delivery(delivery("t", "de"));
    const Json topic = f.ask(R"({"op":"topics"})")["topics"][0];
    CHECK(topic["messages"] == 2);
    CHECK(topic["bytes"] == 5);
}

}  // namespace hearsay::host
