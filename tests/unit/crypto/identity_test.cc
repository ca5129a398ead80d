#include "crypto/identity.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "crypto/hash.h"
#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

namespace fs = std::filesystem;
using Catch::Contains;

namespace {

constexpr uid_t kNobody = 65534;
constexpr std::size_t kLine = 77;  // without the newline

class Folder {
public:
    explicit Folder(const std::string& name = "hearsay-identity") {
        std::string pattern = (fs::temp_directory_path() / (name + "-XXXXXX")).string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string at(const std::string& name) const { return (path_ / name).string(); }
    std::string path() const { return path_.string(); }
    std::size_t count() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), {}));
    }

private:
    fs::path path_;
};

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, std::string_view text, mode_t mode = 0600) {
    std::ofstream(path, std::ios::binary) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
}

mode_t mode_of(const std::string& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

std::string line_of(const Secret& seed) {
    Bytes bytes(seed.view().begin(), seed.view().end());
    const Hash hash = blake2b({seed.view()});
    bytes.insert(bytes.end(), hash.bytes.begin(), hash.bytes.begin() + 4);
    return "hearsay-identity-1 " + base32(bytes) + "\n";
}

// The message it fails with; empty when it does not.
std::string what_of(Secret (&load)(const std::string&), const std::string& path) {
    try {
        load(path);
    } catch (const IdentityError& error) {
        return error.what();
    }
    return {};
}

// What both functions say about `path`. Neither may accept it.
std::string refusal(const std::string& path) {
    const std::string what = what_of(load_identity, path);
    CHECK(what_of(load_or_create_identity, path) == what);
    CHECK_THAT(what, Contains(path));
    return what;
}

// Does what the message says an operator should: its last part is a command.
void obey(const std::string& what) {
    const std::string command = what.substr(what.rfind(": ") + 2);
    INFO(command);
    REQUIRE(std::system(command.c_str()) == 0);
}

// As another user for as long as it lives; only root can be.
class Nobody {
public:
    Nobody() { REQUIRE(::seteuid(kNobody) == 0); }
    ~Nobody() {
        if (::seteuid(0) != 0) std::abort();
    }
};

bool is_root() { return ::geteuid() == 0; }

}  // namespace

TEST_CASE("an identity is made where there is none, and found there ever after") {
    const Folder folder;
    const std::string path = folder.at("identity");
    const Secret made = load_or_create_identity(path);
    CHECK(load_identity(path).equals(made));
    CHECK(load_or_create_identity(path).equals(made));
    CHECK(mode_of(path) == 0600);
    CHECK(read_file(path) == line_of(made));
    CHECK(folder.count() == 1);  // no temporary file stays
}

TEST_CASE("two identities are different") {
    const Folder folder;
    const Secret first = load_or_create_identity(folder.at("a"));
    CHECK_FALSE(load_or_create_identity(folder.at("b")).equals(first));
}

TEST_CASE("an identity has mode 0600 under every umask") {
    for (const mode_t mask : {0000U, 0022U, 0777U}) {
        const Folder folder;
        const mode_t before = ::umask(mask);
        load_or_create_identity(folder.at("identity"));
        ::umask(before);
        CHECK(mode_of(folder.at("identity")) == 0600);
    }
}

TEST_CASE("an identity is made in the working folder when its path has no folder") {
    const Folder folder;
    const fs::path before = fs::current_path();
    fs::current_path(folder.path());
    load_or_create_identity("identity");
    fs::current_path(before);
    CHECK(mode_of(folder.at("identity")) == 0600);
}

TEST_CASE("of many that make the identity at once all get the same") {
    REQUIRE(initialise());
    for (int round = 0; round < 20; ++round) {
        const Folder folder;
        const std::string path = folder.at("identity");
        std::vector<Secret> made(8);
        std::vector<std::thread> threads;
        for (Secret& secret : made)
            threads.emplace_back([&] { secret = load_or_create_identity(path); });
        for (std::thread& thread : threads) thread.join();
        for (const Secret& secret : made) CHECK(secret.equals(made[0]));
        CHECK_FALSE(made[0].equals(Secret{}));
        CHECK(folder.count() == 1);
    }
}

