#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "config/load.h"
#include "config/version.h"
#include "crypto/identity.h"
#include "crypto/random.h"
#include "daemon/host/control.h"
#include "daemon/host/log.h"
#include "daemon/host/loop.h"
#include "daemon/host/node.h"
#include "daemon/host/service.h"
#include "daemon/host/startup_error.h"

namespace hearsay::host {
namespace {

constexpr int kExitUsage = 64;  // sysexits.h

constexpr const char* kUsage =
    "Usage: hearsayd [--config FILE] [--check]\n"
    "The gossip daemon. See hearsayd(8); to talk to it: hearsay(1).\n"
    "  --config FILE  read this instead of /etc/hearsay/hearsay.toml; FILE's folder may have a\n"
    "                 conf.d with more\n"
    "  --check        check the configuration and exit: 0, or 78 with every problem\n"
    "  --version, --help\n";

struct Arguments {
    std::string config_file{kDefaultConfigFile};
    bool is_check = false;
};

// The exit code when there is nothing more to do.
std::optional<int> parse(int count, char** words, Arguments& arguments) {
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--config" && i + 1 < count) {
            arguments.config_file = words[++i];
        } else if (word.starts_with("--config=")) {
            arguments.config_file = word.substr(9);
        } else if (word == "--check") {
            arguments.is_check = true;
        } else if (word == "--version") {
            std::printf("hearsayd %s\n", config::kVersion);
            return 0;
        } else if (word == "--help") {
            std::fputs(kUsage, stdout);
            return 0;
        } else {
            std::fprintf(stderr, "hearsayd: unknown argument %s\n%s", words[i], kUsage);
            return kExitUsage;
        }
    }
    return std::nullopt;
}

void run(const config::Config& config, const std::string& config_file) {
    if (!crypto::initialise())
        throw StartupError(kExitOsError, "the system gives no random numbers");
    Loop loop;
    Node node(loop, config, config_file);
    Control control(loop, node, config, [&node](std::string_view text) {
        node.log().warning("api", std::string(text));
    });
    Service service(loop, node, SdNotify::from_environment(), [&] { control.stop(); });
    service.ready();
    loop.run();
}

int start(int count, char** words) {
    Arguments arguments;
    if (const auto done = parse(count, words, arguments)) return *done;
    Log log(config::LogLevel::info);
    try {
        const bool is_default = arguments.config_file == kDefaultConfigFile;
        const config::Loaded loaded =
            config::load_files(arguments.config_file, is_default ? config::MainFile::optional
                                                                 : config::MainFile::required);
        for (const auto& problem : loaded.problems) log.error("", config::to_text(problem));
        if (!loaded.is_good()) return kExitConfig;
        if (!arguments.is_check) run(loaded.config, arguments.config_file);
        return 0;
    } catch (const StartupError& error) {
        log.error("", error.what());
        return error.exit_code();
    } catch (const crypto::IdentityError& error) {
        log.error("", error.what());
        return kExitConfig;
    } catch (const std::exception& error) {
        log.error("", error.what());
        return kExitOsError;
    }
}

}  // namespace
}  // namespace hearsay::host

int main(int count, char** words) { return hearsay::host::start(count, words); }
