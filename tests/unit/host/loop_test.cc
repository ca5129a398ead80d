#include "daemon/host/loop.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "tests/catch.h"

using namespace hearsay;
using namespace hearsay::host;
using namespace std::chrono_literals;

namespace {

// Two connected sockets that close themselves.
struct SocketPair {
    SocketPair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0); }
    ~SocketPair() {
        close(fds[0]);
        close(fds[1]);
    }
    int fds[2] = {-1, -1};
};

}  // namespace

TEST_CASE("posted work runs in the next turn, in order", "[host][loop]") {
    Loop loop;
    std::vector<int> order;
    loop.post([&] { order.push_back(1); });
    loop.post([&] { order.push_back(2); });
    REQUIRE(order.empty());
    loop.run_once();
    REQUIRE(order == std::vector<int>{1, 2});
}

TEST_CASE("what posted work posts waits for the turn after", "[host][loop]") {
    Loop loop;
    std::vector<int> order;
    loop.post([&] {
        order.push_back(1);
        loop.post([&] { order.push_back(2); });
    });
    loop.run_once();
    REQUIRE(order == std::vector<int>{1});
    loop.run_once();
    REQUIRE(order == std::vector<int>{1, 2});
}

TEST_CASE("posted work keeps the loop from waiting", "[host][loop]") {
    Loop loop;
    Timer far(loop, [] {});
    far.start_in(1h);
    loop.post([&] { loop.stop(); });
    loop.run();  // would hang
    SUCCEED();
}

TEST_CASE("work still posted when the loop ends is dropped", "[host][loop]") {
    bool ran = false;
    {
        Loop loop;
        loop.post([&] { ran = true; });
    }
    REQUIRE_FALSE(ran);
}

TEST_CASE("a timer comes due once and not before its moment", "[host][loop]") {
    Loop loop;
    int calls = 0;
    Instant came{};
    Timer timer(loop, [&] {
        ++calls;
        came = Loop::now();
        loop.stop();
    });
    const Instant due = Loop::now() + 2ms;
    timer.start_at(due);
    REQUIRE(timer.due() == due);
    loop.run();
    REQUIRE(calls == 1);
    REQUIRE(came >= due);
    REQUIRE_FALSE(timer.due());
    loop.run_once();
    REQUIRE(calls == 1);
}

TEST_CASE("a timer whose moment has passed comes in the next turn", "[host][loop]") {
    Loop loop;
    int calls = 0;
    Timer timer(loop, [&] { ++calls; });
    timer.start_at(Instant{});
    loop.run_once();
    REQUIRE(calls == 1);
}

TEST_CASE("a stopped timer stays silent", "[host][loop]") {
    Loop loop;
    int calls = 0;
    Timer timer(loop, [&] { ++calls; });
    timer.start_at(Instant{});
    timer.stop();
    loop.run_once();
    REQUIRE(calls == 0);
}

TEST_CASE("a timer restarted from its own callback comes again", "[host][loop]") {
    Loop loop;
    int calls = 0;
    std::unique_ptr<Timer> timer;
    timer = std::make_unique<Timer>(loop, [&] {
        if (++calls == 3) return loop.stop();
        timer->start_in(1us);
    });
    timer->start_in(1us);
    loop.run();
    REQUIRE(calls == 3);
}

TEST_CASE("a timer may destroy itself in its own callback", "[host][loop]") {
    Loop loop;
    std::unique_ptr<Timer> timer;
    const std::string captured(100, 'x');
    std::string seen;
    timer = std::make_unique<Timer>(loop, [&timer, &seen, captured] {
        timer.reset();
        seen = captured;  // the callback outlives its timer while it runs
    });
    timer->start_at(Instant{});
    loop.run_once();
    REQUIRE(seen == captured);
}

