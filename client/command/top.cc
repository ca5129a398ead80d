#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <thread>

#include "client/command/arguments.h"
#include "client/command/refusals.h"
#include "client/command/screen.h"
#include "client/command/session.h"
#include "client/command/verbs.h"

namespace hearsay::client {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kRowsOnTerminal = 10;  // of each table: the busiest

struct Options {
    std::uint64_t count = 0;  // 0: for ever on a terminal, else one
    std::string interval = "1s";
    bool is_json = false;
};

// Everything the view is made of, asked at one moment.
struct Sample {
    Json status;
    Json links;
    Json topics;
    Clock::time_point at;
};

Sample take(Session& session) {
    return {session.ask("status"), session.ask("links")["links"], session.ask("topics")["topics"],
            Clock::now()};
}

// How fast numbers rose from one sample to the next. What was not there before, or has begun anew,
// rose from zero.
class Rates {
public:
    Rates(const Sample& before, const Sample& now)
        : seconds_(std::max(std::chrono::duration<double>(now.at - before.at).count(), 1e-3)) {
        for (const Json& link : before.links) links_[link["id"].get<std::string>()] = link;
        for (const Json& topic : before.topics) topics_[topic["topic"].get<std::string>()] = topic;
        counters_ = before.status["counters"];
    }
    double of_link(const Json& link, const char* key) const {
        return rate(before_of(links_, link["id"].get<std::string>(), key), link[key]);
    }
    double of_topic(const Json& topic, const char* key) const {
        return rate(before_of(topics_, topic["topic"].get<std::string>(), key), topic[key]);
    }
    double of_counter(const std::string& name, const Json& now) const {
        return rate(counters_.value(name, 0.0), now);
    }
    double seconds() const { return seconds_; }

private:
    static double before_of(const std::map<std::string, Json>& entries, const std::string& id,
                            const char* key) {
        const auto found = entries.find(id);
        return found == entries.end() ? 0 : found->second[key].get<double>();
    }
    double rate(double before, const Json& value) const {
        const double now = value.get<double>();
        return (before > now ? now : now - before) / seconds_;
    }

    double seconds_;
    std::map<std::string, Json> links_;
    std::map<std::string, Json> topics_;
    Json counters_;
};

// Sorted by rate, the busiest first.
struct Row {
    double rate = 0;
    std::vector<std::string> cells;
};

void add_rows(Table& table, std::vector<Row> rows, std::size_t most) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Row& a, const Row& b) { return a.rate > b.rate; });
    const std::size_t left_out = rows.size() - std::min(rows.size(), most);
    rows.resize(rows.size() - left_out);
    for (Row& row : rows) table.row(std::move(row.cells));
    if (left_out > 0) table.row({"and " + std::to_string(left_out) + " more"});
}

std::string per_second(double rate) { return count_text(rate) + "/s"; }
std::string bytes_per_second(double rate) { return bytes_text(rate) + "/s"; }

std::string head_text(const Sample& now, const Rates& rates, const Painter& paint) {
    const Json& counters = now.status["counters"];
    const auto rate = [&](const char* name) { return rates.of_counter(name, counters[name]); };
    const Json& self = now.status["self"];
    const Json& network = now.status["network"];
    return paint(Color::bold, printable(self["name"].get<std::string>())) + ", " +
           (network.is_null() ? "no network"
                              : "network " + printable(network["name"].get<std::string>())) +
           ", " + std::to_string(now.status["members"]["alive"].get<int>()) + " alive, " +
           std::to_string(now.links.size()) + " links\n" + "in  " +
           per_second(rate("datagrams_received")) + " datagrams, " +
           bytes_per_second(rate("bytes_received")) + "   out  " +
           per_second(rate("datagrams_sent")) + " datagrams, " +
           bytes_per_second(rate("bytes_sent")) + "   messages  " +
           per_second(rate("messages_delivered")) + " delivered, " +
           per_second(rate("messages_published")) + " published\n";
}

std::string topics_text(const Sample& now, const Rates& rates, const Painter& paint,
                        std::size_t most) {
    Table table({"TOPIC", "MESSAGES", "PAYLOAD", "TOTAL", "LAST"});
    for (std::size_t column = 1; column <= 4; ++column) table.right_align(column);
    std::vector<Row> rows;
    for (const Json& topic : now.topics) {
        const double rate = rates.of_topic(topic, "messages");
        rows.push_back(
            {rate,
             {printable(topic["topic"].get<std::string>()), per_second(rate),
              bytes_per_second(rates.of_topic(topic, "bytes")),
              count_text(topic["messages"].get<double>()), age_text(topic["age"].get<double>())}});
    }
    if (rows.empty()) return "\nNo messages yet.\n";
    add_rows(table, std::move(rows), most);
    return "\n" + table.text(paint);
}

