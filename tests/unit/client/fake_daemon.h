#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace hearsay::client {

// One accepted connection of a scripted daemon. Every wait is bounded.
class FakeConnection {
public:
    explicit FakeConnection(int fd) : fd_(fd) {}
    ~FakeConnection() { close(fd_); }
    FakeConnection(const FakeConnection&) = delete;
    FakeConnection& operator=(const FakeConnection&) = delete;

    // Without its newline; "" when the other end is gone or silent for five seconds.
    std::string line() {
        while (buffer_.find('\n') == std::string::npos)
            if (!fill()) return "";
        const auto end = buffer_.find('\n');
        const std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
    }
    std::string bytes(std::size_t size) {
        while (buffer_.size() < size)
            if (!fill()) return "";
        const std::string taken = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return taken;
    }
    void send(std::string_view text) {
        while (!text.empty()) {
            const ssize_t size = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            if (size <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(size));
        }
    }
    // The reply to the line, with its id.
    void answer(const std::string& request, const std::string& members) {
        const auto at = request.find("\"id\":") + 5;
        const std::string id = request.substr(at, request.find_first_of(",}", at) - at);
        send("{\"id\":" + id + "," + members + "}\n");
    }

private:
    bool fill() {
        pollfd entry{fd_, POLLIN, 0};
        if (poll(&entry, 1, 5000) <= 0) return false;
        std::array<char, 65536> chunk;
        const ssize_t size = read(fd_, chunk.data(), chunk.size());
        if (size > 0) buffer_.append(chunk.data(), static_cast<std::size_t>(size));
        return size > 0;
    }

    int fd_;
    std::string buffer_;
};

// A socket in a folder of its own; `script` runs in a thread for each of `connections`, one after
// the other.
class FakeDaemon {
public:
    using Script = std::function<void(FakeConnection&)>;

    explicit FakeDaemon(Script script, int connections = 1) {
        std::string pattern = "/tmp/hearsay-client-XXXXXX";
        folder_ = mkdtemp(pattern.data());
        path_ = folder_ + "/api.sock";
        listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path_.data(), path_.size());
        if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            listen(listener_, 8) != 0)
            throw std::runtime_error("cannot listen");
        thread_ = std::thread([this, script = std::move(script), connections] {
            for (int i = 0; i < connections; ++i) {
                pollfd entry{listener_, POLLIN, 0};
                if (poll(&entry, 1, 5000) <= 0) return;
                FakeConnection connection(accept(listener_, nullptr, nullptr));
                script(connection);
            }
        });
    }
    ~FakeDaemon() {
        finish();
        close(listener_);
        std::filesystem::remove_all(folder_);
    }
    FakeDaemon(const FakeDaemon&) = delete;
    FakeDaemon& operator=(const FakeDaemon&) = delete;

    // Once every connection is served: what the script wrote may be read.
    void finish() {
        if (thread_.joinable()) thread_.join();
    }
    const std::string& path() const { return path_; }

private:
    std::string folder_;
    std::string path_;
    int listener_ = -1;
    std::thread thread_;
};

}  // namespace hearsay::client
