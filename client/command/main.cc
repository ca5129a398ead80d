#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
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

constexpr const char* kTokenIsSeen =
    "a token is no argument: every user of this host sees those, and the shell keeps them. Run "
    "`hearsay network join` and paste it when asked; take this one out of the shell's history";

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

bool has_token(const std::vector<std::string>& words) {
    return std::any_of(words.begin(), words.end(),
                       [](const std::string& word) { return word.starts_with("hearsay1-"); });
}

const CLI::App* verb_named(const CLI::App& level, const std::string& word) {
    for (const CLI::App* const verb : verbs_of(level))
        if (verb->get_name() == word) return verb;
    return nullptr;
}

bool has_option(const CLI::App& app, const std::string& word) {
    const std::string name = word.substr(0, word.find('='));
    return app.get_option_no_throw(name) != nullptr;
}

// How far the words lead, before options of the verb and what it is given.
struct Way {
    const CLI::App* end;
    std::string problem;  // a word that is neither a verb here nor an option of all verbs
};

Way follow(const CLI::App& app, const std::vector<std::string>& words) {
    const CLI::App* level = &app;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        const auto verbs = verbs_of(*level);
        if (verbs.empty()) break;
        if (word.starts_with("-")) {
            if (!has_option(app, word) && !has_option(*level, word))
                return {level, "there is no option " + printable(word)};
            if (word == "--socket" || word == "--color") ++i;
            continue;
        }
        const CLI::App* const next = verb_named(*level, word);
        if (next == nullptr)
            return {level,
                    "there is no verb \"" + printable(word) + "\"" + suggestion(*level, word)};
        level = next;
    }
    return {level, ""};
}

// The innermost verb that was named, for its help.
const CLI::App& chosen_verb(const CLI::App& app) {
    const CLI::App* level = &app;
    while (!level->get_subcommands().empty()) level = level->get_subcommands().front();
    return *level;
}

int usage_error(const CLI::App& verb, const std::string& text) {
    std::string path;
    for (const CLI::App* level = &verb; level != nullptr; level = level->get_parent())
        path = level->get_name() + (path.empty() ? "" : " ") + path;
    std::fprintf(stderr, "hearsay: %s\nSee: %s --help\n", text.c_str(), path.c_str());
    return kExitUsage;
}

int finish(int exit_code) {
    std::cout.flush();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout) return exit_code;
    std::fputs("hearsay: cannot write to standard output\n", stderr);
    return exit_code == kExitOk ? kExitRefused : exit_code;
}

int run(int count, char** arguments) {
    Globals globals;
    CLI::App app("Publish to, listen to and look after the hearsay daemon of this host.");
    build(app, globals);
    std::vector<std::string> words(arguments + 1, arguments + count);
    const bool is_help = !words.empty() && words.front() == "help";
    if (is_help) words.erase(words.begin());
    const Way way = follow(app, words);
    if (!way.problem.empty()) return usage_error(*way.end, way.problem);
    const bool is_answered_by_option = std::any_of(
        words.begin(), words.end(),
        [](const auto& word) { return word == "--help" || word == "-h" || word == "--version"; });
    // A verb that is only the first half of one is answered with what it has.
    const bool is_half =
        way.end->get_require_subcommand_min() > 0 && !is_help && !is_answered_by_option;
    if (is_help || is_half) words.emplace_back("--help");
    try {
        std::reverse(words.begin(), words.end());  // as CLI11 wants them
        app.parse(words);
        return finish(kExitOk);
    } catch (const CLI::Success& help_or_version) {
        app.exit(help_or_version);
        return finish(is_half ? kExitUsage : kExitOk);
    } catch (const CLI::ExtrasError& error) {
        return usage_error(chosen_verb(app), has_token(words) ? kTokenIsSeen : error.what());
    } catch (const CLI::ParseError& error) {
        return usage_error(chosen_verb(app), error.what());
    } catch (const Stop& stop) {
        const int exit_code = finish(stop.exit_code);
        if (!stop.text.empty()) std::fprintf(stderr, "hearsay: %s\n", stop.text.c_str());
        return exit_code;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "hearsay: %s\n", error.what());
        return kExitRefused;
    }
}

}  // namespace
}  // namespace hearsay::client

int main(int count, char** arguments) { return hearsay::client::run(count, arguments); }