TEST_CASE("an identity that was written by hand is read, with or without its newline") {
    const Folder folder;
    const Secret seed = counting_secret(1);
    const std::string line = line_of(seed);
    REQUIRE(line.size() == kLine + 1);
    write_file(folder.at("a"), line);
    CHECK(load_identity(folder.at("a")).equals(seed));
    write_file(folder.at("b"), line.substr(0, kLine), 0400);
    CHECK(load_identity(folder.at("b")).equals(seed));
}

TEST_CASE("loading never makes an identity") {
    const Folder folder;
    CHECK_THROWS_WITH(load_identity(folder.at("identity")),
                      Contains("there is none") && Contains("systemctl start hearsay"));
    CHECK(folder.count() == 0);
}

TEST_CASE("an identity that others have access to is refused until its mode is mended") {
    for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0601U, 0666U, 0777U}) {
        const Folder folder;
        const std::string path = folder.at("identity");
        write_file(path, line_of(counting_secret(1)), mode);
        const std::string what = refusal(path);
        CHECK_THAT(what, Contains("chmod 0600 " + path));
        CHECK(mode_of(path) == mode);
        obey(what);
        CHECK(load_identity(path).equals(counting_secret(1)));
    }
}

TEST_CASE("the command to copy is quoted as a shell needs it") {
    const Folder folder("it's a folder");
    const std::string path = folder.at("my $(identity)");
    write_file(path, line_of(counting_secret(1)), 0644);
    obey(refusal(path));
    CHECK(load_identity(path).equals(counting_secret(1)));
}

TEST_CASE("a symbolic link is refused until the file itself is there") {
    const Folder folder;
    const std::string path = folder.at("identity");
    write_file(folder.at("elsewhere"), line_of(counting_secret(1)));
    fs::create_symlink(folder.at("elsewhere"), path);
    const std::string what = refusal(path);
    CHECK_THAT(what, Contains("symbolic link"));
    obey(what);
    CHECK(load_identity(path).equals(counting_secret(1)));
    CHECK_FALSE(fs::is_symlink(path));
}

TEST_CASE("a dangling link is refused, not followed to make an identity elsewhere") {
    const Folder folder;
    fs::create_symlink(folder.at("elsewhere"), folder.at("identity"));
    CHECK_THAT(refusal(folder.at("identity")), Contains("symbolic link"));
    CHECK_FALSE(fs::exists(folder.at("elsewhere")));
}

TEST_CASE("a folder, and a pipe that nobody writes to, are refused without waiting") {
    const Folder folder;
    fs::create_directory(folder.at("folder"));
    CHECK_THAT(refusal(folder.at("folder")), Contains("not a regular file"));
    REQUIRE(::mkfifo(folder.at("pipe").c_str(), 0600) == 0);
    const std::string what = refusal(folder.at("pipe"));
    CHECK_THAT(what, Contains("not a regular file"));
    obey(what);
    load_or_create_identity(folder.at("pipe"));
}

TEST_CASE("an identity of another user is refused until it is given to this one") {
    if (!is_root()) {
        CHECK_THAT(refusal("/etc/passwd"), Contains("belongs to user 0"));
        return;
    }
    const Folder folder;
    const std::string path = folder.at("identity");
    write_file(path, line_of(counting_secret(1)));
    REQUIRE(::chown(path.c_str(), kNobody, kNobody) == 0);
    const std::string what = refusal(path);
    CHECK_THAT(what, Contains("belongs to user 65534") && Contains("chown 0 " + path));
    obey(what);
    CHECK(load_identity(path).equals(counting_secret(1)));
}

TEST_CASE("an identity that this user may not read is told as that") {
    const Folder folder;
    const std::string path = folder.at("identity");
    write_file(path, line_of(counting_secret(1)), is_root() ? 0600 : 0000);
    fs::permissions(folder.path(), fs::perms(0755));
    std::string what;
    if (is_root()) {
        const Nobody nobody;
        what = refusal(path);
    } else {
        what = refusal(path);
    }
    CHECK_THAT(what, Contains("may not read") && Contains("chmod 0600 " + path));
}

