#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <string>

namespace hearsay::client {

using Milliseconds = std::chrono::milliseconds;

// "10s", "1.5min", "250ms", or a number of seconds. Throws CLI::ValidationError.
Milliseconds duration_argument(const std::string& option, const std::string& text);

CLI::Option* add_json_flag(CLI::App& verb, bool& is_json);

// A verb whose options live as long as its callback. `run` is called with them once the whole
// command line has been read.
template <typename Options, typename Run>
void on_run(CLI::App& verb, std::shared_ptr<Options> options, Run run) {
    verb.callback([options = std::move(options), run = std::move(run)] { run(*options); });
}

}  // namespace hearsay::client
