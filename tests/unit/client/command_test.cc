// The command as it is run: what it prints, and its exit codes.
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/unit/client/fake_daemon.h"
#include "tests/unit/client/run_command.h"

namespace hearsay::client {
namespace {

using Json = nlohmann::json;

const std::string kMembers =
    R"("ok":true,"members":[{"id":"aaaaaaaaaaaaaaaaaaaa","short":"aaaaaaaaaaaaaaaa",)"
    R"("name":"alpha","label":"alpha","self":true,"linked":false,"state":"alive",)"
    R"("addresses":["10.0.0.1:4327"],)"
    R"("tags":{"role":"web"},"version":"hearsay 0.1.0","epoch":1,"age":720.5,"last_heard":0,)"
    R"("rtt":null,"clock_offset":null},)"
    R"({"id":"bbbbbbbbbbbbbbbbbbbb","short":"bbbbbbbbbbbbbbbb",)"
    R"("name":"beta\u001b[31m","label":"beta\u001b[31m#bbbb","self":false,"linked":true,)"
    R"("state":"suspect","addresses":[],)"
    R"("tags":{},"version":"","epoch":1,"age":1.25,"last_heard":0,"rtt":0.0004,)"
    R"("clock_offset":0.12}])";

FakeDaemon::Script replies(const std::string& members) {
    return [members](FakeConnection& connection) { connection.answer(connection.line(), members); };
}

}  // namespace

TEST_CASE("no socket: the command says the daemon is not running and how to start it") {
    const Outcome outcome = run("status --socket /tmp/hearsay-no-such-socket");
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, Catch::Contains("hearsayd is not running: there is no socket "
                                            "/tmp/hearsay-no-such-socket") &&
                                Catch::Contains("systemctl start"));
}

TEST_CASE("a socket nobody listens on: the command says so") {
    std::string path;
    {
        FakeDaemon daemon([](FakeConnection&) {}, 0);
        path = daemon.path();
    }
    // The folder went with it: make the socket again, unlistened.
    std::filesystem::create_directory(std::filesystem::path(path).parent_path());
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    close(fd);
    const Outcome outcome = run("members --socket " + path);
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.err, Catch::Contains("nothing listens on " + path));
    std::filesystem::remove_all(std::filesystem::path(path).parent_path());
}

// What the command says to somebody who may not use the socket that belongs to `group`.
std::string refused_with_group(gid_t group) {
    FakeDaemon daemon([](FakeConnection&) {}, 0);
    chmod(std::filesystem::path(daemon.path()).parent_path().c_str(), 0755);
    REQUIRE(chown(daemon.path().c_str(), 0, group) == 0);
    chmod(daemon.path().c_str(), 0660);
    // Where the command was built may be closed to others.
    const std::string copy = std::filesystem::path(daemon.path()).parent_path() / "hearsay";
    std::filesystem::copy_file(HEARSAY_COMMAND, copy);
    const std::string command = "setpriv --reuid=65534 --regid=65534 --clear-groups " + copy +
                                " status --socket " + daemon.path() + " 2>&1";
    std::FILE* const pipe = popen(command.c_str(), "r");
    std::string text;
    std::array<char, 512> buffer;
    while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) text += buffer.data();
    CHECK(WEXITSTATUS(pclose(pipe)) == 1);
    return text;
}

TEST_CASE("no permission: the command names the group and what to do") {
    if (geteuid() != 0) return;  // another user is needed to be refused
    constexpr gid_t kMail = 8;   // Debian's base-passwd has it everywhere
    CHECK_THAT(refused_with_group(kMail), Catch::Contains("it is for root and the group mail") &&
                                              Catch::Contains("sudo adduser $USER mail"));
}

TEST_CASE("no permission: nobody is told to join the group root") {
    if (geteuid() != 0) return;
    const std::string text = refused_with_group(0);
    CHECK_THAT(text, Catch::Contains("it is for root.") && Catch::Contains("Use sudo"));
    CHECK_THAT(text, !Catch::Contains("adduser"));
}

