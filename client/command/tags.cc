#include <cstdio>

#include "client/command/arguments.h"
#include "client/command/session.h"
#include "client/command/verbs.h"

namespace hearsay::client {
namespace {

struct Options {
    std::vector<std::string> words;
    bool is_json = false;
};

void print_tags(const Json& reply, const Options& options) {
    if (options.is_json) return print_json(reply);
    for (const auto& [key, value] : reply["tags"].items())
        std::printf("%s=%s\n", printable(key).c_str(), printable(value.get<std::string>()).c_str());
    if (reply["tags"] == reply["configured"]) return;
    std::fprintf(stderr,
                 "Changed at run time: until the daemon ends, or reloads a configuration with "
                 "other tags.\n");
}

void change(CLI::App& tags, Globals& globals, const char* name, const char* op, const char* word,
            const char* what) {
    auto options = std::make_shared<Options>();
    CLI::App& verb = *tags.add_subcommand(name, what);
    verb.add_option(word, options->words, "Any number of them")->required();
    add_json_flag(verb, options->is_json);
    on_run(verb, options, [&globals, op](const Options& chosen) {
        print_tags(Session(globals).ask(op, {{"tags", chosen.words}}), chosen);
    });
}

}  // namespace

void add_tags(CLI::App& app, Globals& globals) {
    auto options = std::make_shared<Options>();
    CLI::App& tags = *app.add_subcommand("tags", "The tags of this host; set and remove them");
    tags.require_subcommand(0, 1);
    add_json_flag(tags, options->is_json);
    on_run(tags, options, [&globals, &tags](const Options& chosen) {
        if (!tags.get_subcommands().empty()) return;  // that one has run
        print_tags(Session(globals).ask("tags"), chosen);
    });
    change(tags, globals, "set", "tags.set", "KEY=VALUE",
           "Set tags until the daemon ends or reloads others");
    change(tags, globals, "remove", "tags.remove", "KEY",
           "Remove tags until the daemon ends or reloads others");
}

}  // namespace hearsay::client
