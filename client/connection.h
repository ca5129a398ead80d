#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/hearsay.h"

namespace hearsay::client {

// When a call gives up; nullopt: never.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;
Deadline deadline_in(int timeout_ms);

struct Failure {
    hearsay_code code = HEARSAY_OK;
    std::string text;
};

// A line as it came, and the payloads behind it.
struct Frame {
    std::string line;
    std::vector<std::string> payloads;
    std::size_t size() const;
};

// Bytes to and from the daemon, in frames.
class Connection {
public:
    Connection() = default;
    ~Connection() { close(); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    Failure open(const std::string& path, const Deadline& deadline);
    void close();
    int fd() const { return fd_; }

    // All of it. Reads what comes meanwhile, so that two full pipes cannot wait for each other.
    Failure write(std::string_view bytes, const Deadline& deadline);
    // The next frame. HEARSAY_TIMEOUT: none in time; what has come of it is kept.
    Failure read(Frame& frame, const Deadline& deadline);

private:
    // One more read(2). HEARSAY_OK without anything when it would block.
    Failure fill();
    Failure wait(short events, const Deadline& deadline, short* ready);
    // False: not all of it is there.
    bool cut(Frame& frame, Failure& failure);

    int fd_ = -1;
    std::string in_;
    std::size_t begin_ = 0;
    // What is known of the frame that begins at begin_, so that no line is scanned twice.
    std::size_t scanned_ = 0;  // bytes after begin_ without newline
    std::size_t needed_ = 0;   // of the whole frame, when its line is there
};

}  // namespace hearsay::client
