#include "daemon/host/loop.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/insist.h"
#include "daemon/host/startup_error.h"

namespace hearsay::host {
namespace {

Duration clock_time(clockid_t clock) {
    timespec time{};
    INSIST(clock_gettime(clock, &time) == 0);
    return std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec);
}

void must(int status, const char* what) {
    if (status >= 0) return;
    throw StartupError(kExitOsError, std::string("cannot set up the event loop: ") + what + ": " +
                                         uv_strerror(status));
}

}  // namespace

// Lives until libuv has let go of it, which is after the object that wraps it has died.
struct LoopHandle {
    union {
        uv_handle_t any;
        uv_poll_t poll;
        uv_async_t async;
        uv_signal_t signal;
    } uv{};
    std::function<void(Poll::Ready)> callback;
    bool is_closing = false;

    void call(Poll::Ready ready) noexcept {
        if (!is_closing) callback(ready);
    }
};

namespace {

LoopHandle& handle_of(void* data) { return *static_cast<LoopHandle*>(data); }

// Given only once the libuv init has succeeded: a handle that was never started must not be
// closed.
LoopHandlePtr adopt(std::unique_ptr<LoopHandle> handle) {
    handle->uv.any.data = handle.get();
    return LoopHandlePtr(handle.release());
}

void free_handle(uv_handle_t* uv) noexcept { delete static_cast<LoopHandle*>(uv->data); }

void poll_ready(uv_poll_t* uv, int status, int events) noexcept {
    const bool failed = status < 0;
    handle_of(uv->data).call({.readable = failed || (events & UV_READABLE) != 0,
                              .writable = failed || (events & UV_WRITABLE) != 0,
                              .failed = failed});
}

}  // namespace

void CloseLoopHandle::operator()(LoopHandle* handle) const noexcept {
    handle->is_closing = true;
    uv_close(&handle->uv.any, free_handle);
}

// ---- Loop

struct Loop::Parts {
    uv_loop_t loop{};
    uv_idle_t idle{};        // active while something is posted: the loop then does not wait
    uv_prepare_t prepare{};  // before waiting
    uv_check_t check{};      // after what was ready has been handled
    std::vector<std::function<void()>> posted;
    std::vector<TurnEnd*> turn_ends;

    void run_posted();
    void end_turn();
};

void Loop::Parts::run_posted() {
    const auto work = std::exchange(posted, {});
    for (const auto& one : work) one();
    if (posted.empty()) uv_idle_stop(&idle);
}

void Loop::Parts::end_turn() {
    // By index, and never over a gap: a callback may destroy any of them, or add one.
    for (std::size_t i = 0; i < turn_ends.size(); ++i) {
        if (turn_ends[i] == nullptr) continue;
        const auto callback = turn_ends[i]->on_turn_end_;  // outlives its owner if need be
        (*callback)();
    }
    std::erase(turn_ends, nullptr);
}

Loop::Loop() : parts_(std::make_unique<Parts>()) {
    must(uv_loop_init(&parts_->loop), "uv_loop_init");
    parts_->loop.data = parts_.get();
    uv_idle_init(&parts_->loop, &parts_->idle);
    uv_prepare_init(&parts_->loop, &parts_->prepare);
    uv_check_init(&parts_->loop, &parts_->check);
    uv_prepare_start(&parts_->prepare, [](uv_prepare_t* handle) noexcept {
        static_cast<Parts*>(handle->loop->data)->end_turn();
    });
    uv_check_start(&parts_->check, [](uv_check_t* handle) noexcept {
        static_cast<Parts*>(handle->loop->data)->end_turn();
    });
}

Loop::~Loop() {
    INSIST(std::all_of(parts_->turn_ends.begin(), parts_->turn_ends.end(),
                       [](TurnEnd* turn_end) { return turn_end == nullptr; }));
    for (uv_handle_t* own : {reinterpret_cast<uv_handle_t*>(&parts_->idle),
                             reinterpret_cast<uv_handle_t*>(&parts_->prepare),
                             reinterpret_cast<uv_handle_t*>(&parts_->check)})
        uv_close(own, nullptr);
    // Only closing handles and cancelled requests are left, so this ends.
    uv_run(&parts_->loop, UV_RUN_DEFAULT);
    INSIST(uv_loop_close(&parts_->loop) == 0);
}

void Loop::run() { uv_run(&parts_->loop, UV_RUN_DEFAULT); }
void Loop::run_once() { uv_run(&parts_->loop, UV_RUN_NOWAIT); }
void Loop::stop() { uv_stop(&parts_->loop); }
uv_loop_s* Loop::raw() const { return &parts_->loop; }

