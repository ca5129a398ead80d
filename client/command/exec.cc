#include "client/command/exec.h"

#include <algorithm>
#include <cstdio>

namespace hearsay::client {
namespace {

using Clock = std::chrono::steady_clock;

ExecJob job_for_message(const hearsay_item& item) {
    ExecJob job;
    job.input.assign(static_cast<const char*>(item.payload), item.payload_size);
    job.environment = {{"HEARSAY_TOPIC", item.topic},
                       {"HEARSAY_ID", item.id},
                       {"HEARSAY_PUBLISHER", item.publisher},
                       {"HEARSAY_NAME", item.label},
                       {"HEARSAY_CREATED", item.created},
                       {"HEARSAY_HOPS", std::to_string(item.hops)},
                       {"HEARSAY_REPEAT", item.repeat != 0 ? "1" : "0"},
                       {"HEARSAY_SIZE", std::to_string(item.payload_size)}};
    job.about = printable(item.topic) + " " + item.id;
    return job;
}

ExecJob job_for_event(const hearsay_item& item) {
    const Json event = Json::parse(item.line, nullptr, false);
    const auto text = [&](const char* key) {
        const auto found = event.find(key);
        return found == event.end() || !found->is_string() ? "" : found->get<std::string>();
    };
    ExecJob job;
    job.input = std::string(item.line) + "\n";
    job.environment = {{"HEARSAY_EVENT", item.event},      {"HEARSAY_AT", text("at")},
                       {"HEARSAY_MEMBER", text("member")}, {"HEARSAY_NAME", item.label},
                       {"HEARSAY_BY", text("by")},         {"HEARSAY_ADDRESS", text("address")},
                       {"HEARSAY_TEXT", text("text")}};
    job.about = std::string("the event ") + printable(item.event);
    return job;
}

int earlier(int one_ms, int other_ms) {
    if (one_ms < 0) return other_ms;
    return other_ms < 0 ? one_ms : std::min(one_ms, other_ms);
}

// Until there is something to read, a command has ended or the time is over.
void wait(Client& client, const ExecPool& pool, const ListenLimits& limits) {
    std::vector<pollfd> descriptors{{client.fd(), POLLIN, 0}};
    pool.add_descriptors(descriptors);
    poll(descriptors.data(), descriptors.size(), earlier(wait_ms(limits.end), pool.wait_ms()));
}

// How many came.
std::uint64_t listen(Session& session, ExecPool& pool, const ListenLimits& limits) {
    std::uint64_t seen = 0;
    while (limits.count == 0 || seen < limits.count) {
        pool.advance();
        const auto item = session.use([](Client& client) { return client.next(0); });
        if (!item) {
            if (limits.end && Clock::now() >= *limits.end) break;
            wait(session.client(), pool, limits);
        } else if (item->kind == HEARSAY_LAGGED) {
            std::fprintf(stderr, "hearsay: %llu messages are missing here: this reader is slow\n",
                         static_cast<unsigned long long>(item->missed));
        } else {
            pool.add(item->kind == HEARSAY_MESSAGE ? job_for_message(*item) : job_for_event(*item));
            ++seen;
        }
    }
    return seen;
}

}  // namespace

int wait_ms(const std::optional<Clock::time_point>& end) {
    if (!end) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*end - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

Stop too_few(std::uint64_t seen, std::uint64_t count, const std::string& timeout) {
    return {kExitRefused, "only " + std::to_string(seen) + " of " + std::to_string(count) +
                              " came within " + timeout};
}

void run_for_each(Session& session, ExecOptions options, const ListenLimits& limits) {
    ExecPool pool(std::move(options));
    std::uint64_t seen = 0;
    try {
        seen = listen(session, pool, limits);
    } catch (const Stop& stop) {
        // The daemon has gone: what it has sent is still worked off.
        if (stop.exit_code == kExitNotRunning) pool.finish();
        throw;
    }
    pool.finish();
    if (seen < limits.count) throw too_few(seen, limits.count, limits.timeout);
    if (pool.failed() + pool.dropped() > 0)
        throw Stop{kExitRefused, std::to_string(pool.failed()) + " commands failed, " +
                                     std::to_string(pool.dropped()) + " dropped"};
}

}  // namespace hearsay::client
