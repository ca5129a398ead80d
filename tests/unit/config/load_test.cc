#include "config/load.h"

#include <algorithm>

#include "tests/catch.h"
#include "tests/unit/config/files.h"

namespace hearsay::config {
namespace {

constexpr std::string_view kName = "hearsay.toml";

std::string all_text(const Loaded& loaded) {
    std::string text;
    for (const Problem& problem : loaded.problems) text += to_text(problem) + "\n";
    return text;
}

std::string problems_of(std::string_view text) { return all_text(load_text(text, kName)); }

Config config_of(std::string_view text) {
    const Loaded loaded = load_text(text, kName);
    INFO(all_text(loaded));
    REQUIRE(loaded.is_good());
    return loaded.config;
}

TEST_CASE("an empty file gives the defaults", "[config][load]") {
    CHECK(config_of("") == Config{});
    CHECK(config_of("# nothing\n[node]\n[link]\n") == Config{});
}

TEST_CASE("every sort of value arrives in its field", "[config][load]") {
    const Config config = config_of(R"(
[node]
name = "web-1"
tags = { role = "web", "a.b" = "c" }
[listen]
addresses = ["127.0.0.1", "::1"]
port = 0
receive_buffer = "512KiB"
send_buffer = 100000
[discovery]
seeds = ["gossip.example", "[2001:db8::1]:99"]
beacon = false
[link]
heartbeat_interval = "250ms"
[log]
level = "debug"
)");
    CHECK(config.node.name == "web-1");
    CHECK(config.node.tags == std::vector<Tag>{{"a.b", "c"}, {"role", "web"}});
    CHECK(config.listen.addresses == std::vector<std::string>{"127.0.0.1", "::1"});
    CHECK(config.listen.port == 0);
    CHECK(config.listen.receive_buffer == 512 * 1024);
    CHECK(config.listen.send_buffer == 100'000);
    CHECK(config.discovery.seeds ==
          std::vector<HostPort>{{"gossip.example", kDefaultPort}, {"2001:db8::1", 99}});
    CHECK_FALSE(config.discovery.beacon);
    CHECK(config.link.heartbeat_interval == 250ms);
    CHECK(config.log.level == LogLevel::debug);
}

TEST_CASE("tags may have a section of their own", "[config][load]") {
    CHECK(config_of("[node.tags]\nrole = \"web\"\n").node.tags ==
          std::vector<Tag>{{"role", "web"}});
}

// Goal: what an operator reads of a file with one mistake of each sort.
TEST_CASE("eight mistakes are told at once, each with what is allowed", "[config][load]") {
    CHECK(problems_of(read_source_file("tests/vectors/config/eight_mistakes.toml")) ==
          read_source_file("tests/vectors/config/eight_mistakes.txt"));
}

TEST_CASE("a misspelt key is told with its section and the likely one", "[config][load]") {
    CHECK(problems_of("[log]\nlevl = \"info\"\n") ==
          "hearsay.toml:2:1: log.levl: unknown key; [log] has level (did you mean \"level\"?)\n");
}

TEST_CASE("a key in the wrong section is told where it belongs", "[config][load]") {
    CHECK(problems_of("[log]\nmembers = 5\n") ==
          "hearsay.toml:2:1: log.members: unknown key; [log] has level (did you mean "
          "\"limits.members\"?)\n");
    CHECK(problems_of("members = 5\n") ==
          "hearsay.toml:1:1: members: no section; a key stands below the line of its section "
          "(did you mean \"limits.members\"?)\n");
}

TEST_CASE("a section written as a key is told so", "[config][load]") {
    CHECK(problems_of("log = \"debug\"\n") ==
          "hearsay.toml:1:1: log: expected a section, found the string \"debug\"; it begins with "
          "the line [log]\n");
    CHECK(problems_of("[[log]]\nlevel = \"debug\"\n") ==
          "hearsay.toml:1:3: log: expected a section, found a list; it begins with the line "
          "[log]\n");
}

TEST_CASE("a wrong type is told with the right one", "[config][load]") {
    CHECK(problems_of("[node]\nname = 5\n") ==
          "hearsay.toml:2:8: node.name: expected a string, found the integer 5; at most "
          "63 bytes\n");
    CHECK(problems_of("[limits]\nlinks = 8.5\n") ==
          "hearsay.toml:2:9: limits.links: expected an integer without quotes, found a decimal "
          "number; 1 to 64\n");
    CHECK(problems_of("[discovery]\nbeacon = 1\n") ==
          "hearsay.toml:2:10: discovery.beacon: expected true or false without quotes, found the "
          "integer 1\n");
    CHECK(problems_of("[api]\npublishers = \"alice\"\n") ==
          "hearsay.toml:2:14: api.publishers: expected a list of strings, found a string; write "
          "it in brackets, [\"alice\"]\n");
    CHECK(problems_of("[node]\ntags = [\"web\"]\n") ==
          "hearsay.toml:2:8: node.tags: expected a table of strings, found a list; write it like "
          "{ role = \"web\" }\n");
    CHECK(problems_of("[log]\nlevel = 2020-01-01\n") ==
          "hearsay.toml:2:9: log.level: expected a string, found a date or time; \"error\", "
          "\"warning\", \"info\" or \"debug\"\n");
}

TEST_CASE("a duration without unit is an error that says so", "[config][load]") {
    CHECK(problems_of("[flood]\nlifetime = 60\n") ==
          "hearsay.toml:2:12: flood.lifetime: expected a duration with its unit in quotes, found "
          "the integer 60; 1s to 1h, written like \"5s\"\n");
    CHECK(problems_of("[flood]\nlifetime = \"60\"\n") ==
          "hearsay.toml:2:12: flood.lifetime: \"60\" has no unit; 1s to 1h, written like 250ms, "
          "5s, 2min or 1h\n");
}

TEST_CASE("a bad unit of a size gets a suggestion", "[config][load]") {
    CHECK(problems_of("[limits]\nstore = \"64 MiB\"\n") ==
          "hearsay.toml:2:9: limits.store: \"64 MiB\" has a unit that is not known; 1MiB to 16GiB, "
          "written like 64MiB, 512KiB, 100kB, or an integer of bytes (did you mean "
          "\"64MiB\"?)\n");
}

TEST_CASE("a value out of bound is told with its bound, as it was written", "[config][load]") {
    CHECK(problems_of("[limits]\nlinks = -1\n") ==
          "hearsay.toml:2:9: limits.links: -1 is out of bound; 1 to 64\n");
    CHECK(problems_of("[limits]\nlinks = 0x41\n") ==
          "hearsay.toml:2:9: limits.links: 65 is out of bound; 1 to 64\n");
    CHECK(problems_of("[listen]\nport = 65536\n") ==
          "hearsay.toml:2:8: listen.port: 65536 is out of bound; 0 to 65535\n");
    CHECK(problems_of("[limits]\nstore = 5\n") ==
          "hearsay.toml:2:9: limits.store: 5 is out of bound; 1MiB to 16GiB\n");
    CHECK(problems_of("[link]\nheartbeat_interval = \"20ms\"\n") ==
          "hearsay.toml:2:22: link.heartbeat_interval: \"20ms\" is out of bound; 50ms to 10s\n");
    CHECK(problems_of("[wire]\ncodecs = []\n") ==
          "hearsay.toml:2:10: wire.codecs: 0 entries are out of bound; 1 to 8 entries\n");
}

TEST_CASE("a refused value leaves the default in its place", "[config][load]") {
    const Loaded loaded = load_text("[limits]\nlinks = 0\nmembers = 32\n", kName);
    CHECK(loaded.config.limits.links == Config{}.limits.links);
    CHECK(loaded.config.limits.members == 32);
}

TEST_CASE("an entry of a list is told with its own place", "[config][load]") {
    CHECK(problems_of("[discovery]\nseeds = [\"a\",\n  5, \"b:0\",\n  \"a b\"]\n") ==
          "hearsay.toml:3:3: discovery.seeds: expected a string in the list, found the integer 5\n"
          "hearsay.toml:3:6: discovery.seeds: \"b:0\" has a port that is not a number up to 65535; "
          "a host is \"name\", \"192.0.2.1:4327\" or \"[2001:db8::1]:4327\"\n"
          "hearsay.toml:4:3: discovery.seeds: \"a b\" is neither an address nor a host name; a "
          "host is \"name\", \"192.0.2.1:4327\" or \"[2001:db8::1]:4327\"\n");
    CHECK(problems_of("[listen]\naddresses = [5, \"127.0.0.1\",\n\"x\"]\n") ==
          "hearsay.toml:2:14: listen.addresses: expected a string in the list, found the integer "
          "5\n"
          "hearsay.toml:3:1: listen.addresses: \"x\" is not an address; \"::\", \"192.0.2.1\", "
          "\"2001:db8::1\" and \"fe80::1%3\" are\n");
}

TEST_CASE("an address with a port is told where the port belongs", "[config][load]") {
    CHECK(problems_of("[listen]\naddresses = [\"[::1]:4327\"]\n") ==
          "hearsay.toml:2:14: listen.addresses: \"[::1]:4327\" has brackets or a port; the port "
          "stands in listen.port\n");
}

TEST_CASE("a seed given twice is told, the same host with its default port too", "[config][load]") {
    CHECK(problems_of("[discovery]\nseeds = [\"a\", \"a:4327\"]\n") ==
          "hearsay.toml:2:15: discovery.seeds: \"a:4327\" stands twice; each entry once\n");
}

TEST_CASE("a tag that is no string is told with the cure", "[config][load]") {
    CHECK(problems_of("[node]\ntags = { a.b = \"c\", R = \"x\" }\n") ==
          "hearsay.toml:2:10: node.tags: the tag \"a\" is a table; its value is a string, and a "
          "key with a dot has quotes\n"
          "hearsay.toml:2:25: node.tags: \"R\" is no tag; 1 to 32 of a-z 0-9 . _ -\n");
}

TEST_CASE("a contradiction is told where its key stands", "[config][load]") {
    CHECK(problems_of("[link]\nprobe_after = \"2s\"\n") ==
          "hearsay.toml:2:15: link.probe_after: \"2s\" is not before link.dead_after, \"1500ms\"; "
          "less than link.dead_after\n");
}

TEST_CASE("a contradiction with a default is told where the other key stands", "[config][load]") {
    CHECK(problems_of("[link]\ndead_after = \"1s\"\n") ==
          "hearsay.toml:2:14: link.probe_after: \"1s\" is not before link.dead_after, \"1s\"; less "
          "than link.dead_after\n");
}

TEST_CASE("a refused value causes no contradiction on top", "[config][load]") {
    CHECK(load_text("[link]\nprobe_after = \"2s\"\ndead_after = \"9\"\n", kName).problems.size() ==
          1);
}

TEST_CASE("a key given twice is told and the rest still checked", "[config][load]") {
    CHECK(problems_of("[limits]\nlinks = 5\n  links = 6\nmembers = 1\n") ==
          "hearsay.toml:3:3: limits.links: given twice in this file; each key once\n"
          "hearsay.toml:4:11: limits.members: 1 is out of bound; 16 to 65536\n");
    CHECK(problems_of("[api]\nclients = 5\nclients = [5,\n6]\n") ==
          "hearsay.toml:3:1: api.clients: given twice in this file; each key once\n");
}

TEST_CASE("what is not TOML is told with its place", "[config][load]") {
    const std::string text = problems_of("[node]\nname = [\nport\n");
    CHECK_THAT(text, Catch::Matchers::StartsWith("hearsay.toml:3:1: not TOML: while parsing "));
    CHECK_THAT(text, Catch::Matchers::EndsWith("; the rest of this file was not checked\n"));
    CHECK(load_text("[node]\n[node]\n", kName).problems.size() == 1);
    CHECK(load_text("[node]\nname = \"\xff\"\n", kName).problems.size() == 1);
    CHECK(load_text("nonsense\n", kName).problems.size() == 1);
}

TEST_CASE("a value without its quotes is told with them", "[config][load]") {
    for (const char* line : {"lifetime = 5s", "lifetime = 5s  # soon", "lifetime=5s\r"}) {
        const std::string text = problems_of("[flood]\n" + std::string(line) + "\n");
        CHECK_THAT(text, Catch::Matchers::EndsWith(" (did you mean \"5s\", in quotes?)\n"));
    }
    CHECK(problems_of("[flood]\nlifetime = \"5s\n").find("did you mean") == std::string::npos);
}

TEST_CASE("a file of keys given twice is not read for ever", "[config][load]") {
    std::string text = "[node]\n";
    for (int i = 0; i < 1'000; ++i) text += "name = \"a\"\n";
    const Loaded loaded = load_text(text, kName);
    CHECK(loaded.problems.size() <= 20);
    CHECK_FALSE(loaded.is_good());
}

TEST_CASE("names and values cannot break out of their line", "[config][load]") {
    const std::string text =
        problems_of("\"a\\nb\" = 1\n[log]\n\"c\\u001bd\" = 1\nlevel = \"e\\nf\"\n");
    CHECK(std::count(text.begin(), text.end(), '\n') == 3);
    CHECK(text.find('\x1b') == text.npos);
}

TEST_CASE("a long value is cut in a message, not in a character", "[config][load]") {
    std::string level;
    for (int i = 0; i < 100; ++i) level += "\xc3\xa9";
    const std::string text = problems_of("[log]\nlevel = \"x" + level + "\"\n");
    CHECK(text.size() < 200);
    CHECK(text.find("\xc3\xa9...\" is no log level") != text.npos);
}

TEST_CASE("nesting deeper than the stack is refused before it is read", "[config][load]") {
    std::string text = "a";
    for (int i = 0; i < 130'000; ++i) text += ".a";
    CHECK(problems_of(text + " = 1\n") ==
          "hearsay.toml: has more than 4096 dots; no configuration nests so deep\n");
}

TEST_CASE("files of conf.d are merged in the order of their names", "[config][files]") {
    const ScratchDirectory directory;
    const std::string main = directory.write(
        "hearsay.toml",
        "[node]\nname = \"a\"\ntags = { x = \"1\", y = \"1\" }\n[listen]\nport = 1\n"
        "[discovery]\nseeds = [\"a\", \"b\"]\n");
    const std::string ten = directory.write("conf.d/10.toml", "[listen]\nport = 10\n");
    const std::string nine =
        directory.write("conf.d/9.toml",
                        "[node]\ntags = { y = \"9\", a = \"9\" }\n[listen]\nport = 9\n"
                        "[discovery]\nseeds = [\"c\"]\n");
    directory.write("conf.d/.hidden.toml", "bad");
    const std::string other = directory.write("conf.d/other.conf", "bad");

    const Loaded loaded = load_files(main);
    INFO(all_text(loaded));
    REQUIRE(loaded.is_good());
    CHECK(loaded.files == std::vector<std::string>{main, ten, nine});
    CHECK(files_left_out(main) == std::vector{other});
    CHECK(loaded.config.node.name == "a");
    CHECK(loaded.config.node.tags == std::vector<Tag>{{"a", "9"}, {"x", "1"}, {"y", "9"}});
    CHECK(loaded.config.listen.port == 9);
    CHECK(loaded.config.discovery.seeds == std::vector<HostPort>{{"c", kDefaultPort}});
}

TEST_CASE("problems come in the order of files, each under its file's name", "[config][files]") {
    const ScratchDirectory directory;
    const std::string main = directory.write("hearsay.toml", "[limits]\nlinks = 0\n");
    const std::string more = directory.write("conf.d/a.toml", "nonsense\n[log]\n");
    const std::string last = directory.write("conf.d/b.toml", "[link]\nprobe_after = \"9s\"\n");

    const Loaded loaded = load_files(main);
    REQUIRE(loaded.problems.size() == 3);
    CHECK(loaded.problems[0].file == main);
    CHECK(loaded.problems[1].file == more);
    CHECK(loaded.problems[2].file == last);
}

TEST_CASE("a contradiction across two files is told in the file of the key", "[config][files]") {
    const ScratchDirectory directory;
    const std::string main = directory.write("hearsay.toml", "[link]\nprobe_after = \"1400ms\"\n");
    directory.write("conf.d/a.toml", "[link]\ndead_after = \"1300ms\"\n");

    const Loaded loaded = load_files(main);
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].file == main);
    CHECK(loaded.problems[0].line == 2);
}

TEST_CASE("a main file that is not there is a problem unless it is optional", "[config][files]") {
    const ScratchDirectory directory;
    const std::string main = directory.path("hearsay.toml");

    CHECK(all_text(load_files(main)) == main + ": cannot be read: No such file or directory\n");
    CHECK(load_files(main, MainFile::optional).is_good());

    directory.write("conf.d/a.toml", "[listen]\nport = 7\n");
    CHECK(load_files(main, MainFile::optional).config.listen.port == 7);
}

TEST_CASE("a file that cannot be read is a problem", "[config][files]") {
    const ScratchDirectory directory;
    const std::string main = directory.write("hearsay.toml", "");
    const std::string loop = directory.path("conf.d/loop.toml");
    std::filesystem::create_directories(directory.path("conf.d/folder.toml"));
    std::filesystem::create_symlink("loop.toml", loop);

    const Loaded loaded = load_files(main);
    REQUIRE(loaded.problems.size() == 2);
    CHECK(to_text(loaded.problems[0]) ==
          directory.path("conf.d/folder.toml") + ": cannot be read: Is a directory");
    CHECK(loaded.problems[1].file == loop);
}

TEST_CASE("a conf.d that is no directory is a problem", "[config][files]") {
    const ScratchDirectory directory;
    const std::string main = directory.write("hearsay.toml", "");
    directory.write("conf.d", "");
    CHECK(all_text(load_files(main)) ==
          directory.path("conf.d") + ": cannot be read: Not a directory\n");
}

TEST_CASE("a file over 256KiB is refused", "[config][files]") {
    const ScratchDirectory directory;
    const std::string fits = directory.write("fits.toml", std::string(256 * 1024, '\n'));
    const std::string large = directory.write("large.toml", std::string(256 * 1024 + 1, '\n'));
    CHECK(load_files(fits).is_good());
    CHECK(all_text(load_files(large)) == large + ": is too large; at most 256KiB\n");
}

}  // namespace
}  // namespace hearsay::config
