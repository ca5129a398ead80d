#include <benchmark/benchmark.h>

#include "crypto/random.h"
#include "crypto/session.h"

// What a SEALED packet costs. Promised: seal and open of a 1,000-byte chunk at most 2 us each.
namespace hearsay::crypto {
namespace {

constexpr std::size_t kPlaintextSize = 1000;
// As in every program here: libsodium then picks what is quickest on this processor.
const bool kIsInitialised = initialise();
const Bytes kHeader(12, 1);

Secret key(std::uint8_t byte) { return Secret(Bytes(Secret::kSize, byte)); }

void seal(benchmark::State& state) {
    if (!kIsInitialised) state.SkipWithError("no entropy");
    const ChaChaSealer sealer;
    Session session(sealer, key(1), key(2));
    const Bytes plaintext(kPlaintextSize, 3);
    Bytes sealed(kPlaintextSize + kTagSize);
    for (auto _ : state) {
        benchmark::DoNotOptimize(session.seal(kHeader, plaintext, sealed));
        benchmark::DoNotOptimize(sealed.data());
    }
}

// With the replay window, the counters rising as on a link.
void open(benchmark::State& state) {
    constexpr std::size_t kPackets = 1024;
    const ChaChaSealer sealer;
    const Bytes plaintext(kPlaintextSize, 3);
    std::vector<Bytes> packets(kPackets, Bytes(kPlaintextSize + kTagSize));
    Session sender(sealer, key(1), key(2));
    for (Bytes& packet : packets) sender.seal(kHeader, plaintext, packet);

    Bytes opened(kPlaintextSize);
    std::size_t next = 0;
    Session receiver(sealer, key(2), key(1));
    for (auto _ : state) {
        if (next == kPackets) {
            next = 0;
            receiver = Session(sealer, key(2), key(1));
        }
        if (!receiver.open(next + 1, kHeader, packets[next], opened))
            state.SkipWithError("a packet did not open");
        ++next;
        benchmark::DoNotOptimize(opened.data());
    }
}

void seal_and_open(benchmark::State& state) {
    const ChaChaSealer sealer;
    Session sender(sealer, key(1), key(2));
    Session receiver(sealer, key(2), key(1));
    const Bytes plaintext(kPlaintextSize, 3);
    Bytes sealed(kPlaintextSize + kTagSize);
    Bytes opened(kPlaintextSize);
    for (auto _ : state) {
        const std::uint64_t counter = sender.seal(kHeader, plaintext, sealed);
        if (!receiver.open(counter, kHeader, sealed, opened))
            state.SkipWithError("a packet did not open");
        benchmark::DoNotOptimize(opened.data());
    }
}

BENCHMARK(seal);
BENCHMARK(open);
BENCHMARK(seal_and_open);

}  // namespace
}  // namespace hearsay::crypto