void Loop::post(std::function<void()> work) {
    parts_->posted.push_back(std::move(work));
    uv_idle_start(&parts_->idle, [](uv_idle_t* idle) noexcept {
        static_cast<Parts*>(idle->loop->data)->run_posted();
    });
}

Instant Loop::now() { return Instant(clock_time(CLOCK_BOOTTIME)); }

WallTime Loop::wall() {
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_time(CLOCK_REALTIME));
    return {static_cast<std::uint64_t>(std::max<std::int64_t>(ms.count(), 0))};
}

// ---- Poll

Poll::Poll(Loop& loop, int fd, std::function<void(Ready)> on_ready) {
    auto handle = std::make_unique<LoopHandle>();
    handle->callback = std::move(on_ready);
    must(uv_poll_init(loop.raw(), &handle->uv.poll, fd), "uv_poll_init");
    handle_ = adopt(std::move(handle));
}

void Poll::watch(bool readable, bool writable) {
    const int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
    if (events == 0) {
        uv_poll_stop(&handle_->uv.poll);
    } else {
        uv_poll_start(&handle_->uv.poll, events, poll_ready);
    }
}

// ---- Timer

Timer::Timer(Loop& loop, std::function<void()> on_due)
    : fd_(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)) {
    must(fd_ < 0 ? uv_translate_sys_error(errno) : 0, "timerfd_create");
    auto handle = std::make_unique<LoopHandle>();
    handle->callback = [this, on_due = std::move(on_due)](Poll::Ready) {
        if (take_due()) on_due();
    };
    must(uv_poll_init(loop.raw(), &handle->uv.poll, fd_), "uv_poll_init");
    handle_ = adopt(std::move(handle));
    uv_poll_start(&handle_->uv.poll, UV_READABLE, poll_ready);
}

Timer::~Timer() {
    handle_.reset();  // libuv allows the descriptor to be closed once uv_close() was called
    if (fd_ >= 0) close(fd_);
}

bool Timer::take_due() {
    std::uint64_t expirations = 0;
    if (read(fd_, &expirations, sizeof expirations) < 0) return false;  // restarted since
    return std::exchange(due_, std::nullopt).has_value();
}

void Timer::start_at(Instant due) {
    due_ = due;
    // Zero would disarm.
    const Duration at = std::max(due.time_since_epoch(), Duration(1));
    itimerspec spec{};
    spec.it_value.tv_sec = static_cast<time_t>(at.count() / 1'000'000'000);
    spec.it_value.tv_nsec = at.count() % 1'000'000'000;
    INSIST(timerfd_settime(fd_, TFD_TIMER_ABSTIME, &spec, nullptr) == 0);
}

void Timer::stop() {
    due_.reset();
    const itimerspec spec{};
    INSIST(timerfd_settime(fd_, 0, &spec, nullptr) == 0);
}

// ---- Wakeup, Signal, TurnEnd

Wakeup::Wakeup(Loop& loop, std::function<void()> on_wake) {
    auto handle = std::make_unique<LoopHandle>();
    handle->callback = [on_wake = std::move(on_wake)](Poll::Ready) { on_wake(); };
    must(uv_async_init(loop.raw(), &handle->uv.async,
                       [](uv_async_t* uv) noexcept { handle_of(uv->data).call({}); }),
         "uv_async_init");
    handle_ = adopt(std::move(handle));
}

void Wakeup::signal() noexcept { uv_async_send(&handle_->uv.async); }

Signal::Signal(Loop& loop, int number, std::function<void()> on_signal) {
    auto handle = std::make_unique<LoopHandle>();
    handle->callback = [on_signal = std::move(on_signal)](Poll::Ready) { on_signal(); };
    must(uv_signal_init(loop.raw(), &handle->uv.signal), "uv_signal_init");
    handle_ = adopt(std::move(handle));
    must(uv_signal_start(
             &handle_->uv.signal,
             [](uv_signal_t* uv, int) noexcept { handle_of(uv->data).call({}); }, number),
         "uv_signal_start");
}

TurnEnd::TurnEnd(Loop& loop, std::function<void()> on_turn_end)
    : loop_(loop),
      on_turn_end_(std::make_shared<const std::function<void()>>(std::move(on_turn_end))) {
    loop_.parts_->turn_ends.push_back(this);
}

TurnEnd::~TurnEnd() {
    auto& all = loop_.parts_->turn_ends;
    std::replace(all.begin(), all.end(), this, static_cast<TurnEnd*>(nullptr));
}

}  // namespace hearsay::host
