#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "config/config.h"

namespace hearsay::host {

// Lines for the operator, on standard error. Under systemd each begins with its priority as
// sd-daemon(3) wants it, else with the level in words. Never holds secrets or payloads.
//
// Whatever strangers can cause is limited: one line a second for each cause, the next one says
// how many were left out. Causes are words in this program, so there are few of them.
class Log {
public:
    // Clock and output are given by tests; they default to Loop::now() and standard error.
    explicit Log(config::LogLevel level);
    Log(config::LogLevel level, bool with_priority, std::function<Instant()> clock,
        std::function<void(std::string_view line)> write);

    void set_level(config::LogLevel level) { level_ = level; }

    // `cause` names the kind of line for the limit; empty: no limit.
    void error(std::string_view cause, std::string_view text);
    void warning(std::string_view cause, std::string_view text);
    void info(std::string_view cause, std::string_view text);
    void debug(std::string_view cause, std::string_view text);
    // `text` is asked for only if the line is written. `cause` must not be empty.
    void info_lazily(std::string_view cause, const std::function<std::string()>& text);

private:
    struct Cause {
        Instant last{};
        std::uint64_t suppressed = 0;
    };
    void write(config::LogLevel level, std::string_view cause, std::string_view text);
    // What to add to the line; nullopt: the line is to be left out.
    std::optional<std::string> admit(config::LogLevel level, std::string_view cause);

    config::LogLevel level_;
    bool with_priority_;
    std::function<Instant()> clock_;
    std::function<void(std::string_view)> write_;
    std::map<std::string, Cause, std::less<>> causes_;
};

// Whether `fd` is the journal's, as systemd says in $JOURNAL_STREAM ("device:inode").
bool is_journal(int fd, const char* journal_stream);

// The text with control characters replaced: one line stays one line whatever a peer calls
// itself.
std::string printable(std::string_view text);

}  // namespace hearsay::host
