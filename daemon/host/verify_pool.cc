#include "daemon/host/verify_pool.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>

namespace hearsay::host {

std::size_t worker_count(std::uint32_t configured, unsigned cores) {
    if (configured > 0) return configured;
    return cores > 1 ? cores - 1 : 1;
}

VerifyPool::VerifyPool(Loop& loop, const crypto::Verifier& verifier, std::uint32_t workers,
                       std::function<void(std::span<const Verdict>)> on_verdicts)
    : verifier_(verifier),
      on_verdicts_(std::move(on_verdicts)),
      wakeup_(loop, [this] { collect(); }) {
    // Signals are the loop's: a worker must not be interrupted by them.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const std::size_t count = worker_count(workers, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

VerifyPool::~VerifyPool() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    has_work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

std::span<const Verdict> VerifyPool::submit(std::vector<gossip::VerifyJob>& jobs) {
    told_.clear();
    if (jobs.empty()) return told_;
    if (pending_ == 0 && jobs.size() <= kInlineMax) {
        for (const auto& job : jobs) told_.push_back(check(job));
        jobs.clear();
        return told_;
    }
    pending_ += jobs.size();
    std::size_t to_wake = (jobs.size() + kTake - 1) / kTake;
    {
        const std::lock_guard lock(mutex_);
        std::move(jobs.begin(), jobs.end(), std::back_inserter(jobs_));
        to_wake = std::min(to_wake, idle_);
        idle_ -= to_wake;
    }
    jobs.clear();
    // Those that find nothing left cost more than they bring: as many as have something to take.
    for (; to_wake > 0; --to_wake) has_work_.notify_one();
    return told_;
}

Verdict VerifyPool::check(const gossip::VerifyJob& job) const {
    return {job.ticket, verifier_.verify(job.signer, job.message, job.signature)};
}

void VerifyPool::work() {
    std::vector<gossip::VerifyJob> mine;
    std::vector<Verdict> done;
    std::unique_lock lock(mutex_);
    while (true) {
        if (jobs_.empty() && !is_stopping_) {
            ++idle_;
            has_work_.wait(lock);
            continue;
        }
        if (is_stopping_) return;
        const auto count = static_cast<std::ptrdiff_t>(std::min(kTake, jobs_.size()));
        mine.assign(std::move_iterator(jobs_.begin()), std::move_iterator(jobs_.begin() + count));
        jobs_.erase(jobs_.begin(), jobs_.begin() + count);
        lock.unlock();
        done.clear();
        for (const auto& job : mine) done.push_back(check(job));
        lock.lock();
        const bool is_first = verdicts_.empty();
        verdicts_.insert(verdicts_.end(), done.begin(), done.end());
        if (is_first) wakeup_.signal();
    }
}

void VerifyPool::collect() {
    told_.clear();
    {
        const std::lock_guard lock(mutex_);
        told_.swap(verdicts_);
    }
    if (told_.empty()) return;
    pending_ -= told_.size();
    on_verdicts_(told_);
}

}  // namespace hearsay::host
