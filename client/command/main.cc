#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <vector>

#include "client/command/session.h"
#include "client/command/verbs.h"
#include "config/suggest.h"
#include "config/version.h"

namespace hearsay::client {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 hearsayd is not running.\n"
    "More: man hearsay. Options of a verb: hearsay VERB --help.";

void build(CLI::App& app, Globals& globals) {
    app.name("hearsay");
    app.set_version_flag("--version", std::string("hearsay ") + config::kVersion);
    app.footer(kFooter);
    app.fallthrough();  // --socket may stand behind the verb too
    app.require_subcommand(1);
    app.add_option("--socket", globals.socket, "Socket of the daemon (or $HEARSAY_SOCKET)")
        ->type_name("PATH");
    app.add_option("--color", globals.color, "auto, always, never")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->type_name("WHEN");
    app.parse_complete_callback([&globals] { globals.decide_color(); });
    add_status(app, globals);
    add_members(app, globals);
    add_ping(app, globals);
    add_tags(app, globals);
    add_top(app, globals);
    add_publish(app, globals);
    add_subscribe(app, globals);
    add_network(app, globals);
    add_control(app, globals);
    add_config(app, globals);
    add_doctor(app, globals);
    add_watch(app, globals);
    add_complete(app, globals);
}

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

std::string suggestion(const CLI::App& app, const std::string& word) {
    std::vector<std::string> names;
    for (const CLI::App* const verb : verbs_of(app))
        if (!verb->get_group().empty()) names.push_back(verb->get_name());  // not the hidden ones
    return config::did_you_mean(word, std::vector<std::string_view>(names.begin(), names.end()));
}

// A word where a verb should stand is named, with the verb it was meant to be. Empty: no such
// word.
std::string unknown_verb(const CLI::App& app, const std::vector<std::string>& words) {
    const CLI::App* level = &app;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "--socket" || word == "--color") ++i;
        if (word.starts_with("-")) continue;
        const auto verbs = verbs_of(*level);
        if (verbs.empty()) return "";
        const auto next = std::find_if(verbs.begin(), verbs.end(), [&](const CLI::App* verb) {
            return verb->get_name() == word;
        });
        if (next == verbs.end())
            return "there is no verb \"" + printable(word) + "\"" + suggestion(*level, word);
        level = *next;
    }
    return "";
}

// The innermost verb that was named, for its help.
const CLI::App& chosen_verb(const CLI::App& app) {
    const CLI::App* level = &app;
    while (!level->get_subcommands().empty()) level = level->get_subcommands().front();
    return *level;
}

int usage_error(const CLI::App& app, const std::string& text) {
    std::string path;
    for (const CLI::App* level = &chosen_verb(app); level != nullptr; level = level->get_parent())
        path = level->get_name() + (path.empty() ? "" : " ") + path;
    std::fprintf(stderr, "hearsay: %s\nSee: %s --help\n", text.c_str(), path.c_str());
    return kExitUsage;
}

int run(int count, char** arguments) {
    Globals globals;
    CLI::App app("Publish to, listen to and look after the hearsay daemon of this host.");
    build(app, globals);
    const std::vector<std::string> words(arguments + 1, arguments + count);
    if (const std::string unknown = unknown_verb(app, words); !unknown.empty())
        return usage_error(app, unknown);
    if (words.empty()) {
        std::fputs(app.help().c_str(), stdout);
        return kExitUsage;
    }
    try {
        app.parse(count, arguments);
        return std::fflush(stdout) == 0 ? kExitOk : kExitRefused;
    } catch (const CLI::Success& help_or_version) {
        return app.exit(help_or_version);
    } catch (const CLI::ParseError& error) {
        return usage_error(app, error.what());
    } catch (const Stop& stop) {
        std::fflush(stdout);
        if (!stop.text.empty()) std::fprintf(stderr, "hearsay: %s\n", stop.text.c_str());
        return stop.exit_code;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "hearsay: %s\n", error.what());
        return kExitRefused;
    }
}

}  // namespace
}  // namespace hearsay::client

int main(int count, char** arguments) { return hearsay::client::run(count, arguments); }
