#include "daemon/host/state_file.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/catch.h"
#include "tests/unit/host/temporary_folder.h"

using namespace hearsay;
using namespace hearsay::host;

namespace {

// Files larger than this cannot be written while it lives: a full disk for the tests.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
        handler_ = signal(SIGXFSZ, SIG_IGN);
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &before_);
        signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
    void (*handler_)(int) = nullptr;
};

std::string text_in(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void overwrite(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("a state file comes back as it was written", "[host][state]") {
    const TemporaryFolder folder;
    Bytes content(1000);
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i);
    REQUIRE(write_state(folder / "s", "things", content, Durability::synced).empty());
    const auto read = read_state(folder / "s", "things", 1000);
    REQUIRE(read);
    REQUIRE(*read == content);
}

TEST_CASE("an empty state file is whole", "[host][state]") {
    const TemporaryFolder folder;
    REQUIRE(write_state(folder / "s", "things", {}, Durability::lazy).empty());
    const auto read = read_state(folder / "s", "things", 0);
    REQUIRE(read);
    REQUIRE(read->empty());
}

TEST_CASE("a state file is nobody else's to read", "[host][state]") {
    const TemporaryFolder folder;
    REQUIRE(write_state(folder / "s", "things", bytes_of("x"), Durability::synced).empty());
    struct stat status {};
    REQUIRE(stat((folder / "s").c_str(), &status) == 0);
    REQUIRE((status.st_mode & 0777) == 0600);
}

TEST_CASE("a state file that is not there is told apart from a damaged one", "[host][state]") {
    const TemporaryFolder folder;
    REQUIRE(read_state(folder / "s", "things", 10).error() == StateFileError::not_there);
    overwrite(folder / "s", "");
    REQUIRE(read_state(folder / "s", "things", 10).error() == StateFileError::damaged);
}

TEST_CASE("every changed byte of a state file is noticed", "[host][state]") {
    const TemporaryFolder folder;
    REQUIRE(write_state(folder / "s", "things", bytes_of("content"), Durability::lazy).empty());
    const std::string good = text_in(folder / "s");
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        overwrite(folder / "s", bad);
        INFO("byte " << i);
        REQUIRE(read_state(folder / "s", "things", 100).error() == StateFileError::damaged);
    }
}

TEST_CASE("a state file cut at any place is noticed", "[host][state]") {
    const TemporaryFolder folder;
    REQUIRE(write_state(folder / "s", "things", bytes_of("content"), Durability::lazy).empty());
    const std::string good = text_in(folder / "s");
    for (std::size_t size = 0; size < good.size(); ++size) {
        overwrite(folder / "s", good.substr(0, size));
        REQUIRE_FALSE(read_state(folder / "s", "things", 100));
    }
}

TEST_CASE("a state file of one kind is not taken for another", "[host][state]") {
    const TemporaryFolder folder;
    REQUIRE(write_state(folder / "s", "things", bytes_of("7"), Durability::lazy).empty());
    REQUIRE(read_state(folder / "s", "epoch", 10).error() == StateFileError::damaged);
}

TEST_CASE("a file beyond the limit is refused, one at the limit is read", "[host][state]") {
    const TemporaryFolder folder;
    overwrite(folder / "f", std::string(100, 'x'));
    REQUIRE(read_file(folder / "f", 100)->size() == 100);
    REQUIRE(read_file(folder / "f", 99).error() == StateFileError::too_large);
}

TEST_CASE("when the disk is full the old file stays and nothing is left behind", "[host][state]") {
    const TemporaryFolder folder;
    REQUIRE(write_state(folder / "s", "things", bytes_of("old"), Durability::synced).empty());
    {
        const FileSizeLimit limit(4096);
        const Bytes large(100'000, 1);
        REQUIRE_THAT(write_state(folder / "s", "things", large, Durability::synced),
                     Catch::Contains("File too large"));
    }
    REQUIRE(*read_state(folder / "s", "things", 10) == Bytes{'o', 'l', 'd'});
    REQUIRE_FALSE(std::filesystem::exists(folder / "s.new"));
}

TEST_CASE("what a crash left half-written is replaced", "[host][state]") {
    const TemporaryFolder folder;
    overwrite(folder / "s.new", "half");
    REQUIRE(write_state(folder / "s", "things", bytes_of("new"), Durability::lazy).empty());
    REQUIRE(read_state(folder / "s", "things", 10));
    REQUIRE_FALSE(std::filesystem::exists(folder / "s.new"));
}

TEST_CASE("a folder that is not there is told in words", "[host][state]") {
    const TemporaryFolder folder;
    REQUIRE_THAT(replace_file(folder / "no/s", bytes_of("x"), Durability::synced),
                 Catch::Contains("No such file"));
}
