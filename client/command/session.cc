#include "client/command/session.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace hearsay::client {
namespace {

constexpr int kTimeoutMs = 15'000;  // a publish may wait 10 s for room

std::string group_of(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return "hearsay";
    const group* const entry = getgrgid(status.st_gid);
    return entry == nullptr ? std::to_string(status.st_gid) : entry->gr_name;
}

std::string not_running(const std::string& reason) {
    return "hearsayd is not running: " + reason +
           ".\nStart it with: sudo systemctl start hearsay   (or give another --socket)"
           "\nWhy it stopped: journalctl -u hearsay -n 20";
}

std::string no_permission(const std::string& path) {
    const std::string group = group_of(path);
    // Nobody should join that group for this; it is where no other was configured.
    if (group == "root") return "you may not use " + path + ": it is for root.\nUse sudo";
    return "you may not use " + path + ": it is for root and the group " + group +
           ".\nUse sudo, or join the group and log in again: sudo adduser $USER " + group;
}

std::string no_answer(const std::string& path) {
    return "hearsayd does not answer on " + path +
           ".\nSee what it does: systemctl status hearsay; journalctl -u hearsay";
}

}  // namespace

void Globals::decide_color() {
    const char* const no_color = std::getenv("NO_COLOR");
    const bool is_unwanted = no_color != nullptr && *no_color != '\0';
    paint.is_on =
        color == "always" || (color == "auto" && !is_unwanted && isatty(STDOUT_FILENO) == 1);
}

Stop stop_for(const Error& error, const std::string& path) {
    switch (error.code()) {
        case HEARSAY_NOT_RUNNING:
            return {kExitNotRunning, not_running(error.what())};
        case HEARSAY_NO_PERMISSION:
            return {kExitRefused, no_permission(path)};
        case HEARSAY_TIMEOUT:
            return {kExitNotRunning, no_answer(path)};
        case HEARSAY_CLOSED:
            return {kExitNotRunning, error.what()};
        case HEARSAY_OK:
        case HEARSAY_REFUSED:
        case HEARSAY_BAD_ARGUMENT:
        case HEARSAY_PROTOCOL:
        case HEARSAY_SYSTEM:
            break;
    }
    return {kExitRefused, error.what()};
}

Session::Session(const Globals& globals) {
    client_.set_timeout(kTimeoutMs);
    use([&](Client& client) { client.connect(globals.socket); });
}

Stop Session::stop_for(const Error& error) const {
    return client::stop_for(error, client_.socket_path());
}

Json Session::ask(const char* op, Json members) {
    Json request{{"op", op}};
    request.update(members);
    const std::string reply = use([&](Client& client) { return client.request(request.dump()); });
    Json read = Json::parse(reply, nullptr, false);
    if (!read.is_object()) throw Stop{kExitRefused, "hearsayd gave an answer that is no JSON"};
    return read;
}

std::string label_of(const Json& member) {
    for (const char* const key : {"label", "name", "short"}) {
        const auto found = member.find(key);
        if (found != member.end() && found->is_string() && !found->get<std::string>().empty())
            return printable(found->get<std::string>());
    }
    return "";
}

std::string optional_rtt(const Json& seconds) {
    return seconds.is_null() ? "-" : rtt_text(seconds.get<double>());
}

std::string optional_offset(const Json& seconds) {
    return seconds.is_null() ? "-" : offset_text(seconds.get<double>());
}

Json with_schema(const Json& reply) {
    Json out{{"schema", 1}};
    for (const auto& [key, value] : reply.items())
        if (key != "id" && key != "ok") out[key] = value;
    return out;
}

void print_json(const Json& reply) {
    std::printf("%s\n",
                with_schema(reply).dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

}  // namespace hearsay::client
