#include <grp.h>
#include <pwd.h>

#include <cstdio>
#include <variant>

#include "client/command/arguments.h"
#include "client/command/session.h"
#include "client/command/verbs.h"
#include "config/endpoint_text.h"
#include "config/keys.h"
#include "config/load.h"
#include "config/range_text.h"
#include "config/show.h"

namespace hearsay::client {
namespace {

constexpr const char* kDefaultFile = "/etc/hearsay/hearsay.toml";

struct Options {
    std::string file;
    bool is_json = false;
};

// A value as JSON has it: durations in seconds, sizes in bytes.
struct ToJson {
    Json operator()(const std::string* value) const { return *value; }
    Json operator()(const bool* value) const { return *value; }
    Json operator()(const std::uint16_t* value) const { return *value; }
    Json operator()(const std::uint32_t* value) const { return *value; }
    Json operator()(const std::uint64_t* value) const { return *value; }
    Json operator()(const Duration* value) const {
        return std::chrono::duration<double>(*value).count();
    }
    Json operator()(const std::vector<std::string>* value) const { return *value; }
    Json operator()(const std::vector<config::HostPort>* value) const {
        Json list = Json::array();
        for (const config::HostPort& host : *value) list.push_back(config::to_text(host));
        return list;
    }
    Json operator()(const std::vector<config::AddressRange>* value) const {
        Json list = Json::array();
        for (const config::AddressRange& range : *value) list.push_back(config::to_text(range));
        return list;
    }
    Json operator()(const std::vector<config::Tag>* value) const {
        Json tags = Json::object();
        for (const config::Tag& tag : *value) tags[tag.key] = tag.value;
        return tags;
    }
    Json operator()(const config::LogLevel* value) const {
        return std::string(config::to_text(*value));
    }
};

Json config_json(config::Config config) {
    Json sections = Json::object();
    for (const config::Key& key : config::keys())
        sections[std::string(key.section)][std::string(key.name)] =
            std::visit(ToJson{}, key.field(config));
    return Json{{"config", std::move(sections)}};
}

void report(const std::vector<config::Problem>& problems) {
    for (const config::Problem& problem : problems)
        std::fprintf(stderr, "%s\n", config::to_text(problem).c_str());
}

config::Loaded load(const std::string& file) {
    // The daemon's own file may be missing, and then every default holds; a file that is named
    // here may not.
    return file.empty() ? config::load_files(kDefaultFile, config::MainFile::optional)
                        : config::load_files(file);
}

bool is_on_this_host(const std::string& account) {
    return account.starts_with('@') ? getgrnam(account.c_str() + 1) != nullptr
                                    : getpwnam(account.c_str()) != nullptr;
}

// What is allowed and is probably not meant.
std::vector<std::string> doubts(const config::Loaded& loaded, const std::string& file) {
    std::vector<std::string> found;
    for (const std::string& name : config::files_left_out(file.empty() ? kDefaultFile : file))
        found.push_back(name + ": not read, as its name does not end in .toml");
    const auto look_up = [&](const char* key, const std::vector<std::string>& accounts) {
        for (const std::string& account : accounts)
            if (!is_on_this_host(account))
                found.push_back(
                    std::string(key) + ": there is no " +
                    (account.starts_with('@') ? "group " + account.substr(1) : "user " + account) +
                    " on this host");
    };
    const config::Api& api = loaded.config.api;
    look_up("api.publishers", api.publishers);
    look_up("api.administrators", api.administrators);
    if (api.group != config::Api().group) look_up("api.group", {"@" + api.group});
    return found;
}

void check(const Options& options) {
    const config::Loaded loaded = load(options.file);
    const std::vector<std::string> warnings = doubts(loaded, options.file);
    if (options.is_json) {
        Json problems = Json::array();
        for (const config::Problem& problem : loaded.problems)
            problems.push_back({{"file", problem.file},
                                {"line", problem.line},
                                {"column", problem.column},
                                {"key", problem.key},
                                {"what", problem.what}});
        print_json(Json{{"good", loaded.is_good()},
                        {"files", loaded.files},
                        {"problems", problems},
                        {"warnings", warnings}});
    } else {
        report(loaded.problems);
        for (const std::string& warning : warnings)
            std::fprintf(stderr, "warning: %s\n", warning.c_str());
    }
    if (!loaded.is_good())
        throw Stop{kExitRefused, loaded.problems.size() == 1
                                     ? "one problem found"
                                     : std::to_string(loaded.problems.size()) + " problems found"};
    if (options.is_json) return;
    if (loaded.files.empty()) std::printf("no configuration file: the defaults hold\n");
    for (const std::string& file : loaded.files) std::printf("%s: good\n", file.c_str());
}

config::Config shown_config(const Globals& globals, const std::string& file) {
    if (!file.empty()) {
        config::Loaded loaded = load(file);
        report(loaded.problems);
        if (!loaded.is_good()) throw Stop{kExitRefused, "the configuration is not good"};
        return std::move(loaded.config);
    }
    const Json reply = Session(globals).ask("config.show");
    config::Loaded loaded = config::load_text(reply["text"].get<std::string>(), "hearsayd");
    if (!loaded.is_good())
        throw Stop{kExitRefused,
                   "hearsayd has a configuration that this command does not understand: they are "
                   "of different versions"};
    return std::move(loaded.config);
}

void show(const Globals& globals, const Options& options) {
    const config::Config config = shown_config(globals, options.file);
    if (options.is_json) return print_json(config_json(config));
    std::fputs(config::show(config).c_str(), stdout);
}

void reload(const Globals& globals, const Options& options) {
    const Json reply = Session(globals).ask("reload");
    if (options.is_json) return print_json(reply);
    for (const Json& key : reply["changed"])
        std::printf("%s: changed\n", key.get<std::string>().c_str());
    for (const Json& key : reply["needs_restart"])
        std::printf("%s: changed in the file, but needs a restart\n",
                    key.get<std::string>().c_str());
    if (reply["changed"].empty() && reply["needs_restart"].empty())
        std::printf("nothing has changed\n");
}

}  // namespace

void add_config(CLI::App& app, Globals& globals) {
    CLI::App& parent = *app.add_subcommand("config", "Check and show the configuration");
    parent.require_subcommand(1);

    auto check_options = std::make_shared<Options>();
    CLI::App& check_verb = *parent.add_subcommand("check", "Read the files and tell every problem");
    check_verb.add_option("FILE", check_options->file, kDefaultFile);
    add_json_flag(check_verb, check_options->is_json);
    on_run(check_verb, check_options, check);

    auto show_options = std::make_shared<Options>();
    CLI::App& show_verb = *parent.add_subcommand(
        "show", "Every key as the daemon has it, or as a file would give it");
    show_verb.add_option("FILE", show_options->file, "Read this instead of asking the daemon");
    add_json_flag(show_verb, show_options->is_json);
    on_run(show_verb, show_options, [&globals](const Options& chosen) { show(globals, chosen); });

    auto reload_options = std::make_shared<Options>();
    CLI::App& reload_verb = *app.add_subcommand("reload", "Let the daemon read its files again");
    add_json_flag(reload_verb, reload_options->is_json);
    on_run(reload_verb, reload_options,
           [&globals](const Options& chosen) { reload(globals, chosen); });
}

}  // namespace hearsay::client
