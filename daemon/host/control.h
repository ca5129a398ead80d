#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "config/config.h"
#include "daemon/gossip/outputs.h"

namespace hearsay::host {

class ApiTarget;
class Loop;
class Node;

// The local API of docs/API.md on its Unix socket: accepts, reads, writes, closes. What requests
// mean is api_session.h's and api_hub.h's. Everything on the loop's thread.
//
// Memory: [api] clients connections, each with at most one payload (1 MiB) and one read (64 KiB)
// on its way in; on its way out [api] subscriber_queue bytes, one more reply, and at most 1 MiB of
// replies it has not read.
class Control {
public:
    using Warn = std::function<void(std::string_view sentence)>;

    // Takes the node's callbacks. Throws StartupError when the socket cannot be made. `warn` gets
    // what an operator should know though the daemon runs; by default it goes to standard error.
    Control(Loop& loop, Node& node, const config::Config& config, Warn warn = {});
    // The same for anything that answers like a node; the caller passes on what it says.
    Control(Loop& loop, std::unique_ptr<ApiTarget> target, const config::Config& config,
            Warn warn = {});
    ~Control();
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    // What the engine says; nothing after stop().
    void handle_delivery(const gossip::Delivery& delivery);
    void handle_event(const gossip::Event& event);
    // Room may have come after PublishError::busy.
    void handle_room();
    std::size_t client_count() const;

    // Writes what can be written at once, closes every connection, removes the socket.
    void stop();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace hearsay::host
