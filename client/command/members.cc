#include <cstdio>

#include "client/command/arguments.h"
#include "client/command/screen.h"
#include "client/command/session.h"
#include "client/command/verbs.h"

namespace hearsay::client {
namespace {

struct Options {
    bool is_json = false;
    bool is_watch = false;
};

Color color_of(const std::string& state) {
    if (state == "alive") return Color::green;
    if (state == "suspect") return Color::yellow;
    return state == "failed" ? Color::red : Color::dim;
}

std::string text_of(const Json& object, const char* key) {
    return printable(object[key].get<std::string>());
}

std::string tags_text(const Json& tags) {
    std::string text;
    for (const auto& [key, value] : tags.items())
        text +=
            (text.empty() ? "" : ",") + printable(key) + "=" + printable(value.get<std::string>());
    return text;
}

std::string members_text(const Json& reply, const Painter& paint) {
    Table table({"NAME", "ADDRESS", "STATE", "AGE", "RTT", "CLOCK", "VERSION", "TAGS"});
    for (std::size_t column = 3; column <= 5; ++column) table.right_align(column);
    for (const Json& member : reply["members"]) {
        const Json& addresses = member["addresses"];
        const std::string state = member["state"].get<std::string>();
        table.row({label_of(member), addresses.empty() ? "-" : addresses[0].get<std::string>(),
                   state, age_text(member["age"].get<double>()),
                   member["self"].get<bool>() ? "self" : optional_rtt(member["rtt"]),
                   optional_offset(member["clock_offset"]), text_of(member, "version"),
                   tags_text(member["tags"])},
                  color_of(state), 2);
    }
    return table.text(paint);
}

std::string candidates_text(const Json& candidates) {
    std::string text;
    for (const Json& candidate : candidates)
        text += "  " + candidate["address"].get<std::string>() + "  learnt from " +
                candidate["learnt_from"].get<std::string>() + ", " +
                std::to_string(candidate["failures"].get<int>()) + " failures, next try in " +
                age_text(candidate["next_try"].get<double>()) + "\n";
    return text.empty() ? text : "\nAddresses tried when links are wanted:\n" + text;
}

std::string links_text(const Json& reply, const Painter& paint) {
    Table table({"NAME", "ADDRESS", "CODEC", "RTT", "CLOCK", "AGE", "IDLE", "SENT", "RECEIVED",
                 "LOST", "QUEUED", "IN FLIGHT", "STATE"});
    for (std::size_t column = 3; column <= 11; ++column) table.right_align(column);
    for (const Json& link : reply["links"]) {
        const auto count = [&](const char* key) { return count_text(link[key].get<double>()); };
        const bool is_slow = link["slow"].get<bool>();
        table.row({label_of(link), link["address"].get<std::string>(), text_of(link, "codec"),
                   optional_rtt(link["rtt"]), optional_offset(link["clock_offset"]),
                   age_text(link["age"].get<double>()), age_text(link["idle"].get<double>()),
                   bytes_text(link["bytes_sent"].get<double>()),
                   bytes_text(link["bytes_received"].get<double>()), count("packets_lost"),
                   count("chunks_queued"), count("packets_in_flight"), is_slow ? "slow" : "up"},
                  is_slow ? Color::yellow : Color::green, 12);
    }
    return (table.empty() ? "No links.\n" : table.text(paint)) +
           candidates_text(reply["candidates"]);
}

// Prints on every event, and each second, as ages change.
void watch_members(const Globals& globals) {
    Session session(globals);
    Screen screen;
    session.use([](Client& client) { client.events(); });
    while (true) {
        screen.show(members_text(session.ask("members"), globals.paint));
        if (std::ferror(stdout) != 0) throw Stop{kExitRefused, "cannot write to standard output"};
        session.use([](Client& client) {
            client.next(1000);
            while (client.next(0)) continue;
        });
    }
}

}  // namespace

void add_members(CLI::App& app, Globals& globals) {
    auto options = std::make_shared<Options>();
    CLI::App& members = *app.add_subcommand("members", "Who is in the network");
    CLI::Option* const json = add_json_flag(members, options->is_json);
    members.add_flag("--watch", options->is_watch, "Keep showing them")->excludes(json);
    on_run(members, options, [&globals](const Options& chosen) {
        if (chosen.is_watch) watch_members(globals);
        const Json reply = Session(globals).ask("members");
        if (chosen.is_json) return print_json(reply);
        std::fputs(members_text(reply, globals.paint).c_str(), stdout);
    });

    auto link_options = std::make_shared<Options>();
    CLI::App& links = *app.add_subcommand("links", "The neighbours this host talks to directly");
    add_json_flag(links, link_options->is_json);
    on_run(links, link_options, [&globals](const Options& chosen) {
        const Json reply = Session(globals).ask("links");
        if (chosen.is_json) return print_json(reply);
        std::fputs(links_text(reply, globals.paint).c_str(), stdout);
    });
}

}  // namespace hearsay::client