TEST_CASE("a poll tells readable and writable apart", "[host][loop]") {
    Loop loop;
    SocketPair pair;
    std::vector<Poll::Ready> seen;
    Poll poll(loop, pair.fds[0], [&](Poll::Ready ready) { seen.push_back(ready); });
    poll.watch(true, false);
    loop.run_once();
    REQUIRE(seen.empty());
    REQUIRE(write(pair.fds[1], "x", 1) == 1);
    loop.run_once();
    REQUIRE(seen.size() == 1);
    REQUIRE(seen[0].readable);
    REQUIRE_FALSE(seen[0].writable);
    poll.watch(false, true);
    loop.run_once();
    REQUIRE(seen.size() == 2);
    REQUIRE(seen[1].writable);
    REQUIRE_FALSE(seen[1].readable);
    poll.watch(false, false);
    loop.run_once();
    REQUIRE(seen.size() == 2);
}

TEST_CASE("a poll destroyed with its descriptor ready is silent", "[host][loop]") {
    Loop loop;
    SocketPair pair;
    int calls = 0;
    auto poll = std::make_unique<Poll>(loop, pair.fds[0], [&](Poll::Ready) { ++calls; });
    poll->watch(true, true);
    loop.run_once();
    REQUIRE(calls == 1);
    poll.reset();
    loop.run_once();
    REQUIRE(calls == 1);
}

TEST_CASE("of two ready polls one may destroy the other in its callback", "[host][loop]") {
    Loop loop;
    SocketPair pair;
    std::unique_ptr<Poll> polls[2];
    int calls = 0;
    for (int i : {0, 1}) {
        polls[i] = std::make_unique<Poll>(loop, pair.fds[i], [&polls, &calls, i](Poll::Ready) {
            ++calls;
            polls[1 - i].reset();
        });
        polls[i]->watch(false, true);
    }
    loop.run_once();
    REQUIRE(calls == 1);
}

TEST_CASE("signals from other threads wake the loop, several as one", "[host][loop]") {
    Loop loop;
    int calls = 0;
    Wakeup wakeup(loop, [&] {
        ++calls;
        loop.stop();
    });
    std::thread other([&] {
        wakeup.signal();
        wakeup.signal();
    });
    other.join();
    loop.run();
    loop.run_once();
    REQUIRE(calls == 1);
}

TEST_CASE("a signal is told in the loop", "[host][loop]") {
    Loop loop;
    int calls = 0;
    Signal hangup(loop, SIGUSR2, [&] {
        ++calls;
        loop.stop();
    });
    REQUIRE(raise(SIGUSR2) == 0);
    loop.run();
    REQUIRE(calls == 1);
}

TEST_CASE("the end of a turn comes after posted work and ready descriptors", "[host][loop]") {
    Loop loop;
    SocketPair pair;
    std::vector<std::string> order;
    Poll poll(loop, pair.fds[0], [&](Poll::Ready) { order.push_back("ready"); });
    poll.watch(false, true);
    TurnEnd end(loop, [&] { order.push_back("end"); });
    loop.post([&] { order.push_back("posted"); });
    loop.run_once();
    REQUIRE(order == std::vector<std::string>{"posted", "end", "ready", "end"});
}

TEST_CASE("ends of turn run in the order they were made, and not once destroyed", "[host][loop]") {
    Loop loop;
    std::vector<int> order;
    std::unique_ptr<TurnEnd> second;
    TurnEnd first(loop, [&] { order.push_back(1); });
    second = std::make_unique<TurnEnd>(loop, [&] {
        order.push_back(2);
        second.reset();
    });
    TurnEnd third(loop, [&] { order.push_back(3); });
    loop.run_once();
    REQUIRE(order == std::vector<int>{1, 2, 3, 1, 3});
}

TEST_CASE("time on the loop's clock does not go back", "[host][loop]") {
    const Instant first = Loop::now();
    REQUIRE(Loop::now() >= first);
    REQUIRE(Loop::wall().ms > 1'600'000'000'000);  // after 2020
}
