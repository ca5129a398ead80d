#include <cstdio>

#include "client/command/arguments.h"
#include "client/command/session.h"
#include "client/command/verbs.h"

namespace hearsay::client {
namespace {

struct Options {
    std::string target;
    bool is_json = false;
};

void show_key(const Globals& globals, const Options& options) {
    const Json reply = Session(globals).ask("key");
    if (options.is_json) return print_json(reply);
    std::printf("%s\n", reply["node"].get<std::string>().c_str());
}

// Says what this command is even when there is no daemon to ask.
void show_version(const Globals& globals, const Options& options) {
    Json versions{{"client", hearsay_library_version()}, {"daemon", nullptr}, {"api", nullptr}};
    std::string missing;
    try {
        const Json reply = Session(globals).ask("version");
        versions["daemon"] = reply["version"];
        versions["api"] = reply["api"];
    } catch (const Stop& stop) {
        missing = stop.text.substr(0, stop.text.find('\n'));
        if (missing.starts_with("hearsayd ")) missing.erase(0, 9);
    }
    if (options.is_json) return print_json(versions);
    std::printf("hearsay   %s\n", hearsay_library_version());
    if (versions["daemon"].is_null())
        std::printf("hearsayd  %s\n", missing.c_str());
    else
        std::printf("hearsayd  %s (API %d)\n", versions["daemon"].get<std::string>().c_str(),
                    versions["api"].get<int>());
}

}  // namespace

void add_control(CLI::App& app, Globals& globals) {
    auto connect = std::make_shared<Options>();
    CLI::App& connect_verb = *app.add_subcommand("connect", "Dial a host by its address");
    connect_verb.add_option("ADDRESS", connect->target, "HOST or HOST:PORT")->required();
    on_run(connect_verb, connect, [&globals](const Options& chosen) {
        Session(globals).ask("connect", {{"address", chosen.target}});
        std::fprintf(stderr, "Dialling. If it answers it appears in: hearsay links\n");
    });

    auto disconnect = std::make_shared<Options>();
    CLI::App& disconnect_verb =
        *app.add_subcommand("disconnect", "Close the link to a member for at least a minute");
    disconnect_verb
        .add_option("MEMBER", disconnect->target, "Its name, key, or the beginning of its key")
        ->required();
    on_run(disconnect_verb, disconnect, [&globals](const Options& chosen) {
        Session(globals).ask("disconnect", {{"member", chosen.target}});
    });

    CLI::App& key = *app.add_subcommand("key", "The identity of this host");
    key.require_subcommand(1);
    auto show = std::make_shared<Options>();
    CLI::App& show_verb = *key.add_subcommand("show", "Its public key: what others know it by");
    add_json_flag(show_verb, show->is_json);
    on_run(show_verb, show, [&globals](const Options& chosen) { show_key(globals, chosen); });

    auto leave = std::make_shared<Options>();
    CLI::App& leave_verb =
        *app.add_subcommand("leave", "Say goodbye and stop the daemon until it is started again");
    on_run(leave_verb, leave, [&globals](const Options&) { Session(globals).ask("leave"); });

    auto version = std::make_shared<Options>();
    CLI::App& version_verb = *app.add_subcommand("version", "Of this command and of the daemon");
    add_json_flag(version_verb, version->is_json);
    on_run(version_verb, version,
           [&globals](const Options& chosen) { show_version(globals, chosen); });
}

}  // namespace hearsay::client
