#include "client/command/arguments.h"

#include "config/duration_text.h"

namespace hearsay::client {

Milliseconds duration_argument(const std::string& option, const std::string& text) {
    auto duration = config::parse_duration(text);
    // Seconds are what a bare number means on every other command line.
    if (!duration && duration.error() == config::UnitError::no_unit)
        duration = config::parse_duration(text + "s");
    if (!duration)
        throw CLI::ValidationError(option, text + " " + std::string(to_text(duration.error())) +
                                               "; write 10s, 500ms or 2min");
    return std::chrono::duration_cast<Milliseconds>(*duration);
}

CLI::Option* add_json_flag(CLI::App& verb, bool& is_json) {
    return verb.add_flag("--json", is_json, "Print JSON, for programs");
}

}  // namespace hearsay::client
