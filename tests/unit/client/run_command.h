#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/unit/client/fake_daemon.h"

// Runs the command itself.
namespace hearsay::client {

struct Outcome {
    int exit_code = -1;
    std::string out;
    std::string err;
};

inline std::string content(const std::string& path) {
    std::FILE* const file = std::fopen(path.c_str(), "r");
    std::string text;
    std::array<char, 4096> buffer;
    for (std::size_t size = 0; (size = std::fread(buffer.data(), 1, buffer.size(), file)) > 0;)
        text.append(buffer.data(), size);
    std::fclose(file);
    return text;
}

// `input` is a shell word list put before the command, as in "printf x |".
inline Outcome run(const std::string& arguments, const std::string& input = "</dev/null") {
    std::string pattern = "/tmp/hearsay-command-XXXXXX";
    const std::string folder = mkdtemp(pattern.data());
    const bool is_pipe = input.ends_with("|");
    const std::string shell = (is_pipe ? input + " " : "") + "HEARSAY_SOCKET= " + HEARSAY_COMMAND +
                              " " + arguments + " " + (is_pipe ? "" : input) + " >" + folder +
                              "/out 2>" + folder + "/err";
    const int status = std::system(shell.c_str());
    Outcome outcome{WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(folder + "/out"),
                    content(folder + "/err")};
    std::filesystem::remove_all(folder);
    return outcome;
}

inline Outcome ask(const FakeDaemon& daemon, const std::string& arguments) {
    return run(arguments + " --socket " + daemon.path());
}

}  // namespace hearsay::client
