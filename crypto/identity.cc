#include "crypto/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "crypto/hash.h"
#include "crypto/ids.h"
#include "crypto/random.h"

namespace hearsay::crypto {

namespace {

constexpr std::string_view kFamily = "hearsay-identity-";
constexpr std::string_view kPrefix = "hearsay-identity-1 ";
constexpr std::size_t kChecksum = 4;
constexpr std::size_t kLine = kPrefix.size() + 58;  // 36 bytes in base32, without the newline

class File {
public:
    explicit File(int fd) : fd_(fd) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int fd() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }

private:
    int fd_;
};

// A line of text that holds the seed, wiped when it goes.
struct SecretText {
    std::string text;
    explicit SecretText(std::string from) : text(std::move(from)) {}
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
    ~SecretText() { wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}); }
};

struct Place {
    std::string folder;
    std::string name;
};

Place place_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return {".", path};
    return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

// As a shell would have to be given it: what() contains commands to copy.
std::string quoted(const std::string& path) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,";
    if (!path.empty() && path.find_first_not_of(kPlain) == std::string::npos) return path;
    std::string result = "'";
    for (const char c : path) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return result + "'";
}

[[noreturn]] void fail(const std::string& path, const std::string& what,
                       const std::string& remedy) {
    throw IdentityError("identity file " + path + ": " + what + "; " + remedy);
}

std::string give_to_us(const std::string& path) {
    return "chown " + std::to_string(::geteuid()) + " " + quoted(path);
}

std::string set_aside(const std::string& path) {
    return "restore it from a backup, or let a new identity be made after: mv " + quoted(path) +
           " " + quoted(path + ".damaged");
}

[[noreturn]] void fail_to_open(const std::string& path, int error) {
    if (error == ELOOP)
        fail(path, "is a symbolic link, which could be made to point elsewhere",
             "put the file itself there: cp --remove-destination \"$(readlink -f " + quoted(path) +
                 ")\" " + quoted(path));
    if (error == EACCES || error == EPERM)
        fail(path, "this user (" + std::to_string(::geteuid()) + ") may not read it",
             "give it to this user: " + give_to_us(path) + " && chmod 0600 " + quoted(path));
    if (error == ENOENT || error == ENOTDIR)
        fail(path, "there is none", "the daemon makes one when it starts: systemctl start hearsay");
    fail(path, std::string("cannot be opened: ") + std::strerror(error),
         "look at it: stat " + quoted(path));
}

void check_ownership(const std::string& path, const struct stat& status) {
    if (!S_ISREG(status.st_mode))
        fail(path, "is not a regular file",
             "move it away: mv " + quoted(path) + " " + quoted(path + ".moved"));
    if (status.st_uid != ::geteuid())
        fail(path,
             "belongs to user " + std::to_string(status.st_uid) + ", not to this one (" +
                 std::to_string(::geteuid()) + ")",
             (::geteuid() == 0 ? "start the daemon as that user (systemctl start hearsay), or give "
                                 "it to this one: "
                               : "give it to this user: ") +
                 give_to_us(path));
    if ((status.st_mode & 077) != 0)
        fail(path, "others than its owner have access to it, so its key may be known to them",
             "close it: chmod 0600 " + quoted(path));
}

