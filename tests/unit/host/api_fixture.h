#pragma once

#include <nlohmann/json.hpp>

#include "tests/unit/host/api_fake.h"

namespace hearsay::host {

using Json = nlohmann::json;

inline constexpr uid_t kAnn = 1000;

// A hub with one connection, and a clock that stands still.
struct Fixture {
    FakeTarget target;
    Now now{Instant(std::chrono::hours(1)), WallTime{1'769'850'902'125}};
    ApiHub hub{target,
               {[this] { return now; },
                900,
                {[](const std::string& name) -> std::optional<uid_t> {
                     if (name == "ann") return kAnn;
                     return std::nullopt;
                 },
                 [](const std::string&) { return std::nullopt; }}}};
    ApiSession session{hub, Peer{kAnn, kAnn, {}}};

    void send(std::string_view bytes) { session.receive(bytes_of(bytes)); }
    // All that is in the outbox, taken.
    std::string take(ApiSession& from) {
        from.flush_batch();
        std::string bytes(from.outbox().pending());
        from.outbox().consume(bytes.size());
        return bytes;
    }
    std::string take() { return take(session); }
    Json reply() { return Json::parse(take()); }
    Json ask(std::string_view line) {
        send(std::string(line) + "\n");
        return reply();
    }
    void accept(gossip::PublishTicket ticket) { hub.handle_event(FakeTarget::accepted(ticket)); }
};

}  // namespace hearsay::host
