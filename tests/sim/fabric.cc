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
    if (faults.replay > 0 || faults.corrupt > 0) remember(from, to, datagram);
    if (happens(faults.replay) && note(Mishap::replayed)) {
        const Past& past = past_[random_.below(past_.size())];
        if (is_connected(past.from, past.to))
            out.push_back({now + delay(), past.datagram, past.from, past.to});
    }
    if (!takes(send_buffers_, from, faults.send_buffer, now) && note(Mishap::send_buffer_full))
        return;
    if (!is_connected(from, to) && note(Mishap::cut_off)) return;
    if (happens(faults.loss) && note(Mishap::lost)) return;
    const int copies = happens(faults.duplicate) && note(Mishap::duplicated) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
        const Instant at = now + delay();
        if (!hears(to, at) && note(Mishap::lost_in_burst)) continue;
        if (!takes(receive_buffers_, to, faults.receive_buffer, at) &&
            note(Mishap::receive_buffer_full))
            continue;
        out.push_back({at, Bytes(datagram.begin(), datagram.end()), from, to});
        if (happens(faults.corrupt)) damage(out.back().datagram);
    }
}

// Time may go back and forth a little between calls: delays differ.
bool Fabric::takes(std::vector<Buffer>& buffers, std::size_t node, std::size_t size, Instant now) {
    if (size == 0) return true;
    if (node >= buffers.size()) buffers.resize(node + 1);
    Buffer& buffer = buffers[node];
    if (now >= buffer.since + 1ms) buffer = {now, 0};
    return buffer.used++ < size;
}

void Fabric::remember(std::size_t from, std::size_t to, ByteView datagram) {
    Past past{from, to, Bytes(datagram.begin(), datagram.end())};
    if (past_.size() < kRemembered)
        past_.push_back(std::move(past));
    else
        past_[past_next_++ % kRemembered] = std::move(past);
}

std::string_view name_of(Mishap mishap) {
    switch (mishap) {
        case Mishap::lost: return "lost";
        case Mishap::lost_in_burst: return "lost in a burst";
        case Mishap::duplicated: return "duplicated";
        case Mishap::replayed: return "replayed";
        case Mishap::reordered: return "reordered";
        case Mishap::flipped: return "bits flipped";
        case Mishap::truncated: return "truncated";
        case Mishap::spliced: return "spliced";
        case Mishap::cut_off: return "cut off";
        case Mishap::send_buffer_full: return "send buffer full";
        case Mishap::receive_buffer_full: return "receive buffer full";
    }
    return "unknown";
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
    if (happens(faults.reorder) && note(Mishap::reordered))
        delay += random_.between(0ns, faults.reorder_delay);
    return delay;
}

void Fabric::damage(Bytes& datagram) {
    if (datagram.empty()) return;
    const std::uint64_t how = random_.below(6);
    if (how == 0 && note(Mishap::truncated)) {
        datagram.resize(random_.below(datagram.size()));
        return;
    }
    if (how == 1 && note(Mishap::spliced)) {
        const Bytes& other = past_[random_.below(past_.size())].datagram;
        const std::size_t at = random_.below(datagram.size());
        datagram.resize(at);
        if (at < other.size())
            datagram.insert(datagram.end(), other.begin() + static_cast<std::ptrdiff_t>(at),
                            other.end());
        return;
    }
    note(Mishap::flipped);
    const std::uint64_t flips = 1 + random_.below(3);
    for (std::uint64_t i = 0; i < flips; ++i)
        datagram[random_.below(datagram.size())] ^=
            static_cast<std::uint8_t>(1U << random_.below(8));
}

}  // namespace hearsay::sim
