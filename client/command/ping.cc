#include <algorithm>
#include <cstdio>
#include <numeric>
#include <thread>

#include "client/command/arguments.h"
#include "client/command/session.h"
#include "client/command/verbs.h"

namespace hearsay::client {
namespace {

struct Options {
    std::string member;
    int count = 3;
    std::string interval = "1s";
    bool is_json = false;
};

std::string presence_words(const Json& reply) {
    if (reply["presence_age"].is_null()) return "nothing has been heard from it yet";
    const int hops = reply["hops"].get<int>();
    return "its latest presence came over " + std::to_string(hops) +
           (hops == 1 ? " link " : " links ") + age_text(reply["presence_age"].get<double>()) +
           " ago";
}

// What can be said of a member that cannot be measured. Ends the command unless it is alive.
void print_unlinked(const Json& reply) {
    const std::string state = reply["state"].get<std::string>();
    const std::string words = label_of(reply) + " is " + state +
                              " and has no link with this host, so there is no round trip to "
                              "measure: " +
                              presence_words(reply);
    if (state != "alive") throw Stop{kExitRefused, words};
    std::printf("%s\n", words.c_str());
}

void print_one(const Json& reply, int number) {
    const std::string at =
        reply["address"].is_null() ? "" : " at " + reply["address"].get<std::string>();
    const bool has_answer = !reply["rtt"].is_null();
    std::printf("%d: %s%s: %s\n", number, label_of(reply).c_str(), at.c_str(),
                has_answer ? rtt_text(reply["rtt"].get<double>()).c_str() : "no answer");
    std::fflush(stdout);
}

struct Times {
    std::vector<double> answered;  // seconds
    int sent = 0;

    double least() const { return *std::min_element(answered.begin(), answered.end()); }
    double most() const { return *std::max_element(answered.begin(), answered.end()); }
    double mean() const {
        return std::accumulate(answered.begin(), answered.end(), 0.0) /
               static_cast<double>(answered.size());
    }
};

void print_summary(const Times& times) {
    std::printf("%d sent, %zu answered", times.sent, times.answered.size());
    if (!times.answered.empty())
        std::printf("; least %s, mean %s, most %s", rtt_text(times.least()).c_str(),
                    rtt_text(times.mean()).c_str(), rtt_text(times.most()).c_str());
    std::printf("\n");
}

void print_summary_json(Json reply, const Times& times) {
    reply.erase("rtt");
    reply["sent"] = times.sent;
    reply["answered"] = times.answered.size();
    reply["rtts"] = times.answered;
    const bool is_empty = times.answered.empty();
    reply["least"] = is_empty ? Json() : Json(times.least());
    reply["mean"] = is_empty ? Json() : Json(times.mean());
    reply["most"] = is_empty ? Json() : Json(times.most());
    print_json(reply);
}

void ping(const Globals& globals, const Options& options) {
    const Milliseconds interval = duration_argument("--interval", options.interval);
    Session session(globals);
    Times times;
    Json reply;
    for (int number = 1; number <= options.count; ++number) {
        if (number > 1) std::this_thread::sleep_for(interval);
        reply = session.ask("member.ping", {{"member", options.member}});
        if (reply["self"].get<bool>())
            throw Stop{kExitRefused, label_of(reply) + " is this host itself"};
        if (!reply["linked"].get<bool>() && reply["rtt"].is_null()) break;
        ++times.sent;
        if (!reply["rtt"].is_null()) times.answered.push_back(reply["rtt"].get<double>());
        if (!options.is_json) print_one(reply, number);
    }
    if (options.is_json)
        print_summary_json(reply, times);
    else if (times.sent > 0)
        print_summary(times);
    if (times.sent == 0) {
        if (!options.is_json) return print_unlinked(reply);
        if (reply["state"] != "alive") throw Stop{kExitRefused, ""};
    } else if (times.answered.empty()) {
        throw Stop{kExitRefused, options.is_json ? "" : label_of(reply) + " did not answer"};
    }
}

}  // namespace

void add_ping(CLI::App& app, Globals& globals) {
    auto options = std::make_shared<Options>();
    CLI::App& verb = *app.add_subcommand("ping", "Measure the round trip to a member");
    verb.add_option("MEMBER", options->member, "Its name, key, or the beginning of its key")
        ->required();
    verb.add_option("--count", options->count, "How many times (3)")
        ->check(CLI::Range(1, 1'000'000))
        ->type_name("N");
    verb.add_option("--interval", options->interval, "Pause between two (1s)")
        ->type_name("DURATION");
    add_json_flag(verb, options->is_json);
    on_run(verb, options, [&globals](const Options& chosen) { ping(globals, chosen); });
}

}  // namespace hearsay::client
