#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "client/command/arguments.h"
#include "client/command/session.h"
#include "client/command/verbs.h"

namespace hearsay::client {
namespace {

constexpr std::size_t kPayloadSizeMax = std::size_t{1} << 20;
constexpr std::size_t kReadSize = std::size_t{64} << 10;

struct Options {
    std::string topic;
    std::optional<std::string> payload;
    std::string lifetime;
    bool is_lines = false;
    bool is_no_wait = false;
    bool is_json = false;
};

// Appends what there is; false at the end.
bool read_input(std::string& to) {
    std::array<char, kReadSize> buffer;
    ssize_t size = 0;
    do {
        size = read(STDIN_FILENO, buffer.data(), buffer.size());
    } while (size < 0 && errno == EINTR);
    if (size < 0)
        throw Stop{kExitRefused,
                   std::string("cannot read standard input: ") + std::strerror(errno)};
    to.append(buffer.data(), static_cast<std::size_t>(size));
    return size > 0;
}

std::string whole_input() {
    std::string input;
    while (read_input(input))
        if (input.size() > kPayloadSizeMax)
            throw Stop{kExitRefused, "the payload is larger than 1048576 bytes (1 MiB)"};
    return input;
}

// Not a terminal, and not the nothing that cron gives.
bool is_input_given() {
    struct stat status {};
    return fstat(STDIN_FILENO, &status) == 0 &&
           (S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode));
}

std::string payload_of(const Options& options) {
    if (options.payload && *options.payload != "-") return *options.payload;
    if (!options.payload && !is_input_given())
        throw Stop{kExitUsage,
                   "no payload: give it as an argument, or - to read it from standard input"};
    return whole_input();
}

std::uint32_t lifetime_ms(const std::string& text) {
    const Milliseconds lifetime = duration_argument("--lifetime", text);
    if (lifetime < Milliseconds(1000) || lifetime > std::chrono::hours(1))
        throw CLI::ValidationError("--lifetime", text + " is out of bounds; 1s to 1h");
    return static_cast<std::uint32_t>(lifetime.count());
}

hearsay_publish_options publish_options(const Options& options) {
    hearsay_publish_options chosen{};
    if (!options.lifetime.empty()) chosen.lifetime_ms = lifetime_ms(options.lifetime);
    chosen.no_wait = options.is_no_wait ? 1 : 0;
    return chosen;
}

void publish_one(const Globals& globals, const Options& options) {
    const std::string payload = payload_of(options);
    Session session(globals);
    const std::string id = session.use([&](Client& client) {
        return client.publish(options.topic, payload, publish_options(options));
    });
    if (options.is_json) std::printf("%s\n", Json{{"schema", 1}, {"message", id}}.dump().c_str());
}

// Takes the whole lines off the front of `input`, and what is left of it at its end.
std::vector<std::string> take_lines(std::string& input, bool is_end) {
    std::vector<std::string> lines;
    std::size_t begin = 0;
    for (auto end = input.find('\n'); end != std::string::npos; end = input.find('\n', begin)) {
        lines.push_back(input.substr(begin, end - begin));
        begin = end + 1;
    }
    input.erase(0, begin);
    if (is_end && !input.empty()) lines.push_back(std::move(input));
    return lines;
}

// Lines go out as they come, those that came together in one request.
void publish_lines(const Globals& globals, const Options& options) {
    Session session(globals);
    const hearsay_publish_options chosen = publish_options(options);
    std::size_t published = 0;
    std::size_t refused = 0;
    std::string reason;
    std::string input;
    bool is_end = false;
    while (!is_end) {
        is_end = !read_input(input);
        if (input.size() > kPayloadSizeMax + kReadSize)
            throw Stop{kExitRefused, "a line is longer than 1048576 bytes (1 MiB)"};
        const std::vector<std::string> lines = take_lines(input, is_end);
        if (lines.empty()) continue;
        const std::size_t accepted = session.use(
            [&](Client& client) { return client.publish_many(options.topic, lines, chosen); });
        published += accepted;
        refused += lines.size() - accepted;
        if (accepted < lines.size() && reason.empty()) reason = session.client().last_error();
    }
    if (options.is_json)
        std::printf(
            "%s\n",
            Json{{"schema", 1}, {"accepted", published}, {"refused", refused}}.dump().c_str());
    if (refused > 0)
        throw Stop{kExitRefused, std::to_string(refused) + " of " +
                                     std::to_string(published + refused) +
                                     " messages were refused: " + reason};
}

}  // namespace

void add_publish(CLI::App& app, Globals& globals) {
    auto options = std::make_shared<Options>();
    CLI::App& verb = *app.add_subcommand("publish", "Send a message to every member");
    verb.add_option("TOPIC", options->topic, "What it is about: 1 to 255 bytes")->required();
    CLI::Option* const payload = verb.add_option(
        "PAYLOAD", options->payload, "The message, at most 1 MiB; -: read it from standard input");
    verb.add_flag("--lines", options->is_lines, "One message for each line of standard input")
        ->excludes(payload);
    verb.add_option("--lifetime", options->lifetime, "How long it may travel: 1s to 1h")
        ->type_name("DURATION");
    verb.add_flag("--no-wait", options->is_no_wait, "Be refused at once when there is no room");
    add_json_flag(verb, options->is_json);
    on_run(verb, options, [&globals](const Options& chosen) {
        publish_options(chosen);  // says what is wrong with them before the daemon is needed
        chosen.is_lines ? publish_lines(globals, chosen) : publish_one(globals, chosen);
    });
}

}  // namespace hearsay::client
