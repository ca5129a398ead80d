#include <algorithm>
#include <cstdio>
#include <optional>

#include "client/command/arguments.h"
#include "client/command/exec.h"
#include "client/command/session.h"
#include "client/command/verbs.h"
#include "client/json_scan.h"

namespace hearsay::client {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    std::vector<std::string> topics;
    std::uint64_t count = 0;  // 0: no end
    std::string timeout;
    bool is_json = false;
    bool is_raw = false;
    bool is_lines = false;
    std::string exec;
    std::size_t exec_jobs = 4;
    std::string exec_timeout = "30s";
};

std::string_view payload_of(const hearsay_item& item) {
    return {static_cast<const char*>(item.payload), item.payload_size};
}

void print_line(const Json& object) {
    std::printf("%s\n", object.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
}

// A payload that is no text is told apart by its key, so that neither can be taken for the other.
void print_message_json(const hearsay_item& item) {
    Json object{{"schema", 1}};
    object.update(Json::parse(item.line, nullptr, false));
    object.erase("event");
    object.erase("size");
    const std::string_view payload = payload_of(item);
    if (is_utf8(payload)) {
        object["payload"] = payload;
    } else {
        object["payload_base64"] = base64(payload);
    }
    print_line(object);
}

void print_message(const hearsay_item& item, const Options& options, const Painter& paint) {
    const std::string_view payload = payload_of(item);
    if (options.is_json) return print_message_json(item);
    if (options.is_raw || options.is_lines) {
        std::fwrite(payload.data(), 1, payload.size(), stdout);
        if (options.is_lines) std::fputc('\n', stdout);
        return;
    }
    const std::string name =
        *item.label == '\0' ? std::string(item.publisher).substr(0, 16) : printable(item.label);
    std::printf("%s %s %s %s%s\n", paint(Color::dim, clock_text(item.created)).c_str(),
                paint(Color::bold, name).c_str(),
                paint(Color::green, printable(item.topic)).c_str(), printable(payload).c_str(),
                item.repeat != 0 ? " (may be a repeat)" : "");
}

void print_lagged(const hearsay_item& item, bool is_json) {
    if (is_json)
        print_line(Json{{"schema", 1}, {"event", "lagged"}, {"missed", item.missed}});
    else
        std::fprintf(stderr, "hearsay: %llu messages are missing here: this reader is too slow\n",
                     static_cast<unsigned long long>(item.missed));
}

// What the other member of an event is to it.
std::string word_for_other(std::string_view event) {
    return event == "duplicate_name" ? "the other is" : "says";
}

void print_event(const hearsay_item& item, const Options& options, const Painter& paint) {
    const Json event = Json::parse(item.line, nullptr, false);
    if (options.is_json) return print_line(with_schema(event));
    const auto text = [&](const char* key) {
        const auto found = event.find(key);
        return found == event.end() || !found->is_string() ? std::string()
                                                           : found->get<std::string>();
    };
    std::string line =
        paint(Color::dim, clock_text(text("at"))) + " " + paint(Color::bold, printable(item.event));
    const std::string label = label_of(event);
    const std::string who = label.empty() ? text("member").substr(0, 16) : label;
    if (!who.empty()) line += " " + who;
    if (!text("address").empty()) line += " at " + text("address");
    if (!text("text").empty()) line += ": " + printable(text("text"));
    const std::string by = text("by_label").empty() ? text("by").substr(0, 16) : text("by_label");
    if (!by.empty()) line += " (" + word_for_other(item.event) + " " + printable(by) + ")";
    std::printf("%s\n", line.c_str());
}

ExecOptions exec_options(const Options& options) {
    return {split_words("--exec", options.exec), options.exec_jobs,
            duration_argument("--exec-timeout", options.exec_timeout)};
}

// Prints what comes until there was enough or the time is over.
void listen(Session& session, const Options& options, const Globals& globals) {
    std::optional<Clock::time_point> end;
    if (!options.timeout.empty())
        end = Clock::now() + duration_argument("--timeout", options.timeout);
    if (!options.exec.empty())
        return run_for_each(session, exec_options(options), {options.count, end, options.timeout});
    std::uint64_t seen = 0;
    while (options.count == 0 || seen < options.count) {
        const auto item = session.use([&](Client& client) {
            auto ready = client.next(0);
            if (ready) return ready;
            std::fflush(stdout);  // before waiting, not for each line of a burst
            return client.next(wait_ms(end));
        });
        if (!item) break;
        if (item->kind == HEARSAY_LAGGED) {
            print_lagged(*item, options.is_json);
            continue;
        }
        const bool is_message = item->kind == HEARSAY_MESSAGE;
        is_message ? print_message(*item, options, globals.paint)
                   : print_event(*item, options, globals.paint);
        if (std::ferror(stdout) != 0) throw Stop{kExitRefused, "cannot write to standard output"};
        ++seen;
    }
    std::fflush(stdout);
    if (seen < options.count) throw too_few(seen, options.count, options.timeout);
}

void add_stream_options(CLI::App& verb, Options& options) {
    CLI::Option* const json = add_json_flag(verb, options.is_json);
    json->description("One JSON object a line, for programs");
    verb.add_option("--count", options.count, "End after so many")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 53))
        ->type_name("N");
    verb.add_option("--timeout", options.timeout,
                    "End after this time; with --count, exit code 1 if fewer came")
        ->type_name("DURATION");
    CLI::Option* const exec =
        verb.add_option("--exec", options.exec,
                        "Run this for each, without a shell: words may be quoted")
            ->type_name("COMMAND")
            ->excludes(json);
    verb.add_option("--exec-jobs", options.exec_jobs, "So many at once at most (4)")
        ->check(CLI::Range(1, 256))
        ->type_name("N")
        ->needs(exec);
    verb.add_option("--exec-timeout", options.exec_timeout, "Kill what takes longer (30s)")
        ->type_name("DURATION")
        ->needs(exec);
}

void check(const Options& options) {
    if (!options.timeout.empty()) duration_argument("--timeout", options.timeout);
    if (!options.exec.empty()) exec_options(options);
}

}  // namespace

void add_subscribe(CLI::App& app, Globals& globals) {
    auto options = std::make_shared<Options>();
    CLI::App& verb = *app.add_subcommand("subscribe", "Show messages as they come");
    verb.add_option("TOPIC", options->topics,
                    "Topics; * stands for any run of characters, ? for one (quote them)")
        ->required();
    add_stream_options(verb, *options);
    CLI::Option* const raw =
        verb.add_flag("--raw", options->is_raw, "Print payloads as they are and nothing else");
    verb.add_flag("--lines", options->is_lines, "Print payloads, each ended by a newline")
        ->excludes(raw)
        ->excludes("--exec");
    raw->excludes("--exec");
    on_run(verb, options, [&globals](const Options& chosen) {
        check(chosen);
        Session session(globals);
        session.use([&](Client& client) { client.subscribe(chosen.topics); });
        listen(session, chosen, globals);
    });

    auto event_options = std::make_shared<Options>();
    CLI::App& events = *app.add_subcommand("events", "Show joins, failures and links as they come");
    add_stream_options(events, *event_options);
    on_run(events, event_options, [&globals](const Options& chosen) {
        check(chosen);
        Session session(globals);
        session.use([](Client& client) { client.events(); });
        listen(session, chosen, globals);
    });
}

}  // namespace hearsay::client