TEST_CASE("a folder that this user may not write to is told as that") {
    const Folder folder;
    fs::permissions(folder.path(), fs::perms(0555));
    std::string what;
    if (is_root()) {
        const Nobody nobody;
        what = what_of(load_or_create_identity, folder.at("identity"));
    } else {
        what = what_of(load_or_create_identity, folder.at("identity"));
    }
    CHECK_THAT(what, Contains("may not make it") && Contains("chown") && Contains(folder.path()));
    fs::permissions(folder.path(), fs::perms(0700));
    CHECK(folder.count() == 0);
}

TEST_CASE("a missing folder is told with the command that makes it") {
    const Folder folder;
    const std::string path = folder.at("state/deep/identity");
    const std::string what = what_of(load_or_create_identity, path);
    CHECK_THAT(what, Contains(path) && Contains("folder does not exist"));
    obey(what);
    load_or_create_identity(path);
    CHECK(mode_of(folder.at("state/deep")) == 0700);
}

TEST_CASE("an identity cut short anywhere is refused and left as it is") {
    const Folder folder;
    const std::string path = folder.at("identity");
    const std::string line = line_of(counting_secret(1));
    for (std::size_t size = 0; size < kLine; ++size) {
        write_file(path, line.substr(0, size));
        const std::string what = refusal(path);
        CHECK_THAT(what, Contains("cut short") && Contains("mv " + path));
        CHECK(read_file(path) == line.substr(0, size));
    }
}

TEST_CASE("an identity with any one character changed is refused and left as it is") {
    const Folder folder;
    const std::string path = folder.at("identity");
    const std::string line = line_of(counting_secret(1));
    for (std::size_t i = 0; i < kLine; ++i) {
        std::string changed = line;
        changed[i] = changed[i] == 'q' ? 'r' : 'q';
        write_file(path, changed);
        CHECK_THAT(refusal(path), Contains("mv " + path));
        CHECK(read_file(path) == changed);
    }
}

TEST_CASE("a damaged identity makes room for another by the command in the message") {
    const Folder folder;
    const std::string path = folder.at("identity");
    std::string line = line_of(counting_secret(1));
    line[40] = line[40] == 'a' ? 'b' : 'a';
    write_file(path, line);
    const std::string what = refusal(path);
    CHECK_THAT(what, Contains("damaged") && Contains("backup"));
    obey(what);
    CHECK_FALSE(load_or_create_identity(path).equals(counting_secret(1)));
    CHECK(read_file(path + ".damaged") == line);
}

TEST_CASE("an identity with anything after it is refused") {
    const Folder folder;
    const std::string line = line_of(counting_secret(1));
    for (const std::string& after : {std::string("\n"), std::string("x"), std::string(5000, 'a')}) {
        write_file(folder.at("identity"), line + after);
        CHECK_THAT(refusal(folder.at("identity")), Contains("damaged"));
    }
}

TEST_CASE("other files are not taken for an identity") {
    const Folder folder;
    const std::string path = folder.at("identity");
    write_file(path, "hearsay-identity-2 " + std::string(58, 'a') + "\n");
    CHECK_THAT(refusal(path), Contains("another version"));
    write_file(path, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    CHECK_THAT(refusal(path), Contains("is not an identity file"));
    write_file(path, std::string(78, '\0'));
    CHECK_THAT(refusal(path), Contains("is not an identity file"));
}

TEST_CASE("when the disk takes only part of an identity, nothing is left behind") {
    const Folder folder;
    struct rlimit before {};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    struct rlimit small = before;
    small.rlim_cur = 20;
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const std::string what = what_of(load_or_create_identity, folder.at("identity"));
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, handler);
    CHECK_THAT(what, Contains(folder.at("identity")) && Contains("cannot be made"));
    CHECK(folder.count() == 0);
}

}  // namespace hearsay::crypto::test
