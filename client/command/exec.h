#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "client/command/exec_pool.h"
#include "client/command/session.h"

namespace hearsay::client {

// When to stop listening.
struct ListenLimits {
    std::uint64_t count = 0;  // 0: never enough
    std::optional<std::chrono::steady_clock::time_point> end;
    std::string timeout;  // as it was given
};

// Milliseconds left, as the library waits: -1 is for ever.
int wait_ms(const std::optional<std::chrono::steady_clock::time_point>& end);
Stop too_few(std::uint64_t seen, std::uint64_t count, const std::string& timeout);

// Runs the command for each message or event that comes, see ExecPool; at the end waits for those
// still under way. Stops with 1 when one was dropped, failed or killed, or fewer than wanted came.
void run_for_each(Session& session, ExecOptions options, const ListenLimits& limits);

}  // namespace hearsay::client
