#pragma once

#include <functional>
#include <variant>
#include <vector>

#include "base/endpoint.h"
#include "base/insist.h"
#include "base/time.h"
#include "daemon/gossip/outputs.h"

namespace hearsay::sim {

// A datagram reaches an address.
struct Arrival {
    Endpoint from;
    Endpoint to;
    Bytes datagram;
};

// A node's deadline may have come; void when the node has been restarted or has a newer timer.
struct Timer {
    std::size_t node = 0;
    std::uint32_t process = 0;
    std::uint64_t number = 0;
};

struct Verdict {
    std::size_t node = 0;
    std::uint32_t process = 0;
    gossip::VerifyTicket ticket = 0;
    bool is_valid = false;
};

using Action = std::function<void()>;

using Event = std::variant<Arrival, Timer, Verdict, Action>;

// What happens next: a binary heap keyed by (time, sequence), so that events at one instant keep
// the order they were added in and a run is a function of its seed.
class EventQueue {
public:
    void add(Instant at, Event event);
    bool is_empty() const { return heap_.empty(); }
    // Both: precondition, not empty.
    Instant next_time() const { return heap_.front().at; }
    Event take();

private:
    // Small, so that sifting does not move the events themselves.
    struct Entry {
        Instant at;
        std::uint64_t sequence = 0;
        std::size_t slot = 0;
    };
    static bool is_later(const Entry& a, const Entry& b) {
        return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
    }

    std::vector<Entry> heap_;
    std::vector<Event> slots_;
    std::vector<std::size_t> free_slots_;
    std::uint64_t sequence_ = 0;
};

}  // namespace hearsay::sim
