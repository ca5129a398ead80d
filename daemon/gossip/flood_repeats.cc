#include "daemon/gossip/flood.h"

// Messages that may come a second time after a crash are told by when they were made.
namespace hearsay::gossip {

using namespace std::chrono_literals;

void Flood::follow_clock(Now now) {
    if (!started_after_crash_) return;
    const auto elapsed = (now.monotonic - started_after_crash_->monotonic) / 1ms;
    const std::uint64_t expected =
        started_after_crash_->wall.ms + static_cast<std::uint64_t>(elapsed);
    if (now.wall.ms <= expected) return;
    repeats_until_ms_ += now.wall.ms - expected;
    started_after_crash_ = now;
}

}  // namespace hearsay::gossip
