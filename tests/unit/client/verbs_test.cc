// The verbs that look after members: ping, tags, links, events.
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/unit/client/fake_daemon.h"
#include "tests/unit/client/run_command.h"

namespace hearsay::client {
namespace {

using Json = nlohmann::json;

std::string pong(const std::string& rtt, bool is_linked = true, const std::string& more = "") {
    return R"("ok":true,"member":"bbbb","short":"bbbb","name":"beta","label":"beta#bbbb",)"
           R"("self":false,"linked":)" +
           std::string(is_linked ? "true" : "false") +
           R"(,"state":"alive","address":"10.0.0.2:4327","rtt":)" + rtt +
           R"(,"hops":2,"presence_age":12.4)" + more;
}

FakeDaemon::Script pongs(std::vector<std::string> replies) {
    return [replies](FakeConnection& connection) {
        for (const std::string& reply : replies) connection.answer(connection.line(), reply);
    };
}

std::string request_of(const std::string& arguments, const std::string& reply) {
    std::string line;
    FakeDaemon daemon([&](FakeConnection& connection) {
        line = connection.line();
        connection.answer(line, reply);
    });
    ask(daemon, arguments);
    daemon.finish();
    return line;
}

const std::string kTags = R"("ok":true,"tags":{"role":"db"},"configured":{"role":"web"})";

}  // namespace

TEST_CASE("ping prints every round trip and a summary") {
    FakeDaemon daemon(pongs({pong("0.0004"), pong("null"), pong("0.0008")}));
    const Outcome outcome = ask(daemon, "ping beta --interval 1ms");
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out ==
          "1: beta#bbbb at 10.0.0.2:4327: 0.40ms\n"
          "2: beta#bbbb at 10.0.0.2:4327: no answer\n"
          "3: beta#bbbb at 10.0.0.2:4327: 0.80ms\n"
          "3 sent, 2 answered; least 0.40ms, mean 0.60ms, most 0.80ms\n");
}

TEST_CASE("ping as JSON has the round trips as numbers") {
    FakeDaemon daemon(pongs({pong("0.25"), pong("0.75")}));
    const Json read = Json::parse(ask(daemon, "ping beta --count 2 --interval 1ms --json").out);
    CHECK(read["schema"] == 1);
    CHECK(read["rtts"] == Json::parse("[0.25,0.75]"));
    CHECK(read["mean"] == 0.5);
    CHECK(read["sent"] == 2);
    CHECK(read["answered"] == 2);
    CHECK(read["hops"] == 2);
    CHECK_FALSE(read.contains("rtt"));
}

TEST_CASE("ping fails when nothing was answered") {
    FakeDaemon daemon(pongs({pong("null")}), 2);
    const Outcome outcome = ask(daemon, "ping beta --count 1");
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.out, Catch::EndsWith("1 sent, 0 answered\n"));
    CHECK_THAT(outcome.err, Catch::Contains("beta#bbbb did not answer"));
    const Outcome json = ask(daemon, "ping beta --count 1 --json");
    CHECK(json.exit_code == 1);
    CHECK(Json::parse(json.out)["mean"].is_null());
}

TEST_CASE("ping of a member without a link tells hops and age instead") {
    FakeDaemon daemon(pongs({pong("null", false)}), 2);
    const Outcome outcome = ask(daemon, "ping beta");
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.out, Catch::Contains("has no link with this host") &&
                                Catch::Contains("came over 2 links 12s ago"));
    const Json read = Json::parse(ask(daemon, "ping beta --json").out);
    CHECK(read["linked"] == false);
    CHECK(read["sent"] == 0);
    CHECK(read["rtts"].empty());
}

TEST_CASE("ping wants a sensible count") {
    CHECK(run("ping beta --count 0").exit_code == 2);
    CHECK(run("ping").exit_code == 2);
}

TEST_CASE("tags are printed as they are written, and a change of run time is said to be one") {
    FakeDaemon daemon(pongs({kTags}), 2);
    const Outcome outcome = ask(daemon, "tags");
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out == "role=db\n");
    CHECK_THAT(outcome.err, Catch::Contains("until the daemon ends"));
    CHECK(Json::parse(ask(daemon, "tags --json").out)["tags"]["role"] == "db");
}

TEST_CASE("tags are set and removed as they were given") {
    CHECK_THAT(request_of("tags set role=db 'note=a b'", kTags),
               Catch::Contains(R"("op":"tags.set")") &&
                   Catch::Contains(R"("tags":["role=db","note=a b"])"));
    CHECK_THAT(
        request_of("tags remove role rack --json", kTags),
        Catch::Contains(R"("op":"tags.remove")") && Catch::Contains(R"("tags":["role","rack"])"));
    CHECK(run("tags set").exit_code == 2);
    CHECK_THAT(run("tags rm role").err, Catch::Contains("there is no verb \"rm\""));
}

TEST_CASE("links show the neighbours' labels and clocks") {
    FakeDaemon daemon(pongs(
        {R"("ok":true,"links":[{"id":"b","short":"b","name":"beta","label":"beta#bbbb",)"
         R"("address":"10.0.0.2:4327","initiator":true,"codec":"flatbuffers","age":5,"idle":0.2,)"
         R"("rtt":0.0004,"clock_offset":-1.5,"packets_sent":1,"packets_received":1,)"
         R"("bytes_sent":10,"bytes_received":20,"packets_lost":0,"chunks_queued":0,)"
         R"("packets_in_flight":0,"slow":false}],"candidates":[])"}));
    CHECK_THAT(ask(daemon, "links").out, Catch::Contains("CLOCK") && Catch::Contains("beta#bbbb") &&
                                             Catch::Contains("-1.5s"));
}

TEST_CASE("an event about two members names both by their labels") {
    const std::string line =
        R"({"event":"duplicate_name","at":"2026-01-31T09:15:02.125Z","member":"bb","name":"x",)"
        R"("label":"x#bbbb","by":"cc","by_label":"x#cccc","address":null,"text":"2 members"})"
        "\n";
    FakeDaemon daemon([&](FakeConnection& connection) {
        connection.answer(connection.line(), R"("ok":true)");
        connection.send(line);
        connection.line();
    });
    CHECK_THAT(ask(daemon, "events --count 1").out,
               Catch::EndsWith("duplicate_name x#bbbb: 2 members (the other is x#cccc)\n"));
}

}  // namespace hearsay::client
