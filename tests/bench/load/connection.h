#pragma once

#include <string>
#include <string_view>

namespace hearsay::load {

// A non-blocking stream to one endpoint: a path is a Unix socket, else it is IPV4:PORT. What is
// sent waits in `out`. Failures throw std::runtime_error.
class Connection {
public:
    explicit Connection(const std::string& endpoint);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int fd() const { return fd_; }
    std::string out;
    std::size_t waiting() const { return out.size() - sent_; }

    void write_some();
    // One read; false when there was nothing. What was read is input() until consume().
    bool read_some();
    std::string_view input() const;
    void consume(std::size_t size) { begin_ += size; }

private:
    int fd_ = -1;
    std::size_t sent_ = 0;
    std::string in_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace hearsay::load
