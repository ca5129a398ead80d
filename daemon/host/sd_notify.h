#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace hearsay::host {

// The service manager's notification protocol, sd_notify(3): one datagram of NAME=value lines to
// the Unix socket in $NOTIFY_SOCKET. Without a service manager every call does nothing. Nothing
// here fails: a manager that does not listen is its own problem.
class SdNotify {
public:
    // `socket`: the value of $NOTIFY_SOCKET, '@' in front for the abstract namespace; null or
    // empty: nobody wants to know. `watchdog_usec` and `watchdog_pid`: of those variables.
    SdNotify(const char* socket, const char* watchdog_usec, const char* watchdog_pid);
    static SdNotify from_environment();

    bool is_active() const { return !socket_.empty(); }
    // How often watchdog() must be called: half of what the manager asks for.
    std::optional<Duration> watchdog_interval() const { return watchdog_interval_; }

    void ready();
    void status(std::string_view text);
    void watchdog();
    // To be followed by ready(). `monotonic` is CLOCK_MONOTONIC.
    void reloading(Duration monotonic);
    void stopping();

private:
    void send(std::string_view lines);

    std::string socket_;
    std::optional<Duration> watchdog_interval_;
};

}  // namespace hearsay::host
