// Datagrams of 1,200 bytes over loopback, 16 to each of 8 peers as a busy node sends them: one by
// one, and put together by the kernel. Time is per datagram, both ends.
#include <benchmark/benchmark.h>

#include "daemon/host/udp_socket.h"

using namespace hearsay;
using namespace hearsay::host;

namespace {

constexpr std::size_t kPeers = 8;
constexpr std::size_t kPerPeer = 16;

void run(benchmark::State& state, bool may_offload) {
    Loop loop;
    std::size_t received = 0;
    const UdpShape shape{.may_offload = may_offload};
    const Endpoint at = Endpoint::ipv4(127, 0, 0, 1, 0);
    const auto make = [&] {
        return std::make_unique<UdpSocket>(
            loop, bind_udp(at, {4 << 20, 4 << 20}), [&](const Datagram&) { ++received; }, shape);
    };
    const auto sender = make();
    std::vector<std::unique_ptr<UdpSocket>> peers;
    for (std::size_t i = 0; i < kPeers; ++i) peers.push_back(make());
    const Bytes datagram(1200, 1);
    std::size_t sent = 0;
    for (auto _ : state) {
        for (const auto& peer : peers)
            for (std::size_t i = 0; i < kPerPeer; ++i) sender->send(peer->bound(), {}, datagram);
        sender->flush();
        sent += kPeers * kPerPeer;
        while (received < sent) loop.run_once();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(sent));
    state.counters["per_datagram"] =
        benchmark::Counter(static_cast<double>(sent), benchmark::Counter::kIsRate |
                                                          benchmark::Counter::kInvert);
}

void one_by_one(benchmark::State& state) { run(state, false); }
void together(benchmark::State& state) { run(state, true); }

}  // namespace

BENCHMARK(one_by_one);
BENCHMARK(together);