TEST_CASE("a daemon that does not answer is a third thing") {
    FakeDaemon daemon(
        [](FakeConnection& connection) {
            connection.line();
            connection.line();
        },
        1);
    const Outcome outcome =
        ask(daemon, "complete topics");  // the one with half a second's patience
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.err.empty());
}

TEST_CASE("members are a table, self first, with nothing a terminal would obey") {
    FakeDaemon daemon(replies(kMembers));
    const Outcome outcome = ask(daemon, "members");
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out ==
          "NAME               ADDRESS        STATE      AGE     RTT   CLOCK  VERSION        TAGS\n"
          "alpha              10.0.0.1:4327  alive    12min    self       -  hearsay 0.1.0  "
          "role=web\n"
          "beta\\x1b[31m#bbbb  -              suspect   1.2s  0.40ms  +120ms\n");
}

TEST_CASE("members as JSON have the schema and the daemon's keys") {
    FakeDaemon daemon(replies(kMembers));
    const Json read = Json::parse(ask(daemon, "members --json").out);
    CHECK(read["schema"] == 1);
    CHECK_FALSE(read.contains("ok"));
    CHECK(read["members"].size() == 2);
    CHECK(read["members"][1]["rtt"] == 0.0004);
}

TEST_CASE("colour is only used when it is asked for or there is a terminal") {
    FakeDaemon daemon(replies(kMembers), 3);
    CHECK(ask(daemon, "members").out.find('\x1b') == std::string::npos);
    CHECK_THAT(ask(daemon, "members --color always").out, Catch::Contains("\x1b[32malive\x1b[0m"));
    CHECK(ask(daemon, "members --color never").out.find('\x1b') == std::string::npos);
}

TEST_CASE("a refusal is exit code 1 with the daemon's sentence") {
    FakeDaemon daemon(
        replies(R"("ok":false,"error":{"code":"forbidden","message":"you may not connect"})"));
    const Outcome outcome = ask(daemon, "connect somewhere");
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.err == "hearsay: you may not connect\n");
}

TEST_CASE("misspelt verbs get a suggestion and exit code 2") {
    const Outcome outcome = run("subscirbe deploy");
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, Catch::Contains("(did you mean \"subscribe\"?)"));
    CHECK_THAT(run("network crate x").err, Catch::Contains("(did you mean \"create\"?)"));
    CHECK(run("").exit_code == 2);
    CHECK(run("publish").exit_code == 2);
    CHECK(run("publish topic").exit_code == 2);  // no payload
    CHECK(run("wait --members 2 --timeout soon").exit_code == 2);
}

TEST_CASE("a binary payload is published from standard input as it is") {
    std::string payload;
    FakeDaemon daemon([&](FakeConnection& connection) {
        const std::string line = connection.line();
        payload = connection.bytes(5);
        connection.answer(line, R"("ok":true,"message":"ab/0")");
    });
    const Outcome outcome =
        run("publish t - --json --socket " + daemon.path(), "printf 'a\\n\\000\\377b' |");
    CHECK(outcome.exit_code == 0);
    daemon.finish();
    CHECK(payload == std::string("a\n\0\xff"
                                 "b",
                                 5));
    CHECK(Json::parse(outcome.out)["message"] == "ab/0");
}

TEST_CASE("each line of standard input is a message, the last one without newline too") {
    std::string seen;
    FakeDaemon daemon([&](FakeConnection& connection) {
        for (const std::size_t size : {std::size_t{1}, std::size_t{2}}) {
            const std::string line = connection.line();
            seen += line.substr(line.find("\"sizes\"")) + connection.bytes(size);
            connection.answer(line, R"("ok":true,"accepted":)" + std::to_string(3 - size) +
                                        R"(,"refused":0,"messages":[])");
        }
    });
    const Outcome outcome =
        run("publish t --lines --json --socket " + daemon.path(), "printf 'a\\n\\nbc' |");
    CHECK(outcome.exit_code == 0);
    daemon.finish();
    CHECK(seen == R"("sizes":[1,0]}a"sizes":[2]}bc)");
    CHECK(Json::parse(outcome.out)["accepted"] == 3);
}

