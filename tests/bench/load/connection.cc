#include "tests/bench/load/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace hearsay::load {
namespace {

constexpr std::size_t kReadSize = std::size_t{256} << 10;

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

int connect_unix(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (fd < 0 || path.size() >= sizeof address.sun_path) fail(path);
    std::memcpy(address.sun_path, path.data(), path.size());
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail(path);
    return fd;
}

int connect_tcp(const std::string& endpoint) {
    const std::size_t colon = endpoint.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (colon == std::string::npos ||
        inet_pton(AF_INET, endpoint.substr(0, colon).c_str(), &address.sin_addr) != 1)
        throw std::runtime_error(endpoint + " is neither a path nor IPV4:PORT");
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(endpoint.substr(colon + 1))));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        fail(endpoint);
    return fd;
}

}  // namespace

Connection::Connection(const std::string& endpoint)
    : fd_(endpoint.starts_with('/') ? connect_unix(endpoint) : connect_tcp(endpoint)) {
    if (fcntl(fd_, F_SETFL, O_NONBLOCK) != 0) fail(endpoint);
}

Connection::~Connection() { close(fd_); }

void Connection::write_some() {
    while (waiting() > 0) {
        const ssize_t size = send(fd_, out.data() + sent_, waiting(), MSG_NOSIGNAL);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) break;
        if (size < 0) fail("send");
        sent_ += static_cast<std::size_t>(size);
    }
    if (sent_ < out.size() && sent_ < out.size() / 2) return;
    out.erase(0, sent_);
    sent_ = 0;
}

bool Connection::read_some() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (in_.size() - end_ < kReadSize && begin_ > 0) {
        std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (in_.size() - end_ < kReadSize) in_.resize(end_ + 2 * kReadSize);
    const ssize_t size = recv(fd_, in_.data() + end_, kReadSize, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (size < 0) fail("receive");
    if (size == 0) throw std::runtime_error("the other end hung up");
    end_ += static_cast<std::size_t>(size);
    return true;
}

std::string_view Connection::input() const {
    return std::string_view(in_).substr(begin_, end_ - begin_);
}

}  // namespace hearsay::load
