#include "tests/sim/event_queue.h"

#include <algorithm>
#include <utility>

namespace hearsay::sim {

void EventQueue::add(Instant at, Event event) {
    std::size_t slot = slots_.size();
    if (free_slots_.empty()) {
        slots_.push_back(std::move(event));
    } else {
        slot = free_slots_.back();
        free_slots_.pop_back();
        slots_[slot] = std::move(event);
    }
    heap_.push_back({at, sequence_++, slot});
    std::push_heap(heap_.begin(), heap_.end(), is_later);
}

Event EventQueue::take() {
    INSIST(!heap_.empty());
    std::pop_heap(heap_.begin(), heap_.end(), is_later);
    const std::size_t slot = heap_.back().slot;
    heap_.pop_back();
    free_slots_.push_back(slot);
    return std::exchange(slots_[slot], Action{});
}

}  // namespace hearsay::sim
