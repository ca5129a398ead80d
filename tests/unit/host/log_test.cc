#include "daemon/host/log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <vector>

#include "daemon/host/file_descriptor.h"
#include "tests/catch.h"

using namespace hearsay;
using namespace hearsay::host;
using namespace std::chrono_literals;
using config::LogLevel;

namespace {

struct Fixture {
    explicit Fixture(LogLevel level = LogLevel::info, bool with_priority = false)
        : log(
              level, with_priority, [this] { return now; },
              [this](std::string_view line) { lines.emplace_back(line); }) {}
    Instant now{1h};
    std::vector<std::string> lines;
    Log log;
};

}  // namespace

TEST_CASE("a line says its level", "[host][log]") {
    Fixture f(LogLevel::debug);
    f.log.error("", "a");
    f.log.warning("", "b");
    f.log.info("", "c");
    f.log.debug("", "d");
    REQUIRE(f.lines ==
            std::vector<std::string>{"error: a\n", "warning: b\n", "info: c\n", "debug: d\n"});
}

TEST_CASE("for the journal a line begins with its priority", "[host][log]") {
    Fixture f(LogLevel::debug, true);
    f.log.error("", "a");
    f.log.warning("", "b");
    f.log.info("", "c");
    f.log.debug("", "d");
    REQUIRE(f.lines == std::vector<std::string>{"<3>a\n", "<4>b\n", "<6>c\n", "<7>d\n"});
}

TEST_CASE("what is below the level is left out", "[host][log]") {
    Fixture f(LogLevel::warning);
    f.log.info("", "quiet");
    f.log.warning("", "loud");
    REQUIRE(f.lines.size() == 1);
    f.log.set_level(LogLevel::info);
    f.log.info("", "quiet");
    REQUIRE(f.lines.size() == 2);
}

TEST_CASE("of one cause there is one line a second, the next counts the rest", "[host][log]") {
    Fixture f;
    for (int i = 0; i < 5; ++i) f.log.warning("rain", "wet");
    REQUIRE(f.lines == std::vector<std::string>{"warning: wet\n"});
    f.now += 999ms;
    f.log.warning("rain", "wet");
    REQUIRE(f.lines.size() == 1);
    f.now += 1ms;
    f.log.warning("rain", "still wet");
    REQUIRE(f.lines.back() == "warning: still wet (5 more like this left out)\n");
    f.now += 1s;
    f.log.warning("rain", "wet");
    REQUIRE(f.lines.back() == "warning: wet\n");
}

TEST_CASE("causes are limited one by one, lines without a cause never", "[host][log]") {
    Fixture f;
    f.log.warning("rain", "a");
    f.log.warning("snow", "b");
    f.log.warning("", "c");
    f.log.warning("", "c");
    REQUIRE(f.lines.size() == 4);
}

TEST_CASE("what is below the level does not count against a cause", "[host][log]") {
    Fixture f(LogLevel::warning);
    f.log.info("rain", "a");
    f.log.warning("rain", "b");
    REQUIRE(f.lines == std::vector<std::string>{"warning: b\n"});
}

TEST_CASE("a dear text is made only for a line that is written", "[host][log]") {
    Fixture f;
    int made = 0;
    const auto text = [&made] {
        ++made;
        return std::string("dear");
    };
    f.log.info_lazily("rain", text);
    f.log.info_lazily("rain", text);
    REQUIRE(made == 1);
    f.now += 1s;
    f.log.info_lazily("rain", text);
    REQUIRE(f.lines.back() == "info: dear (1 more like this left out)\n");
}

TEST_CASE("a peer cannot forge a line", "[host][log]") {
    Fixture f;
    f.log.info("", "name\n<3>forged\x1b[2J\x7f");
    REQUIRE(f.lines == std::vector<std::string>{"info: name?<3>forged?[2J?\n"});
}

TEST_CASE("the journal is known by device and inode", "[host][log]") {
    const FileDescriptor fd(open("/dev/null", O_WRONLY));
    struct stat status {};
    REQUIRE(fstat(fd.get(), &status) == 0);
    const std::string stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    REQUIRE(is_journal(fd.get(), stream.c_str()));
    REQUIRE_FALSE(is_journal(fd.get(), "1:2"));
    REQUIRE_FALSE(is_journal(fd.get(), nullptr));
}