SecretText read_line(const std::string& path, int fd) {
    // A little more than the longest right one, to notice what is longer.
    std::string text(kLine + 16, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            fail(path, std::string("cannot be read: ") + std::strerror(errno), set_aside(path));
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    text.resize(size);
    if (!text.empty() && text.back() == '\n') text.pop_back();
    return SecretText(std::move(text));
}

std::array<std::uint8_t, kChecksum> checksum_of(ByteView seed) {
    const Hash hash = blake2b({seed});
    std::array<std::uint8_t, kChecksum> checksum{};
    std::copy_n(hash.bytes.begin(), kChecksum, checksum.begin());
    return checksum;
}

Secret parse(const std::string& path, std::string_view line) {
    const std::size_t common = std::min(line.size(), kPrefix.size());
    const bool is_ours = line.substr(0, common) == kPrefix.substr(0, common);
    if (!is_ours && line.starts_with(kFamily))
        fail(path, "was made by another version of hearsay", set_aside(path));
    if (!is_ours) fail(path, "is not an identity file", set_aside(path));
    if (line.size() < kLine)
        fail(path,
             "is cut short: " + std::to_string(line.size()) + " of " + std::to_string(kLine) +
                 " characters",
             set_aside(path));
    std::optional<Bytes> bytes =
        line.size() == kLine ? from_base32(line.substr(kPrefix.size())) : std::nullopt;
    if (!bytes) fail(path, "is damaged", set_aside(path));
    const ByteView seed = ByteView(*bytes).first(Secret::kSize);
    const auto checksum = checksum_of(seed);
    const bool is_right = std::equal(checksum.begin(), checksum.end(), seed.end());
    Secret result(seed);
    wipe(*bytes);
    if (!is_right) fail(path, "is damaged: its checksum does not hold", set_aside(path));
    return result;
}

// O_NONBLOCK: opening a pipe that somebody put there would otherwise wait for a writer.
int open_existing(const std::string& path) {
    return ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

Secret load_from(const std::string& path, int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) fail_to_open(path, errno);
    check_ownership(path, status);
    const SecretText line = read_line(path, fd);
    return parse(path, line.text);
}

[[noreturn]] void fail_to_make(const std::string& path, const std::string& folder, int error) {
    if (error == ENOENT || error == ENOTDIR)
        fail(
            path, "its folder does not exist",
            "make it: install -d -m 0700 -o " + std::to_string(::geteuid()) + " " + quoted(folder));
    if (error == EACCES || error == EPERM)
        fail(path, "this user (" + std::to_string(::geteuid()) + ") may not make it",
             "give the folder to this user: " + give_to_us(folder) + " && chmod 0700 " +
                 quoted(folder));
    if (error == ENOSPC || error == EDQUOT)
        fail(path, "cannot be made: the disk is full", "free some space: df -h " + quoted(folder));
    if (error == EROFS)
        fail(path, "cannot be made: the file system is read-only",
             "mount it writable: mount -o remount,rw \"$(stat -c %m " + quoted(folder) + ")\"");
    fail(path, std::string("cannot be made: ") + std::strerror(error),
         "look at its folder: stat " + quoted(folder));
}

bool write_whole(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t put = ::write(fd, text.data(), text.size());
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

// Writes the line to `name` and leaves it there on success. The mode is set again because a
// umask may have taken bits from it.
bool write_temporary(int folder, const std::string& name, std::string_view line) {
    const File file(
        ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.is_open()) return false;
    if (::fchmod(file.fd(), 0600) == 0 && write_whole(file.fd(), line) && ::fsync(file.fd()) == 0)
        return true;
    const int error = errno;
    ::unlinkat(folder, name.c_str(), 0);
    errno = error;
    return false;
}

std::string make_line(const Secret& seed) {
    Bytes bytes;
    bytes.reserve(Secret::kSize + kChecksum);
    const auto checksum = checksum_of(seed.view());
    bytes.insert(bytes.end(), seed.view().begin(), seed.view().end());
    bytes.insert(bytes.end(), checksum.begin(), checksum.end());
    SecretText encoded(base32(bytes));
    wipe(bytes);
    std::string line;
    line.reserve(kLine + 1);
    line.append(kPrefix).append(encoded.text).append("\n");
    return line;
}

// link() rather than rename(): it never replaces, so of two daemons that start at once one makes
// the identity and the other finds it.
void make(const std::string& path) {
    const Place place = place_of(path);
    const File folder(::open(place.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.is_open()) fail_to_make(path, place.folder, errno);
    const std::string temporary = place.name + ".new-" + to_hex(random_secret().view().first(8));
    const SecretText line(make_line(random_secret()));
    if (!write_temporary(folder.fd(), temporary, line.text))
        fail_to_make(path, place.folder, errno);
    const int status = ::linkat(folder.fd(), temporary.c_str(), folder.fd(), place.name.c_str(), 0);
    const int error = errno;
    ::unlinkat(folder.fd(), temporary.c_str(), 0);
    if (status != 0 && error != EEXIST) fail_to_make(path, place.folder, error);
    if (::fsync(folder.fd()) != 0) fail_to_make(path, place.folder, errno);
}

}  // namespace

Secret load_identity(const std::string& path) {
    const File file(open_existing(path));
    if (!file.is_open()) fail_to_open(path, errno);
    return load_from(path, file.fd());
}

Secret load_or_create_identity(const std::string& path) {
    {
        const File file(open_existing(path));
        if (file.is_open()) return load_from(path, file.fd());
        if (errno != ENOENT && errno != ENOTDIR) fail_to_open(path, errno);
    }
    make(path);
    return load_identity(path);  // what is on disk, checked as at every later start
}

}  // namespace hearsay::crypto
