#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "client/command/arguments.h"
#include "client/command/session.h"
#include "client/command/verbs.h"

namespace hearsay::client {
namespace {

struct Options {
    std::string name;
    std::string step;
    std::vector<std::string> seeds;
    bool is_json = false;
};

// Keeps a secret that is pasted off the screen.
class HiddenInput {
public:
    HiddenInput() : is_terminal_(tcgetattr(STDIN_FILENO, &before_) == 0) {
        termios hidden = before_;
        hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        if (is_terminal_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    ~HiddenInput() {
        if (is_terminal_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }
    HiddenInput(const HiddenInput&) = delete;
    HiddenInput& operator=(const HiddenInput&) = delete;

private:
    termios before_{};
    bool is_terminal_;
};

// From standard input: arguments are seen by every user of the host and kept by the shell.
std::string read_token() {
    std::string token;
    if (isatty(STDIN_FILENO) == 0) {
        for (std::string line; std::getline(std::cin, line) && token.size() < 4096;) token += line;
    } else {
        std::fputs("Token (what you paste is not shown): ", stderr);
        const HiddenInput hidden;
        std::getline(std::cin, token);
        std::fputc('\n', stderr);
    }
    if (token.find_first_not_of(" \t\r") == std::string::npos)
        throw Stop{kExitRefused,
                   "no token: paste it when asked, or give it on standard input. On a host that is "
                   "in the network, `sudo hearsay network token` prints it"};
    return token;
}

void print_token(const Json& reply, bool is_json) {
    if (is_json) return print_json(reply);
    std::printf("%s\n", reply["token"].get<std::string>().c_str());
}

void create(const Globals& globals, const Options& options) {
    const Json reply = Session(globals).ask("network.create", {{"name", options.name}});
    print_token(reply, options.is_json);
    std::fputs("Whoever has this token can join. On the other hosts: sudo hearsay network join\n",
               stderr);
}

void open(const Globals& globals, const Options& options) {
    Session(globals).ask("network.open", {{"name", options.name}});
    std::fprintf(stderr,
                 "Warning: the network \"%s\" is open: anyone who can reach this host can join it, "
                 "read every message and publish.\n",
                 options.name.c_str());
}

void join(const Globals& globals, const Options& options) {
    const std::string token = read_token();
    const Json reply =
        Session(globals).ask("network.join", {{"token", token}, {"seeds", options.seeds}});
    if (options.is_json) return print_json(reply);
    std::fprintf(stderr, "Joined the network \"%s\". Who is there: hearsay members\n",
                 printable(reply["network"]["name"].get<std::string>()).c_str());
}

void show(const Globals& globals, const Options& options) {
    const Json reply = Session(globals).ask("network.show");
    if (options.is_json) return print_json(reply);
    const Json& network = reply["network"];
    if (network.is_null()) {
        std::puts("no network yet: sudo hearsay network create NAME, or sudo hearsay network join");
        return;
    }
    std::printf(
        "name     %s\njoining  %s\nsecrets  %d\n",
        printable(network["name"].get<std::string>()).c_str(),
        network["open"].get<bool>() ? "open to anyone who can reach this host" : "with the token",
        network["secrets"].get<int>());
}

void rotate(const Globals& globals, const Options& options) {
    const Json reply = Session(globals).ask("network.rotate", {{"step", options.step}});
    print_token(reply, options.is_json);
    const char* next =
        "Only the secret of this token is left, the first one this host had: the new one if it was "
        "promoted, else the old one. Hosts that do not have it are out.\n";
    if (options.step == "add")
        next =
            "Give this token to every host (hearsay network join), then: network rotate promote\n";
    if (options.step == "promote")
        next = "Do the same on every host, then, again on every host: network rotate finish\n";
    std::fputs(next, stderr);
}

using Run = void (*)(const Globals&, const Options&);

CLI::App& add(CLI::App& parent, Globals& globals, const char* name, const char* help, Run run,
              Options** out, bool has_json) {
    auto options = std::make_shared<Options>();
    CLI::App& verb = *parent.add_subcommand(name, help);
    if (has_json) add_json_flag(verb, options->is_json);
    *out = options.get();
    on_run(verb, options, [&globals, run](const Options& chosen) { run(globals, chosen); });
    return verb;
}

void token(const Globals& globals, const Options& options) {
    print_token(Session(globals).ask("network.token"), options.is_json);
}

void leave(const Globals& globals, const Options&) { Session(globals).ask("network.leave"); }

}  // namespace

void add_network(CLI::App& app, Globals& globals) {
    CLI::App& parent = *app.add_subcommand("network", "Create, join and look after the network");
    parent.require_subcommand(1);
    Options* options = nullptr;
    add(parent, globals, "create", "Begin a network and print its token", create, &options, true)
        .add_option("NAME", options->name, "1 to 32 characters of a-z 0-9 -")
        ->required();
    add(parent, globals, "open", "Join the open network of a name, which anybody can", open,
        &options, false)
        .add_option("NAME", options->name, "1 to 32 characters of a-z 0-9 -")
        ->required();
    CLI::App& joining =
        add(parent, globals, "join", "Join with a token, asked for or from standard input", join,
            &options, true);
    joining.add_option("--seed", options->seeds, "A member to dial, if none is on this LAN")
        ->type_name("HOST[:PORT]");
    add(parent, globals, "token", "Print the token: whoever has it can join", token, &options,
        true);
    add(parent, globals, "show", "The network of this host", show, &options, true);
    add(parent, globals, "leave", "Forget the network; the daemon stays", leave, &options, false);
    add(parent, globals, "rotate", "Replace the secret, in three steps on all hosts", rotate,
        &options, true)
        .add_option("STEP", options->step, "add, promote, finish")
        ->required()
        ->check(CLI::IsMember({"add", "promote", "finish"}));
}

}  // namespace hearsay::client
