#include <cstdio>

#include "client/command/arguments.h"
#include "client/command/refusals.h"
#include "client/command/session.h"
#include "client/command/verbs.h"

namespace hearsay::client {
namespace {

struct Options {
    bool is_json = false;
};

void print_field(const char* name, const std::string& value) {
    std::printf("%-10s %s\n", name, value.c_str());
}

std::string network_words(const Json& network) {
    if (network.is_null()) return "none yet";
    const std::string name = printable(network["name"].get<std::string>());
    if (network["open"].get<bool>())
        return name + ", open: anyone who can reach this host can join";
    const auto secrets = network["secrets"].get<int>();
    return name + ", closed" + (secrets > 1 ? ", " + std::to_string(secrets) + " secrets" : "");
}

std::string member_words(const Json& members) {
    std::string words;
    for (const auto& [state, count] : members.items()) {
        if (count.get<int>() == 0 && state != "alive") continue;
        words += (words.empty() ? "" : ", ") + std::to_string(count.get<int>()) + " " + state;
    }
    return words;
}

std::string scan_words(const Json& scan) {
    std::string words;
    for (const Json& range : scan["ranges"])
        words += (words.empty() ? "" : ", ") + range.get<std::string>();
    const auto number = [&](const char* name) {
        return std::to_string(scan[name].get<std::uint64_t>());
    };
    const auto passes = scan["passes"].get<int>();
    const std::string answered = ", " + number("answered") + " answered";
    if (scan["running"].get<bool>())
        return words + ": " + number("tried") + " of " + number("addresses") + " addresses tried" +
               answered;
    const Json& next = scan["next_pass"];
    const std::string begins =
        next.is_null() ? "not again while there are links"
                       : (passes > 0 ? "again in " : "begins in ") + age_text(next.get<double>());
    return words + ": " +
           (passes > 0 ? number("addresses") + " addresses tried" + answered + "; " : "") + begins;
}

void print_rates(const Json& rates) {
    const auto rate = [&](const char* name) { return rates[name].get<double>(); };
    print_field("traffic", count_text(rate("datagrams_received")) + " datagrams/s in (" +
                               bytes_text(rate("bytes_received")) + "/s), " +
                               count_text(rate("datagrams_sent")) + " datagrams/s out (" +
                               bytes_text(rate("bytes_sent")) + "/s)");
    print_field("messages", count_text(rate("messages_delivered")) + "/s delivered, " +
                                count_text(rate("messages_published")) + "/s published");
}

void print_health(const Json& status, const Painter& paint) {
    std::printf("\n%s\n", paint(Color::bold, "Health:").c_str());
    const Json& findings = status["health"];
    if (findings.empty()) std::printf("  %s\n", paint(Color::green, "all is well").c_str());
    for (const Json& finding : findings)
        std::printf("  %s %s\n", paint(Color::yellow, "!").c_str(),
                    printable(finding.get<std::string>()).c_str());
    bool has_head = false;
    for (const auto& [name, count] : status["counters"].items()) {
        if (!is_refusal(name) || count.get<std::uint64_t>() == 0) continue;
        if (!has_head) std::printf("  refused since the start:\n");
        has_head = true;
        std::printf("  %8s  %s\n", count_text(count.get<double>()).c_str(),
                    refusal_words(name).c_str());
    }
    const auto lagged = status["api"]["lagged"].get<std::uint64_t>();
    if (lagged > 0)
        std::printf("  %8s  messages and events not given to slow local readers\n",
                    count_text(static_cast<double>(lagged)).c_str());
}

void print_status(const Json& status, const Painter& paint) {
    const Json& self = status["self"];
    std::printf("%s, hearsayd %s, up %s\n",
                paint(Color::bold, printable(self["name"].get<std::string>())).c_str(),
                printable(self["version"].get<std::string>()).c_str(),
                uptime_text(self["uptime"].get<double>()).c_str());
    print_field("key", self["id"].get<std::string>());
    print_field("network", network_words(status["network"]));
    if (status["network"].is_null())
        std::printf(
            "           This host talks to nobody yet. Either of these changes that:\n"
            "             sudo hearsay network create NAME   begins one and prints its token\n"
            "             sudo hearsay network join          joins one; asks for its token\n");
    std::string addresses;
    for (const Json& address : self["addresses"])
        addresses += (addresses.empty() ? "" : ", ") + address.get<std::string>();
    print_field("listening", addresses);
    print_field("links", std::to_string(status["links"].get<int>()));
    print_field("members", member_words(status["members"]));
    if (status.contains("scan") && !status["scan"].is_null())
        print_field("scan", scan_words(status["scan"]));
    print_rates(status["rates"]);
    print_health(status, paint);
}

}  // namespace

void add_status(CLI::App& app, Globals& globals) {
    auto options = std::make_shared<Options>();
    CLI::App& verb = *app.add_subcommand("status", "This host: network, links, rates, health");
    add_json_flag(verb, options->is_json);
    on_run(verb, options, [&globals](const Options& chosen) {
        const Json status = Session(globals).ask("status");
        chosen.is_json ? print_json(status) : print_status(status, globals.paint);
    });
}

}  // namespace hearsay::client