TEST_CASE("publishing lines fails unless every one was accepted") {
    FakeDaemon daemon([](FakeConnection& connection) {
        const std::string line = connection.line();
        connection.answer(line, R"("ok":false,"accepted":1,"refused":1,"messages":[],)"
                                R"("error":{"code":"busy","message":"no room"})");
    });
    const Outcome outcome =
        run("publish t --lines --socket " + daemon.path(), "printf 'a\\nb\\n' |");
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, Catch::Contains("1 of 2 messages were refused: no room"));
}

TEST_CASE("subscribe prints messages for people, for programs, and raw") {
    const std::string bytes =
        R"({"event":"message","id":"ab/0","topic":"t","publisher":"k3","name":"alpha",)"
        R"("label":"alpha#k3",)"
        R"("created":"2026-01-31T09:15:02.125Z","lifetime":60,"epoch":7,"seq":17,"hops":2,)"
        R"("repeat":false,"size":3})"
        "\na\n\xff";
    FakeDaemon daemon(
        [&](FakeConnection& connection) {
            connection.answer(connection.line(), R"("ok":true)");
            connection.send(bytes);
            connection.line();
        },
        4);
    const std::string options = "subscribe t --count 1 ";
    CHECK_THAT(ask(daemon, options).out, Catch::EndsWith(" alpha#k3 t a\\n\\xff\n"));
    CHECK(ask(daemon, options + "--raw").out == "a\n\xff");
    CHECK(ask(daemon, options + "--lines").out == "a\n\xff\n");
    const std::string line = ask(daemon, options + "--json").out;
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    const Json read = Json::parse(line);
    CHECK(read["schema"] == 1);
    CHECK(read["id"] == "ab/0");
    CHECK(read["payload_base64"] == "YQr/");
    CHECK_FALSE(read.contains("payload"));
}

TEST_CASE("a subscribe that gets too few in time fails") {
    FakeDaemon daemon([](FakeConnection& connection) {
        connection.answer(connection.line(), R"("ok":true)");
        connection.line();
    });
    const Outcome outcome = ask(daemon, "subscribe t --count 2 --timeout 20ms");
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, Catch::Contains("only 0 of 2 came within 20ms"));
}

TEST_CASE("a token is read from standard input, not from arguments") {
    std::string line;
    FakeDaemon daemon([&](FakeConnection& connection) {
        line = connection.line();
        connection.answer(line,
                          R"("ok":true,"network":{"name":"office","open":false,"secrets":1})");
    });
    const Outcome outcome = run("network join --seed h:1 --seed i --socket " + daemon.path(),
                                "printf 'hearsay1-abc\\ndef\\n' |");
    CHECK(outcome.exit_code == 0);
    daemon.finish();
    CHECK_THAT(line, Catch::Contains(R"("token":"hearsay1-abcdef","seeds":["h:1","i"])"));
    const Outcome seen = run("network join hearsay1-abc");
    CHECK(seen.exit_code == 2);
    CHECK_THAT(seen.err, Catch::Contains("paste it when asked"));
    CHECK_THAT(run("network join --socket /nowhere").err, Catch::Contains("no token"));
}

TEST_CASE("help is a verb, and half a verb is answered with what it has") {
    CHECK(run("help").exit_code == 0);
    CHECK(run("help wait").out == run("wait --help").out);
    const Outcome half = run("network");
    CHECK(half.exit_code == 2);
    CHECK_THAT(half.out, Catch::Contains("rotate"));
    CHECK_THAT(run("network jion").err,
               Catch::Contains("did you mean \"join\"") && Catch::Contains("network --help"));
    CHECK_THAT(run("--bogus").err, Catch::Contains("no option --bogus"));
}

