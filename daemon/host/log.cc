#include "daemon/host/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "daemon/host/loop.h"

namespace hearsay::host {
namespace {

using config::LogLevel;

constexpr Duration kPause = std::chrono::seconds(1);

std::string_view prefix_of(LogLevel level, bool with_priority) {
    switch (level) {
        case LogLevel::error:
            return with_priority ? "<3>" : "error: ";
        case LogLevel::warning:
            return with_priority ? "<4>" : "warning: ";
        case LogLevel::info:
            return with_priority ? "<6>" : "info: ";
        case LogLevel::debug:
            return with_priority ? "<7>" : "debug: ";
    }
    return "";
}

// In one write, so that lines of several programs on one terminal do not mix. A log that cannot
// be written must not stop anything.
void write_to_stderr(std::string_view line) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

Log::Log(LogLevel level)
    : Log(level, is_journal(STDERR_FILENO, std::getenv("JOURNAL_STREAM")), Loop::now,
          write_to_stderr) {}

Log::Log(LogLevel level, bool with_priority, std::function<Instant()> clock,
         std::function<void(std::string_view)> write)
    : level_(level),
      with_priority_(with_priority),
      clock_(std::move(clock)),
      write_(std::move(write)) {}

void Log::error(std::string_view cause, std::string_view text) {
    write(LogLevel::error, cause, text);
}
void Log::warning(std::string_view cause, std::string_view text) {
    write(LogLevel::warning, cause, text);
}
void Log::info(std::string_view cause, std::string_view text) {
    write(LogLevel::info, cause, text);
}
void Log::debug(std::string_view cause, std::string_view text) {
    write(LogLevel::debug, cause, text);
}

void Log::info_lazily(std::string_view cause, const std::function<std::string()>& text) {
    if (const auto note = admit(LogLevel::info, cause)) write(LogLevel::info, "", text() + *note);
}

void Log::write(LogLevel level, std::string_view cause, std::string_view text) {
    const auto note = admit(level, cause);
    if (!note) return;
    std::string line(prefix_of(level, with_priority_));
    line += printable(text);
    line += *note;
    line += '\n';
    write_(line);
}

std::optional<std::string> Log::admit(LogLevel level, std::string_view cause) {
    if (level > level_) return std::nullopt;
    if (cause.empty()) return "";
    const Instant now = clock_();
    const auto [found, is_first] = causes_.try_emplace(std::string(cause));
    Cause& known = found->second;
    if (!is_first && now - known.last < kPause) {
        ++known.suppressed;
        return std::nullopt;
    }
    const std::uint64_t suppressed = known.suppressed;
    known = {now, 0};
    if (suppressed == 0) return "";
    return " (" + std::to_string(suppressed) + " more like this left out)";
}

bool is_journal(int fd, const char* journal_stream) {
    struct stat status {};
    if (journal_stream == nullptr || fstat(fd, &status) != 0) return false;
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == journal_stream;
}

std::string printable(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) c = '?';
    }
    return result;
}

}  // namespace hearsay::host
