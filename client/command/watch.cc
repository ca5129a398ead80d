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
    bool is_json = false;
};

int alive_in(const Json& status) { return status["members"]["alive"].get<int>(); }

// Looks again at every event, and now and then in case one was missed.
void wait_in(const Globals& globals, int members, Clock::time_point end, int& seen) {
    Session session(globals);
    session.use([](Client& client) { client.events(); });
    while (true) {
        seen = alive_in(session.ask("status"));
        if (seen >= members || Clock::now() >= end) return;
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
    int seen = 0;
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

struct Conclusion {
    Verdict verdict = Verdict::ok;
    std::string text;
};

std::string sentence_of(const Stop& stop) { return stop.text.substr(0, stop.text.find('\n')); }

Conclusion conclusion_of(const Json& status, int wanted) {
    const int alive = alive_in(status);
    if (status["network"].is_null()) return {Verdict::critical, "in no network yet"};
    if (alive < wanted)
        return {Verdict::critical, "only " + std::to_string(alive) + " of " +
                                       std::to_string(wanted) + " members alive"};
    const Json& findings = status["health"];
    if (!findings.empty())
        return {Verdict::warning,
                printable(findings[0].get<std::string>()) +
                    (findings.size() == 1 ? ""
                                          : " (and " + std::to_string(findings.size() - 1) +
                                                " more: hearsay status)")};
    return {Verdict::ok, std::to_string(alive) + " members alive, " +
                             std::to_string(status["links"].get<int>()) + " links"};
}

// `status`: null when the daemon gave none.
[[noreturn]] void conclude(const Conclusion& found, const Json& status, bool is_json) {
    static constexpr const char* kWords[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    const int code = static_cast<int>(found.verdict);
    Json figures = Json::object();
    if (!status.is_null()) {
        for (const char* const state : {"alive", "suspect", "failed"})
            figures[state] = status["members"][state];
        figures["links"] = status["links"];
    }
    if (is_json) {
        print_json({{"verdict", kWords[code]},
                    {"text", found.text},
                    {"figures", figures},
                    {"health", status.is_null() ? Json::array() : status["health"]}});
    } else {
        std::string performance;
        for (const auto& [name, value] : figures.items())
            performance += " " + name + "=" + value.dump();
        std::printf("%s - %s%s%s\n", kWords[code], found.text.c_str(),
                    performance.empty() ? "" : " |", performance.c_str());
    }
    throw Stop{code, ""};
}

void check(const Globals& globals, const Options& options) {
    Json status;
    try {
        status = Session(globals).ask("status");
    } catch (const Stop& stop) {
        const bool is_down = stop.exit_code == kExitNotRunning;
        conclude({is_down ? Verdict::critical : Verdict::unknown, sentence_of(stop)}, nullptr,
                 options.is_json);
    }
    conclude(conclusion_of(status, options.members), status, options.is_json);
}

}  // namespace

void add_watch(CLI::App& app, Globals& globals) {
    auto wait_options = std::make_shared<Options>();
    CLI::App& wait_verb = *app.add_subcommand("wait", "Wait until enough members are alive");
    wait_verb.add_option("--members", wait_options->members, "How many, this host included")
        ->required()
        ->check(CLI::Range(1, 1'000'000))
        ->type_name("N");
    wait_verb.add_option("--timeout", wait_options->timeout, "Give up after this time (30s)")
        ->type_name("DURATION");
    on_run(wait_verb, wait_options, [&globals](const Options& chosen) { wait(globals, chosen); });

    auto check_options = std::make_shared<Options>();
    CLI::App& check_verb = *app.add_subcommand(
        "check", "One line for monitoring; exit code 0 ok, 1 warning, 2 critical, 3 unknown");
    check_verb
        .add_option("--members", check_options->members, "Critical when fewer than this are alive")
        ->check(CLI::Range(1, 1'000'000))
        ->type_name("N");
    add_json_flag(check_verb, check_options->is_json);
    check_verb.footer("");  // the exit codes of the other verbs are not this one's
    on_run(check_verb, check_options,
           [&globals](const Options& chosen) { check(globals, chosen); });
}

}  // namespace hearsay::client
