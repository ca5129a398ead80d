#pragma once

#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Runs a command once for each message or event, without a shell.
namespace hearsay::client {

// Words as they are typed: parted by blanks, grouped by '...' or "...", a backslash takes the next
// character as it is (not within '...'). Nothing is expanded. Throws CLI::ValidationError when a
// quote is not closed or there is no word.
std::vector<std::string> split_words(const std::string& option, const std::string& text);

struct ExecOptions {
    std::vector<std::string> words;
    std::size_t jobs = 4;  // at most so many run at once
    std::chrono::milliseconds timeout{30'000};
};

struct ExecJob {
    std::string input;                                             // its standard input
    std::vector<std::pair<std::string, std::string>> environment;  // added to ours
    std::string about;                                             // for people: what it is for
};

// Promise: add() and advance() never wait, whatever the commands do. What waits is bounded by
// kWaitingMax jobs and kWaitingBytesMax of input; what comes beyond is dropped, counted and told.
// A command that takes longer than the timeout is killed, and with it whatever it has started in
// its process group. On destruction those that still run are killed; so they are when this
// command is told to end (SIGINT, SIGTERM, SIGHUP), which advance() turns into a Stop.
//
// Everything worth telling goes to standard error, at most once a second.
class ExecPool {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t kWaitingMax = 1024;
    static constexpr std::size_t kWaitingBytesMax = std::size_t{16} << 20;

    explicit ExecPool(ExecOptions options);
    ~ExecPool();
    ExecPool(const ExecPool&) = delete;
    ExecPool& operator=(const ExecPool&) = delete;

    // Throws Stop when the command cannot be started at all.
    void add(ExecJob job);
    // Takes leave of what has ended or taken too long, and starts what waits.
    void advance();
    // Until nothing runs or waits.
    void finish();

    // To poll() for, beside what the caller waits for: readable when advance() has to be called.
    void add_descriptors(std::vector<pollfd>& descriptors) const;
    // Milliseconds until advance() has to be called anyway; -1: none.
    int wait_ms() const;
    bool is_idle() const { return running_.empty() && waiting_.empty(); }

    std::size_t dropped() const { return dropped_; }
    std::size_t failed() const { return failed_; }  // ended badly, or killed

private:
    struct Running {
        pid_t pid = 0;
        int pidfd = -1;
        Clock::time_point kill_at;
        bool is_killed = false;
        std::string about;
    };

    void start(ExecJob job);
    bool reap(Running& running);
    void kill_late();
    void tell(const std::string& text, bool is_last = false);

    ExecOptions options_;
    int signals_ = -1;
    std::vector<Running> running_;
    std::deque<ExecJob> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::size_t dropped_ = 0;
    std::size_t dropped_told_ = 0;
    std::size_t failed_ = 0;
    std::optional<Clock::time_point> told_at_;
    std::size_t untold_ = 0;
};

}  // namespace hearsay::client
