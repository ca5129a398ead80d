#include "tests/bench/load/run.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <stdexcept>

#include "tests/bench/load/clients.h"
#include "tests/bench/load/report.h"

namespace hearsay::load {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kWarmUpPause = kSecond / 5;
// A publisher that gets no further is given up on this long after its time.
constexpr std::uint64_t kOverdue = 30 * kSecond;

class Run {
public:
    explicit Run(const Options& options);
    ~Run() { close(epoll_); }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    void warm_up();
    void measure();
    std::string report() const { return report_of(options_, subscribers_, publishers_); }

private:
    void add(Client& client);
    void watch(Client& client);
    // Waits until something can be read or written, at most until `until`, and does that.
    void turn(std::uint64_t until);
    bool is_warm() const;
    bool is_complete() const;
    std::uint64_t publish_all(std::uint64_t now);

    const Options& options_;
    int epoll_;
    std::vector<std::unique_ptr<Subscriber>> subscribers_;
    std::vector<std::unique_ptr<Publisher>> publishers_;
    std::vector<Client*> clients_;
};

Run::Run(const Options& options) : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) throw std::runtime_error("epoll_create1 failed");
    for (std::size_t i = 0; i < options.endpoints.size(); ++i)
        subscribers_.push_back(std::make_unique<Subscriber>(options, i));
    for (std::size_t i = 0; i < options.plans.size(); ++i)
        publishers_.push_back(std::make_unique<Publisher>(options, i));
    for (const auto& subscriber : subscribers_) add(*subscriber);
    for (const auto& publisher : publishers_) add(*publisher);
}

void Run::add(Client& client) {
    clients_.push_back(&client);
    epoll_event event{EPOLLIN, {.ptr = &client}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, client.connection.fd(), &event) != 0)
        throw std::runtime_error("epoll_ctl failed");
}

void Run::watch(Client& client) {
    const bool is_writable_wanted = client.connection.waiting() > 0;
    if (is_writable_wanted == client.watches_writable) return;
    client.watches_writable = is_writable_wanted;
    epoll_event event{is_writable_wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, {.ptr = &client}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, client.connection.fd(), &event);
}

void Run::turn(std::uint64_t until) {
    for (Client* const client : clients_) {
        if (client->connection.waiting() > 0) client->connection.write_some();
        watch(*client);
    }
    const std::uint64_t now = now_ns();
    const std::uint64_t pause = until > now ? until - now : 0;
    const timespec time{static_cast<time_t>(pause / kSecond), static_cast<long>(pause % kSecond)};
    std::array<epoll_event, 64> events;
    const int count = epoll_pwait2(epoll_, events.data(), events.size(), &time, nullptr);
    if (count < 0 && errno != EINTR) throw std::runtime_error("epoll_pwait2 failed");
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if ((event.events & ~EPOLLOUT) != 0) static_cast<Client*>(event.data.ptr)->read(now_ns());
    }
}

bool Run::is_warm() const {
    return std::all_of(subscribers_.begin(), subscribers_.end(), [](const auto& subscriber) {
        return std::all_of(subscriber->of_publisher.begin(), subscriber->of_publisher.end(),
                           [](const Tally& tally) { return tally.is_warm; });
    });
}

// Until a message of each publisher has come to each subscriber, and all of them are taken.
void Run::warm_up() {
    const std::uint64_t end = now_ns() + static_cast<std::uint64_t>(options_.warm_up * 1e9);
    std::uint64_t next = 0;
    const auto is_taken = [](const auto& publisher) { return publisher->warm_ups == 0; };
    while (!is_warm() || !std::all_of(publishers_.begin(), publishers_.end(), is_taken)) {
        const std::uint64_t now = now_ns();
        if (now >= end) throw std::runtime_error("warm-up: not everybody is reached");
        if (now >= next && !is_warm()) {
            for (const auto& publisher : publishers_) publisher->send_warm_up();
            next = now + kWarmUpPause;
        }
        turn(std::max(next, now + kWarmUpPause));
    }
}

bool Run::is_complete() const {
    std::uint64_t expected = 0;
    for (const auto& publisher : publishers_) {
        if (!publisher->is_finished()) return false;
        expected += publisher->accepted;
    }
    return std::all_of(subscribers_.begin(), subscribers_.end(),
                       [&](const auto& subscriber) { return subscriber->received() >= expected; });
}

// When one of them has something to do again.
std::uint64_t Run::publish_all(std::uint64_t now) {
    std::uint64_t next = now + kSecond / 100;
    for (const auto& publisher : publishers_)
        if (const std::uint64_t due = publisher->publish_due(now); due != 0)
            next = std::min(next, due);
    return next;
}

void Run::measure() {
    const std::uint64_t started = now_ns();
    for (const auto& publisher : publishers_) publisher->start(started);
    std::uint64_t end = started + static_cast<std::uint64_t>(options_.seconds * 1e9) + kOverdue;
    bool is_published = false;
    for (std::uint64_t now = started; now < end && !is_complete(); now = now_ns()) {
        turn(publish_all(now));
        if (is_published || !std::all_of(publishers_.begin(), publishers_.end(),
                                         [](const auto& one) { return one->is_finished(); }))
            continue;
        is_published = true;
        end = now_ns() + static_cast<std::uint64_t>(options_.drain * 1e9);
    }
}

}  // namespace

std::string run(const Options& options) {
    Run run(options);
    run.warm_up();
    run.measure();
    return run.report();
}

}  // namespace hearsay::load