TEST_CASE("counts and times of nothing are refused") {
    for (const char* const words : {"subscribe t --count 0", "subscribe t --count -3",
                                    "wait --members 0", "check --members 0",
                                    "publish t x --lifetime 0s", "publish t x --lifetime 2h"})
        CHECK(run(words).exit_code == 2);
}

TEST_CASE("wait looks at least once") {
    FakeDaemon daemon([](FakeConnection& connection) {
        connection.answer(connection.line(), "\"ok\":true");
        connection.answer(connection.line(), R"("ok":true,"members":{"alive":1})");
    });
    CHECK_THAT(ask(daemon, "wait --members 2 --timeout 0s").err, Catch::Contains("only 1 of 2"));
}

TEST_CASE("check prints one monitoring line with the plugin exit codes") {
    const auto status = [](const std::string& network, int alive, const std::string& health) {
        return replies(R"("ok":true,"network":)" + network + R"(,"links":3,"members":{"alive":)" +
                       std::to_string(alive) + R"(,"suspect":0,"failed":0,"left":0},"health":[)" +
                       health + "]");
    };
    const std::string network = R"({"name":"office","open":false,"secrets":1})";
    {
        FakeDaemon daemon(status(network, 4, ""));
        const Outcome outcome = ask(daemon, "check");
        CHECK(outcome.exit_code == 0);
        CHECK(outcome.out ==
              "OK - 4 members alive, 3 links | alive=4 suspect=0 failed=0 links=3\n");
    }
    {
        FakeDaemon daemon(status(network, 4, "\"something is off\""));
        const Outcome outcome = ask(daemon, "check");
        CHECK(outcome.exit_code == 1);
        CHECK_THAT(outcome.out, Catch::StartsWith("WARNING - something is off |"));
    }
    {
        FakeDaemon daemon(status(network, 4, R"("off","odd")"));
        const Json read = Json::parse(ask(daemon, "check --json").out);
        CHECK(read["verdict"] == "WARNING");
        CHECK(read["text"] == "off (and 1 more: hearsay status)");
        CHECK(read["figures"]["alive"] == 4);
        CHECK(read["health"].size() == 2);
    }
    {
        FakeDaemon daemon(status(network, 4, ""));
        CHECK(ask(daemon, "check --members 5").exit_code == 2);
    }
    {
        FakeDaemon daemon(status("null", 1, ""));
        CHECK_THAT(ask(daemon, "check").out, Catch::StartsWith("CRITICAL - in no network yet"));
    }
    CHECK(run("check --socket /tmp/hearsay-no-such-socket").exit_code == 2);
}

TEST_CASE("version tells both versions, and its own without a daemon") {
    FakeDaemon daemon(replies(R"("ok":true,"api":1,"version":"9.9")"));
    const Json read = Json::parse(ask(daemon, "version --json").out);
    CHECK(read["daemon"] == "9.9");
    CHECK(read["api"] == 1);
    const Outcome alone = run("version --socket /tmp/hearsay-no-such-socket");
    CHECK(alone.exit_code == 0);
    CHECK_THAT(alone.out, Catch::Contains("hearsayd  is not running"));
}

TEST_CASE("config check tells every problem and where it is") {
    std::string pattern = "/tmp/hearsay-config-XXXXXX";
    const std::string folder = mkdtemp(pattern.data());
    const std::string file = folder + "/a.toml";
    std::FILE* const out = std::fopen(file.c_str(), "w");
    std::fputs("[listen]\nprot = 4327\nport = \"x\"\n", out);
    std::fclose(out);
    const Outcome outcome = run("config check " + file);
    CHECK(outcome.exit_code == 1);
    CHECK_THAT(outcome.err, Catch::Contains(file + ":2:1:") && Catch::Contains(file + ":3:"));
    const Json read = Json::parse(run("config check --json " + file).out);
    CHECK(read["good"] == false);
    CHECK(read["problems"].size() == 2);
    std::filesystem::remove_all(folder);
}

}  // namespace hearsay::client
