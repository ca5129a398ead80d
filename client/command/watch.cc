#include <algorithm>
#include <cstdio>
#include <optional>
#include <thread>

#include "client/command/arguments.h"
#include "client/command/session.h"
#include "client/command/verbs.h"

namespace hearsay::client {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kRetryPause = 200ms;

struct Options {
    int members = 0;
    std::string timeout = "30s";
};

int alive_in(const Json& status) { return status["members"]["alive"].get<int>(); }

// Looks again at every event, and now and then in case one was missed.
void wait_in(const Globals& globals, int members, Clock::time_point end, int& seen) {
    Session session(globals);
    session.use([](Client& client) { client.events(); });
    while (Clock::now() < end) {
        seen = alive_in(session.ask("status"));
        if (seen >= members) return;
        const auto left = std::chrono::ceil<Milliseconds>(end - Clock::now());
        session.use([&](Client& client) {
            client.next(static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 500)));
            while (client.next(0)) continue;
        });
    }
}

// A daemon that is still starting is waited for like the rest.
void wait(const Globals& globals, const Options& options) {
    const auto end = Clock::now() + duration_argument("--timeout", options.timeout);
    int seen = -1;
    std::optional<Stop> problem;
    do {
        problem.reset();
        try {
            wait_in(globals, options.members, end, seen);
            if (seen >= options.members) return;
        } catch (const Stop& stop) {
            if (stop.exit_code != kExitNotRunning) throw;
            problem = stop;
            std::this_thread::sleep_for(kRetryPause);
        }
    } while (Clock::now() < end);
    if (problem) throw Stop(*problem);
    throw Stop{kExitRefused, "only " + std::to_string(seen) + " of " +
                                 std::to_string(options.members) + " members are alive after " +
                                 options.timeout};
}

// ---- check: what monitoring plugins print, with their exit codes

enum class Verdict { ok = 0, warning = 1, critical = 2, unknown = 3 };

[[noreturn]] void conclude(Verdict verdict, const std::string& text) {
    static constexpr const char* kWords[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    const int code = static_cast<int>(verdict);
    std::printf("%s - %s\n", kWords[code], text.c_str());
    throw Stop{code, ""};
}

std::string sentence_of(const Stop& stop) { return stop.text.substr(0, stop.text.find('\n')); }

std::string performance(const Json& status) {
    std::string text = " |";
    for (const char* const state : {"alive", "suspect", "failed"})
        text +=
            std::string(" ") + state + "=" + std::to_string(status["members"][state].get<int>());
    return text + " links=" + std::to_string(status["links"].get<int>());
}

Json status_or_conclude(const Globals& globals) {
    try {
        return Session(globals).ask("status");
    } catch (const Stop& stop) {
        const bool is_down = stop.exit_code == kExitNotRunning;
        conclude(is_down ? Verdict::critical : Verdict::unknown, sentence_of(stop));
    }
}

void check(const Globals& globals, const Options& options) {
    const Json status = status_or_conclude(globals);
    const int alive = alive_in(status);
    const std::string performance_text = performance(status);
    if (status["network"].is_null())
        conclude(Verdict::critical, "in no network yet" + performance_text);
    if (alive < options.members)
        conclude(Verdict::critical, "only " + std::to_string(alive) + " of " +
                                        std::to_string(options.members) + " members alive" +
                                        performance_text);
    const Json& findings = status["health"];
    if (!findings.empty())
        conclude(Verdict::warning, printable(findings[0].get<std::string>()) + performance_text);
    const int failed = status["members"]["failed"].get<int>();
    if (failed > 0)
        conclude(Verdict::warning, std::to_string(failed) + " members failed, " +
                                       std::to_string(alive) + " alive" + performance_text);
    conclude(Verdict::ok, std::to_string(alive) + " members alive, " +
                              std::to_string(status["links"].get<int>()) + " links" +
                              performance_text);
}

}  // namespace

void add_watch(CLI::App& app, Globals& globals) {
    auto wait_options = std::make_shared<Options>();
    CLI::App& wait_verb = *app.add_subcommand("wait", "Wait until enough members are alive");
    wait_verb.add_option("--members", wait_options->members, "How many, this host included")
        ->required()
        ->type_name("N");
    wait_verb.add_option("--timeout", wait_options->timeout, "Give up after this time (30s)")
        ->type_name("DURATION");
    on_run(wait_verb, wait_options, [&globals](const Options& chosen) { wait(globals, chosen); });

    auto check_options = std::make_shared<Options>();
    CLI::App& check_verb = *app.add_subcommand(
        "check", "One line for monitoring; exit code 0 ok, 1 warning, 2 critical, 3 unknown");
    check_verb
        .add_option("--members", check_options->members, "Critical when fewer than this are alive")
        ->type_name("N");
    on_run(check_verb, check_options,
           [&globals](const Options& chosen) { check(globals, chosen); });
}

}  // namespace hearsay::client
