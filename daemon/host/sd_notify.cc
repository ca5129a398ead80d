#include "daemon/host/sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "daemon/host/file_descriptor.h"

namespace hearsay::host {
namespace {

std::optional<std::uint64_t> parse_number(const char* text) {
    if (text == nullptr) return std::nullopt;
    std::uint64_t value = 0;
    const char* end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, value);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

}  // namespace

SdNotify::SdNotify(const char* socket, const char* watchdog_usec, const char* watchdog_pid) {
    if (socket != nullptr && (socket[0] == '/' || socket[0] == '@')) socket_ = socket;
    const auto usec = parse_number(watchdog_usec);
    const auto pid = parse_number(watchdog_pid);
    // Another process may be the one that is watched.
    const bool is_ours = !pid || *pid == static_cast<std::uint64_t>(getpid());
    if (usec && *usec > 0 && is_ours && is_active())
        watchdog_interval_ = std::chrono::microseconds(*usec) / 2;
}

SdNotify SdNotify::from_environment() {
    return {std::getenv("NOTIFY_SOCKET"), std::getenv("WATCHDOG_USEC"),
            std::getenv("WATCHDOG_PID")};
}

void SdNotify::ready() { send("READY=1"); }
void SdNotify::status(std::string_view text) { send("STATUS=" + std::string(text)); }
void SdNotify::watchdog() { send("WATCHDOG=1"); }
void SdNotify::stopping() { send("STOPPING=1"); }

void SdNotify::reloading(Duration monotonic) {
    const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(monotonic);
    send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec.count()));
}

void SdNotify::send(std::string_view lines) {
    sockaddr_un address{};
    if (!is_active() || socket_.size() >= sizeof address.sun_path) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (socket_[0] == '@') address.sun_path[0] = '\0';
    // The size tells an abstract name from one padded with zeros.
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    const FileDescriptor fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.is_open()) return;
    sendto(fd.get(), lines.data(), lines.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace hearsay::host