std::string links_text(const Sample& now, const Rates& rates, const Painter& paint,
                       std::size_t most) {
    Table table({"LINK", "IN", "OUT", "PACKETS IN", "PACKETS OUT", "LOST", "QUEUED", "RTT"});
    for (std::size_t column = 1; column <= 7; ++column) table.right_align(column);
    std::vector<Row> rows;
    for (const Json& link : now.links) {
        const auto rate = [&](const char* key) { return rates.of_link(link, key); };
        rows.push_back(
            {rate("bytes_received") + rate("bytes_sent"),
             {label_of(link), bytes_per_second(rate("bytes_received")),
              bytes_per_second(rate("bytes_sent")), per_second(rate("packets_received")),
              per_second(rate("packets_sent")), per_second(rate("packets_lost")),
              count_text(link["chunks_queued"].get<double>()), optional_rtt(link["rtt"])}});
    }
    if (rows.empty()) return "\nNo links.\n";
    add_rows(table, std::move(rows), most);
    return "\n" + table.text(paint);
}

std::string refusals_text(const Sample& now, const Rates& rates, const Painter& paint,
                          std::size_t most) {
    Table table({"REFUSED", "TOTAL", "WHAT"});
    table.right_align(0);
    table.right_align(1);
    std::vector<Row> rows;
    for (const auto& [name, count] : now.status["counters"].items()) {
        if (!is_refusal(name) || count.get<double>() == 0) continue;
        const double rate = rates.of_counter(name, count);
        rows.push_back(
            {rate, {per_second(rate), count_text(count.get<double>()), refusal_words(name)}});
    }
    if (rows.empty()) return "\nNothing was refused.\n";
    add_rows(table, std::move(rows), most);
    return "\n" + table.text(paint);
}

Json rates_json(const Sample& now, const Rates& rates) {
    Json topics = Json::array();
    for (const Json& topic : now.topics)
        topics.push_back({{"topic", topic["topic"]},
                          {"messages", rates.of_topic(topic, "messages")},
                          {"bytes", rates.of_topic(topic, "bytes")}});
    Json links = Json::array();
    for (const Json& link : now.links) {
        Json entry{{"id", link["id"]}, {"label", label_of(link)}, {"rtt", link["rtt"]}};
        for (const char* const key :
             {"bytes_received", "bytes_sent", "packets_received", "packets_sent", "packets_lost"})
            entry[key] = rates.of_link(link, key);
        links.push_back(std::move(entry));
    }
    Json counters = Json::object();
    Json refused = Json::object();
    for (const auto& [name, count] : now.status["counters"].items())
        (is_refusal(name) ? refused : counters)[name] = rates.of_counter(name, count);
    return {{"schema", 1},    {"over", rates.seconds()}, {"topics", topics},
            {"links", links}, {"refused", refused},      {"counters", counters}};
}

void top(const Globals& globals, const Options& options) {
    const Milliseconds interval = duration_argument("--interval", options.interval);
    const bool is_terminal = isatty(STDOUT_FILENO) == 1;
    const std::uint64_t count = options.count == 0 && !is_terminal ? 1 : options.count;
    const std::size_t most = is_terminal ? kRowsOnTerminal : SIZE_MAX;
    Session session(globals);
    Screen screen;
    Sample before = take(session);
    for (std::uint64_t shown = 0; count == 0 || shown < count; ++shown) {
        std::this_thread::sleep_for(interval);
        Sample now = take(session);
        const Rates rates(before, now);
        if (options.is_json)
            std::printf("%s\n", rates_json(now, rates)
                                    .dump(-1, ' ', false, Json::error_handler_t::replace)
                                    .c_str());
        else
            screen.show(head_text(now, rates, globals.paint) +
                        topics_text(now, rates, globals.paint, most) +
                        links_text(now, rates, globals.paint, most) +
                        refusals_text(now, rates, globals.paint, most));
        if (std::fflush(stdout) != 0) throw Stop{kExitRefused, "cannot write to standard output"};
        before = std::move(now);
    }
}

}  // namespace

void add_top(CLI::App& app, Globals& globals) {
    auto options = std::make_shared<Options>();
    CLI::App& verb =
        *app.add_subcommand("top", "Rates by topic and link, and what is refused, as they change");
    verb.add_option("--count", options->count, "End after so many views; off a terminal, 1")
        ->type_name("N");
    verb.add_option("--interval", options->interval, "Over which rates are taken (1s)")
        ->type_name("DURATION");
    add_json_flag(verb, options->is_json)->description("One JSON object a line, for programs");
    on_run(verb, options, [&globals](const Options& chosen) { top(globals, chosen); });
}

}  // namespace hearsay::client
