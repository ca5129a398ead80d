// --exec: a command for each message, without a shell.
#include "client/command/exec_pool.h"

#include <CLI/CLI.hpp>
#include <fstream>
#include <sstream>

#include "client/command/session.h"
#include "tests/catch.h"
#include "tests/unit/client/fake_daemon.h"
#include "tests/unit/client/run_command.h"

namespace hearsay::client {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

// A folder whose files commands write.
struct Folder {
    std::string path;
    Folder() {
        std::string pattern = "/tmp/hearsay-exec-XXXXXX";
        path = mkdtemp(pattern.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string script(const std::string& text) const {
        const std::string file = path + "/script";
        std::ofstream(file) << "#!/bin/sh\n" << text << "\n";
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        return file;
    }
    std::string read(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(path + "/" + name).rdbuf();
        return text.str();
    }
};

ExecJob job(const std::string& input) { return {input, {{"HEARSAY_TOPIC", "t"}}, "t"}; }

std::string message(const std::string& payload) {
    return R"({"event":"message","id":"ab/0","topic":"a b$x","publisher":"k3","name":"alpha",)"
           R"("label":"alpha#k3","created":"2026-01-31T09:15:02.125Z","lifetime":60,"epoch":7,)"
           R"("seq":17,"hops":2,"repeat":false,"size":)" +
           std::to_string(payload.size()) + "}\n" + payload;
}

// What a daemon that sends `bytes` after the subscription is told.
Outcome listen(const std::string& arguments, const std::string& bytes) {
    FakeDaemon daemon([&](FakeConnection& connection) {
        connection.answer(connection.line(), R"("ok":true)");
        connection.send(bytes);
        connection.line();
    });
    return ask(daemon, arguments);
}

}  // namespace

TEST_CASE("a command is split into words at blanks, quotes group, a backslash keeps") {
    CHECK(split_words("--exec", "  a  bc ") == Words{"a", "bc"});
    CHECK(split_words("--exec", "a 'b c' \"d 'e\" f\\ g ''") ==
          Words{"a", "b c", "d 'e", "f g", ""});
    CHECK(split_words("--exec", "a'b'c '\\x' $HOME *") == Words{"abc", "\\x", "$HOME", "*"});
    CHECK_THROWS_AS(split_words("--exec", "a 'b"), CLI::ValidationError);
    CHECK_THROWS_AS(split_words("--exec", " "), CLI::ValidationError);
}

TEST_CASE("a command gets its input whole, however large, and its environment") {
    Folder folder;
    const std::string large(3 << 20, 'x');
    ExecPool pool({{folder.script("cat >\"$1/in\"; printf %s \"$HEARSAY_TOPIC\" >\"$1/topic\""),
                    folder.path}});
    pool.add(job(large));
    pool.finish();
    CHECK(folder.read("in") == large);
    CHECK(folder.read("topic") == "t");
    CHECK(pool.failed() == 0);
}

TEST_CASE("no more than so many commands run at once") {
    Folder folder;
    // Each leaves a file while it runs; the number there are is the number that run.
    const std::string script = folder.script(
        "touch \"$1/run.$$\"; ls \"$1\" | grep -c run >>\"$1/counts\"; sleep 0.05; rm "
        "\"$1/run.$$\"");
    ExecPool pool({{script, folder.path}, 2});
    for (int i = 0; i < 8; ++i) pool.add(job(""));
    pool.finish();
    std::istringstream counts(folder.read("counts"));
    int seen = 0;
    for (int count = 0; counts >> count; ++seen) CHECK(count <= 2);
    CHECK(seen == 8);
}

TEST_CASE("a command that takes too long is killed with what it has started") {
    Folder folder;
    ExecPool pool({{folder.script("sleep 60 & sleep 60"), folder.path}, 1, 50ms});
    const auto began = ExecPool::Clock::now();
    pool.add(job(""));
    pool.finish();
    CHECK(ExecPool::Clock::now() - began < 10s);
    CHECK(pool.failed() == 1);
}

TEST_CASE("adding never waits for a stuck command, and what waits is bounded") {
    ExecPool pool({{"sleep", "60"}, 1, 100ms});
    const auto began = ExecPool::Clock::now();
    for (std::size_t i = 0; i < ExecPool::kWaitingMax + 11; ++i) pool.add(job(""));
    CHECK(ExecPool::Clock::now() - began < 1s);
    CHECK(pool.dropped() == 10);
}

TEST_CASE("the bytes that wait are bounded too") {
    ExecPool pool({{"sleep", "60"}, 1, 100ms});
    const std::string large(1 << 20, 'x');
    for (int i = 0; i < 20; ++i) pool.add(job(large));
    CHECK(pool.dropped() == 3);
}

TEST_CASE("a command that cannot be run at all ends everything") {
    ExecPool pool({{"/nowhere/at/all"}});
    CHECK_THROWS_AS(pool.add(job("")), Stop);
}

TEST_CASE("subscribe --exec gives payload and facts to the command, and expands nothing") {
    Folder folder;
    const std::string script =
        folder.script("cat >\"$1/in\"; env | grep ^HEARSAY_ | sort >\"$1/env\"; echo \"$2\"");
    const Outcome outcome =
        listen("subscribe t --count 1 --exec '" + script + " " + folder.path + " \"$HOME *\"'",
               message("a\n\xff"));
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out == "$HOME *\n");
    CHECK(folder.read("in") == "a\n\xff");
    CHECK_THAT(folder.read("env"),
               Catch::Contains("HEARSAY_TOPIC=a b$x\n") && Catch::Contains("HEARSAY_ID=ab/0\n") &&
                   Catch::Contains("HEARSAY_PUBLISHER=k3\n") &&
                   Catch::Contains("HEARSAY_NAME=alpha#k3\n") &&
                   Catch::Contains("HEARSAY_HOPS=2\n") && Catch::Contains("HEARSAY_SIZE=3\n"));
}

TEST_CASE("events --exec gives the event's line and facts to the command") {
    Folder folder;
    const std::string script =
        folder.script("cat >\"$1/in\"; echo \"$HEARSAY_EVENT $HEARSAY_NAME $HEARSAY_TEXT\"");
    const std::string line =
        R"({"event":"member_failed","at":"2026-01-31T09:15:02.125Z","member":"bb","name":"x",)"
        R"("label":"x#bb","by":null,"by_label":"","address":null,"text":"silent"})";
    const Outcome outcome =
        listen("events --count 1 --exec '" + script + " " + folder.path + "'", line + "\n");
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out == "member_failed x#bb silent\n");
    CHECK(folder.read("in") == line + "\n");
}

TEST_CASE("a command that fails is told of and makes the exit code 1") {
    const Outcome outcome = listen("subscribe t --count 1 --exec false", message(""));
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, Catch::Contains("false ended with 1, for a b$x ab/0") &&
                                Catch::Contains("1 commands failed, 0 dropped"));
    const Outcome missing = listen("subscribe t --count 1 --exec /nowhere", message(""));
    CHECK(missing.exit_code == 1);
    CHECK_THAT(missing.err, Catch::Contains("cannot run /nowhere: No such file"));
}

TEST_CASE("--exec is checked before anything is subscribed") {
    CHECK(run("subscribe t --exec \"a 'b\"").exit_code == 2);
    CHECK(run("subscribe t --exec a --json").exit_code == 2);
    CHECK(run("subscribe t --exec a --raw").exit_code == 2);
    CHECK(run("subscribe t --exec-jobs 2").exit_code == 2);
    CHECK(run("subscribe t --exec a --exec-jobs 0").exit_code == 2);
    CHECK(run("subscribe t --exec a --exec-timeout soon").exit_code == 2);
}

}  // namespace hearsay::client
