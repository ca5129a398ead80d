#include "daemon/host/control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "daemon/host/startup_error.h"

namespace hearsay::host {
namespace {

constexpr mode_t kMode = 0660;

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void fail(int exit_code, const std::string& path, const std::string& what) {
    throw StartupError(exit_code, "cannot make the API socket " + path + ": " + what);
}

[[noreturn]] void fail_with(int error, const std::string& path) {
    const bool is_permission = error == EACCES || error == EPERM || error == EROFS;
    fail(is_permission ? kExitNoPermission : kExitCannotCreate, path,
         reason(error) + "; `socket` in [api] of the configuration says where it goes");
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        fail(kExitConfig, path,
             "the path is longer than " + std::to_string(sizeof address.sun_path - 1) + " bytes");
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

FileDescriptor new_socket(const std::string& path) {
    FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) fail(kExitOsError, path, reason(errno));
    return fd;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

// Only a refused connection proves that nobody listens.
bool is_stale(const std::string& path) {
    const FileDescriptor probe = new_socket(path);
    const sockaddr_un address = address_of(path);
    return connect(probe.get(), generic(address), sizeof address) != 0 && errno == ECONNREFUSED;
}

void remove_stale(const std::string& path) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) return;  // bind() will say what is wrong, if anything
    if (!S_ISSOCK(status.st_mode))
        fail(kExitCannotCreate, path, "a file that is no socket is in the way");
    if (!is_stale(path))
        fail(kExitUnavailable, path,
             "another hearsayd is listening there; stop it, or give this one another `socket` in "
             "[api] of its configuration");
    unlink(path.c_str());
}

void make_folder_of(const std::string& path) {
    const std::string folder = path.substr(0, path.rfind('/'));
    if (!folder.empty()) mkdir(folder.c_str(), 0755);  // if that fails, bind() does and says why
}

}  // namespace

ControlSocket::ControlSocket(const config::Api& api, const AccountNames& names,
                             const std::function<void(std::string_view)>& warn)
    : path_(api.socket), fd_(new_socket(api.socket)) {
    bind_and_listen();
    set_group(api, names, warn);
    struct stat status {};
    if (stat(path_.c_str(), &status) != 0) fail_with(errno, path_);
    device_ = status.st_dev;
    inode_ = status.st_ino;
}

void ControlSocket::bind_and_listen() {
    const sockaddr_un address = address_of(path_);
    make_folder_of(path_);
    remove_stale(path_);
    // Nobody but us until the group is set.
    const mode_t mask = umask(0177);
    const int bound = bind(fd_.get(), generic(address), sizeof address);
    const int error = errno;
    umask(mask);
    if (bound != 0) fail_with(error, path_);
    if (listen(fd_.get(), SOMAXCONN) != 0) fail_with(errno, path_);
}

void ControlSocket::set_group(const config::Api& api, const AccountNames& names,
                              const std::function<void(std::string_view)>& warn) {
    if (api.group.empty()) return;
    const auto group = names.group(api.group);
    const std::string only = ": only root and the daemon's own user can use the API at " + path_;
    if (!group) return warn("there is no group " + api.group + only);
    if (chown(path_.c_str(), static_cast<uid_t>(-1), *group) != 0)
        return warn("cannot give the API socket to the group " + api.group + " (" + reason(errno) +
                    ")" + only);
    if (chmod(path_.c_str(), kMode) != 0) fail_with(errno, path_);
}

ControlSocket::~ControlSocket() {
    struct stat status {};
    if (stat(path_.c_str(), &status) != 0) return;
    if (status.st_dev == device_ && status.st_ino == inode_) unlink(path_.c_str());
}

bool read_peer(int fd, Peer& peer) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return false;
    peer.uid = credentials.uid;
    peer.gid = credentials.gid;
    peer.groups.resize(64);
    size = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &size) != 0) {
        peer.groups.resize(errno == ERANGE ? size / sizeof(gid_t) : 0);
        size = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
        if (size > 0 && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &size) != 0)
            size = 0;
    }
    peer.groups.resize(size / sizeof(gid_t));
    return true;
}

}  // namespace hearsay::host
