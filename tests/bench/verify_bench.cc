// Checking signatures: one after the other in the loop, and by the pool with one worker and with
// two, 256 at a time as a burst brings them. Time is per signature.
#include <benchmark/benchmark.h>

#include "crypto/ed25519.h"
#include "crypto/random.h"
#include "daemon/host/verify_pool.h"

using namespace hearsay;
using namespace hearsay::host;

namespace {

constexpr std::size_t kJobs = 256;

gossip::VerifyJob signed_job() {
    const crypto::Ed25519Signer signer{crypto::random_secret()};
    gossip::VerifyJob job;
    job.signer = signer.id();
    job.message = Bytes(250, 1);
    job.signature = signer.sign(job.message);
    return job;
}

void in_the_loop(benchmark::State& state) {
    const crypto::Ed25519Verifier verifier;
    const gossip::VerifyJob job = signed_job();
    for (auto _ : state)
        benchmark::DoNotOptimize(verifier.verify(job.signer, job.message, job.signature));
    state.SetItemsProcessed(state.iterations());
}

void by_the_pool(benchmark::State& state) {
    Loop loop;
    const crypto::Ed25519Verifier verifier;
    const gossip::VerifyJob job = signed_job();
    std::size_t valid = 0;
    VerifyPool pool(loop, verifier, static_cast<std::uint32_t>(state.range(0)),
                    [&](std::span<const Verdict> verdicts) {
                        for (const Verdict& verdict : verdicts) valid += verdict.is_valid ? 1 : 0;
                        if (pool.pending() == 0) loop.stop();
                    });
    std::vector<gossip::VerifyJob> jobs;
    for (auto _ : state) {
        jobs.assign(kJobs, job);
        pool.submit(jobs);
        loop.run();
    }
    const auto count = static_cast<std::int64_t>(state.iterations() * kJobs);
    if (static_cast<std::int64_t>(valid) != count) state.SkipWithError("a good signature is bad");
    state.SetItemsProcessed(count);
}

}  // namespace

BENCHMARK(in_the_loop);
// CPU time is that of all threads: what handing over costs shows beside the loop alone.
BENCHMARK(by_the_pool)->Arg(1)->Arg(2)->MeasureProcessCPUTime()->UseRealTime();
