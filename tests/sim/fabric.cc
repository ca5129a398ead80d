#include "tests/sim/fabric.h"

#include <cmath>

namespace hearsay::sim {
namespace {

Duration scaled(Duration duration, double factor) {
    return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

void Fabric::carry(std::size_t from, std::size_t to, ByteView datagram, Instant now,
                   std::vector<Carried>& out) {
    if (!is_connected(from, to) || happens(faults.loss)) return;
    const int copies = happens(faults.duplicate) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
        const Instant at = now + delay();
        if (!hears(to, at)) continue;
        out.push_back({at, Bytes(datagram.begin(), datagram.end())});
        if (happens(faults.corrupt)) damage(out.back().datagram);
    }
}

void Fabric::set_group(std::size_t node, std::uint32_t group) {
    if (node >= groups_.size()) groups_.resize(node + 1, 0);
    groups_[node] = group;
}

void Fabric::heal() {
    groups_.clear();
    blocked_.clear();
}

bool Fabric::is_connected(std::size_t from, std::size_t to) const {
    return group_of(from) == group_of(to) && !blocked_.contains({from, to});
}

// Walks the node's alternation of hearing and deaf stretches up to `now`; asked about an earlier
// time than before, it answers with the present stretch.
bool Fabric::hears(std::size_t node, Instant now) {
    if (faults.burst_loss <= 0) return true;
    if (node >= hearing_.size()) hearing_.resize(node + 1);
    Hearing& hearing = hearing_[node];
    if (now - hearing.until > 10s) hearing.until = now;  // after a time without bursts
    while (hearing.until <= now) {
        hearing.is_deaf = !hearing.is_deaf;
        const double hearing_factor = (1 - faults.burst_loss) / faults.burst_loss;
        const Duration mean =
            hearing.is_deaf ? faults.burst_length : scaled(faults.burst_length, hearing_factor);
        hearing.until += exponential(mean) + 1us;
    }
    return !hearing.is_deaf;
}

Duration Fabric::exponential(Duration mean) { return scaled(mean, -std::log(1 - random_.unit())); }

Duration Fabric::delay() {
    const Duration tail = faults.delay_mean - faults.delay_min;
    Duration delay = faults.delay_min + (tail > 0ns ? exponential(tail) : 0ns);
    if (happens(faults.reorder)) delay += random_.between(0ns, faults.reorder_delay);
    return delay;
}

void Fabric::damage(Bytes& datagram) {
    if (datagram.empty()) return;
    if (random_.below(4) == 0) {
        datagram.resize(random_.below(datagram.size()));
        return;
    }
    const std::uint64_t flips = 1 + random_.below(3);
    for (std::uint64_t i = 0; i < flips; ++i)
        datagram[random_.below(datagram.size())] ^=
            static_cast<std::uint8_t>(1U << random_.below(8));
}

}  // namespace hearsay::sim
