// What the completions of bash, zsh and fish ask for. Silent whatever happens: an error message
// in the middle of typing helps nobody.
#include <cstdio>

#include "client/command/arguments.h"
#include "client/command/session.h"
#include "client/command/verbs.h"

namespace hearsay::client {
namespace {

constexpr int kTimeoutMs = 500;

struct Options {
    std::string what;
};

// A name with white space or control characters cannot be completed to.
bool is_word(const std::string& text) {
    return !text.empty() && printable(text) == text && text.find(' ') == std::string::npos;
}

void print_names(const Json& list, const char* key) {
    for (const Json& entry : list) {
        const std::string name = entry[key].get<std::string>();
        if (is_word(name)) std::printf("%s\n", name.c_str());
    }
}

void print_members(const Json& list) {
    for (const Json& member : list) {
        const std::string label = label_of(member);
        if (is_word(label)) std::printf("%s\n", label.c_str());
    }
}

void complete(const Globals& globals, const Options& options) {
    try {
        Session session(globals);
        session.client().set_timeout(kTimeoutMs);
        if (options.what == "topics") print_names(session.ask("topics")["topics"], "topic");
        if (options.what == "members") print_members(session.ask("members")["members"]);
        if (options.what == "neighbours") print_members(session.ask("links")["links"]);
        if (options.what == "tags")
            for (const auto& [key, value] : session.ask("tags")["tags"].items())
                std::printf("%s\n", printable(key).c_str());
    } catch (const Stop& stop) {
        throw Stop{stop.exit_code, ""};
    }
}

}  // namespace

void add_complete(CLI::App& app, Globals& globals) {
    auto options = std::make_shared<Options>();
    CLI::App& verb = *app.add_subcommand("complete", "Names for the completion of shells");
    verb.group("");  // hidden
    verb.add_option("WHAT", options->what)->required();
    on_run(verb, options, [&globals](const Options& chosen) { complete(globals, chosen); });
}

}  // namespace hearsay::client
