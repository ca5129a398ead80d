#include "client/command/exec_pool.h"

#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "client/command/session.h"

namespace hearsay::client {
namespace {

using namespace std::chrono_literals;

constexpr auto kTellInterval = 1s;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// A file in memory rather than a pipe: nobody has to be fed while the command reads.
int open_input(const std::string& input) {
    const int fd = memfd_create("hearsay-payload", MFD_CLOEXEC);
    if (fd < 0) return -1;
    std::size_t done = 0;
    while (done < input.size()) {
        const ssize_t size = write(fd, input.data() + done, input.size() - done);
        if (size <= 0) {
            close(fd);
            return -1;
        }
        done += static_cast<std::size_t>(size);
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}

// By the system call: glibc 2.36 declares its own for C only.
int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

// Ours, with `added` in place of what has the same names.
std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& added) {
    std::vector<std::string> result;
    for (const auto& [name, value] : added) result.push_back(name + "=" + value);
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const bool is_replaced = std::any_of(added.begin(), added.end(), [&](const auto& one) {
            return text.starts_with(one.first + "=");
        });
        if (!is_replaced) result.emplace_back(text);
    }
    return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

// In a process group of its own, so that it can be killed with all it has started, and with the
// signals as they are by default. Returns an errno, or 0.
int spawn(std::vector<std::string> words, std::vector<std::string> environment, int input,
          pid_t& pid) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    const std::vector<char*> arguments = pointers_to(words);
    const std::vector<char*> variables = pointers_to(environment);
    const int error =
        posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), variables.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

}  // namespace

std::vector<std::string> split_words(const std::string& option, const std::string& text) {
    std::vector<std::string> words;
    std::optional<std::string> word;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote == 0 && is_blank(c)) {
            if (word) words.push_back(*std::exchange(word, std::nullopt));
            continue;
        }
        if (!word) word.emplace();
        if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
            *word += text[++i];
        } else if (quote != 0 ? c == quote : c == '\'' || c == '"') {
            quote = quote == 0 ? c : char{0};
        } else {
            *word += c;
        }
    }
    if (quote != 0) throw CLI::ValidationError(option, "a quote is not closed");
    if (word) words.push_back(*word);
    if (words.empty()) throw CLI::ValidationError(option, "a command is needed");
    return words;
}

ExecPool::ExecPool(ExecOptions options) : options_(std::move(options)) {
    sigset_t ends;
    sigemptyset(&ends);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, number);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    signals_ = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

ExecPool::~ExecPool() {
    for (Running& running : running_) {
        kill(-running.pid, SIGKILL);
        waitpid(running.pid, nullptr, 0);
        close(running.pidfd);
    }
    if (signals_ >= 0) close(signals_);
}

void ExecPool::add(ExecJob job) {
    if (running_.size() < options_.jobs && waiting_.empty()) return start(std::move(job));
    if (waiting_.size() >= kWaitingMax || waiting_bytes_ + job.input.size() > kWaitingBytesMax) {
        ++dropped_;
        return tell("");
    }
    waiting_bytes_ += job.input.size();
    waiting_.push_back(std::move(job));
}

void ExecPool::start(ExecJob job) {
    const int input = open_input(job.input);
    Running running;
    const int error =
        input < 0 ? errno
                  : spawn(options_.words, environment_with(job.environment), input, running.pid);
    if (input >= 0) close(input);
    if (error == ENOENT || error == EACCES || error == ENOEXEC || error == ENOTDIR)
        throw Stop{kExitRefused,
                   "cannot run " + printable(options_.words[0]) + ": " + std::strerror(error)};
    if (error == 0) running.pidfd = open_pidfd(running.pid);
    if (error != 0 || running.pidfd < 0) {
        ++failed_;
        if (error == 0) {
            kill(-running.pid, SIGKILL);
            waitpid(running.pid, nullptr, 0);
        }
        return tell("cannot run " + printable(options_.words[0]) + " for " + job.about + ": " +
                    std::strerror(error == 0 ? errno : error));
    }
    running.kill_at = Clock::now() + options_.timeout;
    running.about = std::move(job.about);
    running_.push_back(std::move(running));
}

// Whether it has ended.
bool ExecPool::reap(Running& running) {
    int status = 0;
    if (waitpid(running.pid, &status, WNOHANG) == 0) return false;
    close(running.pidfd);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    ++failed_;
    const std::string how = running.is_killed ? "took too long and was killed"
                            : WIFEXITED(status)
                                ? "ended with " + std::to_string(WEXITSTATUS(status))
                                : "was ended by signal " + std::to_string(WTERMSIG(status));
    tell(printable(options_.words[0]) + " " + how + ", for " + running.about);
    return true;
}

void ExecPool::kill_late() {
    const auto now = Clock::now();
    for (Running& running : running_) {
        if (running.is_killed || now < running.kill_at) continue;
        kill(-running.pid, SIGKILL);
        running.is_killed = true;
    }
}

void ExecPool::advance() {
    signalfd_siginfo told{};
    if (signals_ >= 0 && read(signals_, &told, sizeof told) == static_cast<ssize_t>(sizeof told))
        throw Stop{128 + static_cast<int>(told.ssi_signo), ""};
    kill_late();
    std::erase_if(running_, [this](Running& running) { return reap(running); });
    while (!waiting_.empty() && running_.size() < options_.jobs) {
        ExecJob job = std::move(waiting_.front());
        waiting_.pop_front();
        waiting_bytes_ -= job.input.size();
        start(std::move(job));
    }
}

void ExecPool::finish() {
    while (!is_idle()) {
        advance();
        std::vector<pollfd> descriptors;
        add_descriptors(descriptors);
        if (!is_idle()) poll(descriptors.data(), descriptors.size(), wait_ms());
    }
    tell("", true);
}

void ExecPool::add_descriptors(std::vector<pollfd>& descriptors) const {
    descriptors.push_back({signals_, POLLIN, 0});
    for (const Running& running : running_) descriptors.push_back({running.pidfd, POLLIN, 0});
}

int ExecPool::wait_ms() const {
    std::optional<Clock::time_point> next;
    for (const Running& running : running_)
        if (!running.is_killed && (!next || running.kill_at < *next)) next = running.kill_at;
    if (!next) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

// `text` is of one command that failed; empty: only what was dropped is to be told.
void ExecPool::tell(const std::string& text, bool is_last) {
    const auto now = Clock::now();
    if (!is_last && told_at_ && now - *told_at_ < kTellInterval) {
        untold_ += text.empty() ? 0 : 1;
        return;
    }
    if (!text.empty()) std::fprintf(stderr, "hearsay: %s\n", text.c_str());
    if (untold_ > 0) std::fprintf(stderr, "hearsay: %zu more commands failed\n", untold_);
    if (dropped_ > dropped_told_)
        std::fprintf(stderr,
                     "hearsay: %zu dropped as %s is too slow: %zu wait and %zu run already\n",
                     dropped_ - dropped_told_, printable(options_.words[0]).c_str(),
                     waiting_.size(), running_.size());
    if (!text.empty() || untold_ > 0 || dropped_ > dropped_told_) told_at_ = now;
    untold_ = 0;
    dropped_told_ = dropped_;
}

}  // namespace hearsay::client
