#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "crypto/signing.h"
#include "daemon/gossip/outputs.h"
#include "daemon/host/loop.h"

namespace hearsay::host {

struct Verdict {
    gossip::VerifyTicket ticket = 0;
    bool is_valid = false;
};

// Checks signatures on worker threads. Every job submitted gets one verdict, in any order, told
// on the loop's thread; the engine bounds how many there are at once. Destroying the pool waits
// for the checks under way (tens of microseconds) and forgets the rest.
class VerifyPool {
public:
    // Jobs a turn may check by itself when no worker has anything to do. Measured on 2 cores with
    // Ed25519 at 47 us: handing one to a thread and getting it back costs 12-15 us of processor
    // more than checking it here, and on a busy host the wait for a core (90th percentile: 2-8
    // ms). One or two cost the loop less than 100 us; more would make it late.
    static constexpr std::size_t kInlineMax = 2;

    // `workers` as in limits.workers. The verifier outlives the pool.
    VerifyPool(Loop& loop, const crypto::Verifier& verifier, std::uint32_t workers,
               std::function<void(std::span<const Verdict>)> on_verdicts);
    ~VerifyPool();
    VerifyPool(const VerifyPool&) = delete;
    VerifyPool& operator=(const VerifyPool&) = delete;

    // Takes all of `jobs`, which keeps its memory. What is returned was checked at once, and is
    // good until the next call; the others' verdicts follow.
    std::span<const Verdict> submit(std::vector<gossip::VerifyJob>& jobs);
    // Submitted and not yet told.
    std::size_t pending() const { return pending_; }
    std::size_t workers() const { return threads_.size(); }

private:
    // A worker takes a few at a time: fewer locks, and still the work is shared.
    static constexpr std::size_t kTake = 4;

    Verdict check(const gossip::VerifyJob& job) const;
    void work();
    void collect();

    const crypto::Verifier& verifier_;
    std::function<void(std::span<const Verdict>)> on_verdicts_;
    std::size_t pending_ = 0;
    std::vector<Verdict> told_;  // scratch
    Wakeup wakeup_;

    std::mutex mutex_;
    std::condition_variable has_work_;
    std::deque<gossip::VerifyJob> jobs_;
    std::vector<Verdict> verdicts_;
    // Workers that wait and have not been woken; one that woke for nothing counts twice, which
    // costs a signal to nobody.
    std::size_t idle_ = 0;
    bool is_stopping_ = false;

    std::vector<std::thread> threads_;
};

// limits.workers as a number of threads: 0 is one less than the cores, at least one.
std::size_t worker_count(std::uint32_t configured, unsigned cores);

}  // namespace hearsay::host
