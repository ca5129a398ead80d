// The views that refresh: top, and members --watch.
#include <nlohmann/json.hpp>

#include "client/command/refusals.h"
#include "tests/catch.h"
#include "tests/unit/client/fake_daemon.h"
#include "tests/unit/client/run_command.h"

namespace hearsay::client {
namespace {

using Json = nlohmann::json;

std::string status(int datagrams, int refused) {
    return R"("ok":true,"self":{"name":"alpha"},"network":{"name":"office"},)"
           R"("members":{"alive":2},"counters":{"datagrams_received":)" +
           std::to_string(datagrams) +
           R"(,"bytes_received":0,"datagrams_sent":0,"bytes_sent":0,"messages_delivered":0,)"
           R"("messages_published":0,"refused_bad_mac":)" +
           std::to_string(refused) + "}";
}

std::string links(int bytes) {
    return R"("ok":true,"links":[{"id":"b","short":"b","name":"beta","label":"beta",)"
           R"("bytes_received":)" +
           std::to_string(bytes) +
           R"(,"bytes_sent":0,"packets_received":0,"packets_sent":0,"packets_lost":0,)"
           R"("chunks_queued":0,"rtt":null}],"candidates":[])";
}

std::string topics(int messages) {
    return R"("ok":true,"topics":[{"topic":"quiet","messages":5,"bytes":5,"age":60},)"
           R"({"topic":"ci\u001b","messages":)" +
           std::to_string(messages) + R"(,"bytes":0,"age":0.1}])";
}

// Answers two samples: everything rises by 1,000.
void two_samples(FakeConnection& connection) {
    for (const int n : {7, 1007})
        for (const std::string& reply : {status(n, n), links(n), topics(n)})
            connection.answer(connection.line(), reply);
}

}  // namespace

TEST_CASE("top off a terminal prints one view without anything a terminal obeys") {
    FakeDaemon daemon(two_samples);
    const Outcome outcome = ask(daemon, "top --interval 20ms");
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.out, Catch::StartsWith("alpha, network office, 2 alive, 1 links\n"));
    CHECK(outcome.out.find('\x1b') == std::string::npos);
    CHECK_THAT(outcome.out, Catch::Contains("datagrams by somebody without the network's secret"));
    // The busiest first.
    CHECK(outcome.out.find("ci\\x1b") < outcome.out.find("quiet"));
}

TEST_CASE("top as JSON has rates by topic, link and reason") {
    FakeDaemon daemon(two_samples);
    const Outcome outcome = ask(daemon, "top --interval 20ms --json");
    const Json read = Json::parse(outcome.out);
    CHECK(read["schema"] == 1);
    const double expected = 1000 / read["over"].get<double>();
    CHECK(read["over"].get<double>() >= 0.02);
    CHECK(read["topics"][0]["messages"] == 0);
    CHECK(read["topics"][1]["messages"].get<double>() == Approx(expected));
    CHECK(read["links"][0]["bytes_received"].get<double>() == Approx(expected));
    CHECK(read["refused"]["refused_bad_mac"].get<double>() == Approx(expected));
    CHECK(read["counters"]["datagrams_received"].get<double>() == Approx(expected));
}

TEST_CASE("top shows as many views as it is told to, and rates never fall below zero") {
    FakeDaemon daemon([](FakeConnection& connection) {
        for (const int n : {1000, 0, 0})  // the daemon has begun anew
            for (const std::string& reply : {status(n, n), links(n), topics(n)})
                connection.answer(connection.line(), reply);
    });
    const Outcome outcome = ask(daemon, "top --interval 5ms --count 2 --json");
    CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 2);
    CHECK(outcome.out.find(":-") == std::string::npos);
}

TEST_CASE("every refusal that has words is one, and has words of its own") {
    CHECK(is_refusal("refused_bad_mac"));
    CHECK(is_refusal("beacons_over_rate"));
    CHECK_FALSE(is_refusal("datagrams_sent"));
    CHECK(refusal_words("refused_bad_mac") != "refused_bad_mac");
    CHECK(refusal_words("refused_by_nobody") == "refused_by_nobody");
}

TEST_CASE("members --watch shows them again at every event") {
    const std::string members =
        R"("ok":true,"members":[{"id":"a","short":"a","name":"NAME","label":"NAME","self":true,)"
        R"("linked":false,"state":"alive","addresses":[],"tags":{},"version":"","epoch":1,)"
        R"("age":1,"last_heard":0,"rtt":null,"clock_offset":null}])";
    const auto named = [&](const std::string& name) {
        std::string text = members;
        while (text.find("NAME") != std::string::npos) text.replace(text.find("NAME"), 4, name);
        return text;
    };
    FakeDaemon daemon([&](FakeConnection& connection) {
        connection.answer(connection.line(), R"("ok":true)");
        connection.answer(connection.line(), named("before"));
        connection.send("{\"event\":\"member_updated\"}\n");
        connection.answer(connection.line(), named("behind"));
    });
    const Outcome outcome = ask(daemon, "members --watch");
    CHECK(outcome.exit_code == 3);  // the daemon has gone
    CHECK(outcome.out.find("before") < outcome.out.find("behind"));
    CHECK(outcome.out.find("behind") != std::string::npos);
}

}  // namespace hearsay::client
