#include <cstdio>

#include "client/command/arguments.h"
#include "client/command/diagnosis.h"
#include "client/command/local_facts.h"
#include "client/command/session.h"
#include "client/command/verbs.h"

namespace hearsay::client {
namespace {

// Beacons, seeds and a scan of a small range have found somebody by then, if anybody is there.
constexpr double kSettled = 15;

struct Options {
    bool is_json = false;
};

struct Examination {
    Json facts;  // null: no daemon
    std::vector<Finding> findings;
};

Examination examine(const Globals& globals) {
    Examination result;
    try {
        result.facts = with_schema(Session(globals).ask("doctor"));
    } catch (const Stop& stop) {
        if (stop.exit_code != kExitNotRunning) throw;
        result.findings.push_back({"not_running",
                                   stop.text.substr(0, stop.text.find('\n')),
                                   {"sudo systemctl start hearsay",
                                    "journalctl -u hearsay -n 20"}});
        return result;
    }
    result.facts.erase("schema");
    const auto port = result.facts["port"].get<std::uint16_t>();
    result.findings = diagnose(result.facts, read_local_facts(port));
    return result;
}

Json json_of(const Examination& examination) {
    Json findings = Json::array();
    for (const Finding& finding : examination.findings)
        findings.push_back(
            {{"code", finding.code}, {"text", finding.text}, {"commands", finding.commands}});
    return {{"findings", findings}, {"facts", examination.facts}};
}

void print(const Examination& examination, const Painter& paint) {
    const auto& findings = examination.findings;
    if (findings.empty()) {
        std::printf("%s Nothing was found that would keep this host from the others.\n",
                    paint(Color::green, "ok").c_str());
        return;
    }
    for (std::size_t i = 0; i < findings.size(); ++i) {
        const Finding& finding = findings[i];
        std::printf("%s%s %s\n", i == 0 ? "" : "\n",
                    paint(Color::yellow, finding.code + ":").c_str(),
                    printable(finding.text).c_str());
        for (const std::string& command : finding.commands)
            std::printf("    %s\n", printable(command).c_str());
    }
}

void run(const Globals& globals, const Options& options) {
    const Examination examination = examine(globals);
    if (options.is_json)
        print_json(json_of(examination));
    else
        print(examination, globals.paint);
    if (!examination.facts.is_null() && examination.facts["uptime"].get<double>() < kSettled)
        std::fprintf(stderr,
                     "hearsayd has only just started. Some things show after 15 seconds: "
                     "ask again then.\n");
    if (!examination.findings.empty()) throw Stop{kExitRefused, ""};
}

}  // namespace

void add_doctor(CLI::App& app, Globals& globals) {
    auto options = std::make_shared<Options>();
    CLI::App& verb = *app.add_subcommand(
        "doctor", "Find out why hosts do not find each other, and what mends it");
    add_json_flag(verb, options->is_json);
    on_run(verb, options, [&globals](const Options& chosen) { run(globals, chosen); });
}

}  // namespace hearsay::client
