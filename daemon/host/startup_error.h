#pragma once

#include <stdexcept>
#include <string>

namespace hearsay::host {

// Exit codes, as in sysexits.h. systemd does not restart the unit on kExitConfig.
inline constexpr int kExitUnavailable = 69;   // what it needs is taken or missing: a port
inline constexpr int kExitOsError = 71;       // the system refused something basic
inline constexpr int kExitCannotCreate = 73;  // a file or folder cannot be made
inline constexpr int kExitNoPermission = 77;  // allowed to others, not to us
inline constexpr int kExitConfig = 78;        // the configuration or a state file is wrong

// The daemon cannot start. what() is one line: what, where, and what to do about it. Caught in
// main() only.
class StartupError : public std::runtime_error {
public:
    StartupError(int exit_code, const std::string& what)
        : std::runtime_error(what), exit_code_(exit_code) {}
    int exit_code() const { return exit_code_; }

private:
    int exit_code_;
};

}  // namespace hearsay::host
