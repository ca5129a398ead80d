#include "client/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "client/json_scan.h"

namespace hearsay::client {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadSize = std::size_t{64} << 10;
// Far above what a daemon sends: the members of a full table take some 30 MB.
constexpr std::size_t kFrameSizeMax = std::size_t{256} << 20;
constexpr auto kConnectPause = std::chrono::milliseconds(20);

Failure system_failure(const char* what) {
    return {HEARSAY_SYSTEM, std::string(what) + ": " + std::strerror(errno)};
}

Failure closed() { return {HEARSAY_CLOSED, "hearsayd has closed the connection"}; }

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int poll_ms(const Deadline& deadline) {
    if (!deadline) return -1;
    const auto left = *deadline - Clock::now();
    if (left <= Clock::duration::zero()) return 0;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::min<std::int64_t>(ms, 1'000'000'000));
}

Failure connect_failure(const std::string& path) {
    switch (errno) {
        case ENOENT:
        case ENOTDIR:
            return {HEARSAY_NOT_RUNNING, "there is no socket " + path};
        case ECONNREFUSED:
            return {HEARSAY_NOT_RUNNING, "nothing listens on " + path};
        case EACCES:
        case EPERM:
            return {HEARSAY_NO_PERMISSION, "no permission to use " + path};
        default:
            return {HEARSAY_SYSTEM, "cannot connect to " + path + ": " + std::strerror(errno)};
    }
}

// The sizes of the payloads behind `line`. False: they make no sense.
bool payload_sizes(std::string_view line, std::vector<std::size_t>& sizes) {
    ObjectScanner scanner(line);
    std::string_view key;
    std::string_view value;
    const auto add = [&](std::string_view text) {
        const auto number = json_number(text);
        if (!number || *number > kFrameSizeMax) return false;
        sizes.push_back(static_cast<std::size_t>(*number));
        return true;
    };
    while (scanner.next(key, value)) {
        if (key == "size" && !add(value)) return false;
        if (key != "sizes") continue;
        ListScanner list(value);
        while (list.next(value))
            if (!add(value)) return false;
    }
    return scanner.is_whole();
}

}  // namespace

Deadline deadline_in(int timeout_ms) {
    if (timeout_ms < 0) return std::nullopt;
    return Clock::now() + std::chrono::milliseconds(timeout_ms);
}

std::size_t Frame::size() const {
    std::size_t sum = line.size();
    for (const std::string& payload : payloads) sum += payload.size();
    return sum;
}

Failure Connection::open(const std::string& path, const Deadline& deadline) {
    close();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return {HEARSAY_BAD_ARGUMENT, "the path of a socket has 1 to 107 bytes"};
    std::memcpy(address.sun_path, path.data(), path.size());
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return system_failure("cannot make a socket");
    while (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno == EINTR) continue;
        // The daemon does not accept what waits already.
        if (errno == EAGAIN) {
            if (poll_ms(deadline) != 0) {
                std::this_thread::sleep_for(kConnectPause);
                continue;
            }
            close();
            return {HEARSAY_TIMEOUT, "hearsayd does not answer on " + path};
        }
        Failure failure = connect_failure(path);
        close();
        return failure;
    }
    return {};
}

void Connection::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    in_.clear();
    begin_ = scanned_ = needed_ = 0;
}

Failure Connection::wait(short events, const Deadline& deadline, short* ready) {
    pollfd entry{fd_, events, 0};
    const int count = poll(&entry, 1, poll_ms(deadline));
    *ready = count > 0 ? entry.revents : short{0};
    if (count > 0 || (count < 0 && errno == EINTR)) return {};
    if (count < 0) return system_failure("poll");
    return {HEARSAY_TIMEOUT, "hearsayd does not answer"};
}

Failure Connection::write(std::string_view bytes, const Deadline& deadline) {
    if (fd_ < 0) return {HEARSAY_CLOSED, "not connected"};
    while (!bytes.empty()) {
        const ssize_t size = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (size >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(size));
            continue;
        }
        if (!would_block()) return closed();
        short ready = 0;
        if (auto failure = wait(POLLIN | POLLOUT, deadline, &ready); failure.code != HEARSAY_OK)
            return failure;
        if ((ready & POLLIN) == 0) continue;
        if (auto failure = fill(); failure.code != HEARSAY_OK) return failure;
    }
    return {};
}

Failure Connection::fill() {
    std::array<char, kReadSize> buffer;
    const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
    if (size == 0) return closed();
    if (size < 0) return would_block() ? Failure{} : closed();
    if (begin_ > in_.size() / 2) {
        in_.erase(0, begin_);
        begin_ = 0;
    }
    in_.append(buffer.data(), static_cast<std::size_t>(size));
    if (in_.size() - begin_ > kFrameSizeMax)
        return {HEARSAY_PROTOCOL, "hearsayd sends more than makes sense"};
    return {};
}

bool Connection::cut(Frame& frame, Failure& failure) {
    const std::string_view rest = std::string_view(in_).substr(begin_);
    if (rest.size() < needed_) return false;
    const auto newline = rest.find('\n', scanned_);
    if (newline == std::string_view::npos) {
        scanned_ = rest.size();
        return false;
    }
    scanned_ = newline;
    const std::string_view line = rest.substr(0, newline);
    std::vector<std::size_t> sizes;
    if (!payload_sizes(line, sizes)) {
        failure = {HEARSAY_PROTOCOL, "hearsayd sent what is no line of its API"};
        return false;
    }
    needed_ = newline + 1;
    for (const std::size_t size : sizes) needed_ += size;
    if (rest.size() < needed_) return false;
    frame.line = line;
    frame.payloads.clear();
    std::size_t at = newline + 1;
    for (const std::size_t size : sizes) {
        frame.payloads.emplace_back(rest.substr(at, size));
        at += size;
    }
    begin_ += needed_;
    scanned_ = needed_ = 0;
    return true;
}

Failure Connection::read(Frame& frame, const Deadline& deadline) {
    if (fd_ < 0) return {HEARSAY_CLOSED, "not connected"};
    Failure failure;
    while (!cut(frame, failure)) {
        if (failure.code != HEARSAY_OK) return failure;
        short ready = 0;
        failure = wait(POLLIN, deadline, &ready);
        if (failure.code != HEARSAY_OK) return failure;
        if (ready != 0) failure = fill();
        if (failure.code != HEARSAY_OK) return failure;
    }
    return {};
}

}  // namespace hearsay::client
