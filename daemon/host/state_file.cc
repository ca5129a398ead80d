#include "daemon/host/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "crypto/hash.h"
#include "daemon/host/file_descriptor.h"

namespace hearsay::host {
namespace {

// "hearsay-state-1 ", a kind, 20 digits, 16 hex digits, separators.
constexpr std::size_t kFirstLineMax = 80;

std::string first_line(std::string_view kind, ByteView content) {
    const crypto::Hash hash = crypto::blake2b({content});
    return "hearsay-state-1 " + std::string(kind) + " " + std::to_string(content.size()) + " " +
           crypto::to_hex(hash.view().first(8)) + "\n";
}

bool write_all(int fd, ByteView content) {
    while (!content.empty()) {
        const ssize_t written = write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        content = content.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

void sync_folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
    const FileDescriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.is_open()) fsync(fd.get());
}

// Errno, 0 for success.
int write_new(const std::string& path, ByteView content, Durability durability) {
    unlink(path.c_str());  // what a crash may have left
    const FileDescriptor fd(
        open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd.is_open()) return errno;
    if (!write_all(fd.get(), content)) return errno;
    if (durability == Durability::synced && fsync(fd.get()) != 0) return errno;
    return 0;
}

}  // namespace

std::string replace_file(const std::string& path, ByteView content, Durability durability) {
    const std::string temporary = path + ".new";
    int error = write_new(temporary, content, durability);
    if (error == 0 && rename(temporary.c_str(), path.c_str()) != 0) error = errno;
    if (error != 0) {
        unlink(temporary.c_str());
        return std::strerror(error);
    }
    if (durability == Durability::synced) sync_folder_of(path);
    return "";
}

Result<Bytes, StateFileError> read_file(const std::string& path, std::size_t size_max) {
    const FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd.is_open())
        return errno == ENOENT ? StateFileError::not_there : StateFileError::cannot_read;
    Bytes content;
    std::array<std::uint8_t, 4096> block;
    while (true) {
        const ssize_t count = read(fd.get(), block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return StateFileError::cannot_read;
        if (count == 0) return content;
        content.insert(content.end(), block.begin(), block.begin() + count);
        if (content.size() > size_max) return StateFileError::too_large;
    }
}

std::string write_state(const std::string& path, std::string_view kind, ByteView content,
                        Durability durability) {
    const std::string line = first_line(kind, content);
    const ByteView head = bytes_of(line);
    Bytes whole(head.begin(), head.end());
    whole.insert(whole.end(), content.begin(), content.end());
    return replace_file(path, whole, durability);
}

Result<Bytes, StateFileError> read_state(const std::string& path, std::string_view kind,
                                         std::size_t size_max) {
    const auto whole = read_file(path, size_max + kFirstLineMax);
    if (!whole) return whole.error();
    const auto newline = std::find(whole->begin(), whole->end(), '\n');
    if (newline == whole->end()) return StateFileError::damaged;
    const auto line_size = static_cast<std::size_t>(newline - whole->begin()) + 1;
    const ByteView content = ByteView(*whole).subspan(line_size);
    if (text_of(ByteView(*whole).first(line_size)) != first_line(kind, content))
        return StateFileError::damaged;
    return Bytes(content.begin(), content.end());
}

}  // namespace hearsay::host
