#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/time.h"

struct uv_loop_s;

// The event loop (libuv) and its handles. A libuv handle must stay in memory until its close
// callback has run, turns after uv_close(): that is known here and nowhere else. To the rest of
// the daemon a handle is an object that is silent the moment it is destroyed, even inside its own
// callback.
//
// One thread. Callbacks must not throw (they run under noexcept) and must not block.
namespace hearsay::host {

class Loop {
public:
    Loop();
    // Precondition: every handle made on it is gone.
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // Turns until stop(); the rest of the turn in which that is called still happens.
    void run();
    void stop();
    // One turn that does not wait: for tests.
    void run_once();

    // Runs `work` in the next turn, in the order of posting. What is still posted when the loop
    // is destroyed is dropped.
    void post(std::function<void()> work);

    // Nanoseconds of CLOCK_BOOTTIME: monotonic, and it counts the time a suspended host slept, so
    // that links do not look alive after it.
    static Instant now();
    static WallTime wall();
    static Now both() { return {now(), wall()}; }

    // For what needs libuv itself (resolver.cc).
    uv_loop_s* raw() const;

private:
    friend class TurnEnd;
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

// A libuv handle in the shape its kind needs; loop.cc knows it.
struct LoopHandle;
struct CloseLoopHandle {
    void operator()(LoopHandle* handle) const noexcept;
};
using LoopHandlePtr = std::unique_ptr<LoopHandle, CloseLoopHandle>;

// Runs a callback once a given instant has come, to the resolution of the kernel's timers (a
// timerfd: libuv's own count whole milliseconds and do not see a suspend).
class Timer {
public:
    Timer(Loop& loop, std::function<void()> on_due);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    // Replaces an earlier start. A moment that has passed comes in the next turn.
    void start_at(Instant due);
    void start_in(Duration pause) { start_at(Loop::now() + pause); }
    void stop();
    std::optional<Instant> due() const { return due_; }

private:
    bool take_due();

    std::optional<Instant> due_;
    int fd_ = -1;
    LoopHandlePtr handle_;
};

// Watches a file descriptor that somebody else owns and keeps open at least as long as this. One
// Poll per descriptor.
class Poll {
public:
    struct Ready {
        bool readable = false;
        bool writable = false;
        // The descriptor is in error (and the two above are set): read or write it to learn which.
        // Nothing is watched any more until watch() is called again.
        bool failed = false;
    };

    Poll(Loop& loop, int fd, std::function<void(Ready)> on_ready);
    Poll(const Poll&) = delete;
    Poll& operator=(const Poll&) = delete;

    // Replaces what is watched. Watching neither is a pause.
    void watch(bool readable, bool writable);

private:
    LoopHandlePtr handle_;
};

// The only way into the loop from another thread.
class Wakeup {
public:
    Wakeup(Loop& loop, std::function<void()> on_wake);
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;

    // Any thread. Several before the loop gets to it make one callback.
    void signal() noexcept;

private:
    LoopHandlePtr handle_;
};

class Signal {
public:
    Signal(Loop& loop, int number, std::function<void()> on_signal);
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

private:
    LoopHandlePtr handle_;
};

// Runs a callback at the end of every turn: after all that was ready has been handled, and again
// before the loop waits. In the order of construction. Here is where what a turn has collected is
// sent in one go. It must be cheap when nothing has happened.
class TurnEnd {
public:
    TurnEnd(Loop& loop, std::function<void()> on_turn_end);
    ~TurnEnd();
    TurnEnd(const TurnEnd&) = delete;
    TurnEnd& operator=(const TurnEnd&) = delete;

private:
    friend class Loop;
    Loop& loop_;
    std::shared_ptr<const std::function<void()>> on_turn_end_;
};

}  // namespace hearsay::host
