#include "daemon/host/service.h"

#include <signal.h>
#include <time.h>

#include <utility>

#include "daemon/host/log.h"

namespace hearsay::host {
namespace {

// The manager shows it to people: more often would be work for nobody.
constexpr Duration kStatusInterval = std::chrono::seconds(1);

// CLOCK_MONOTONIC, which the manager compares with its own; the loop's clock is another.
Duration monotonic_time() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec);
}

}  // namespace

Service::Service(Loop& loop, Node& node, SdNotify notify, std::function<void()> on_stop)
    : node_(node),
      notify_(std::move(notify)),
      on_stop_(std::move(on_stop)),
      status_timer_(loop, [this] { tell_status(); }),
      watchdog_timer_(loop,
                      [this] {
                          notify_.watchdog();
                          watchdog_timer_.start_in(*notify_.watchdog_interval());
                      }),
      terminate_(loop, SIGTERM, [this] { stop("SIGTERM"); }),
      interrupt_(loop, SIGINT, [this] { stop("SIGINT"); }),
      hangup_(loop, SIGHUP, [this] { reload(); }) {
    signal(SIGPIPE, SIG_IGN);
}

void Service::ready() {
    notify_.ready();
    if (!notify_.is_active()) return;
    tell_status();
    if (notify_.watchdog_interval()) watchdog_timer_.start_at(Loop::now());
}

void Service::reload() {
    if (is_stopping_) return;
    notify_.reloading(monotonic_time());
    const ReloadResult result = node_.reload();
    if (result.is_ok && result.changed.empty() && result.needs_restart.empty())
        node_.log().info("", "reloaded: nothing has changed");
    notify_.ready();
}

void Service::stop(const char* signal) {
    if (std::exchange(is_stopping_, true)) return;
    node_.log().info("", std::string("stopping on ") + signal);
    notify_.stopping();
    on_stop_();
    node_.stop();
}

void Service::tell_status() {
    status_timer_.start_in(kStatusInterval);
    std::string summary = node_.summary();
    if (summary == told_) return;
    notify_.status(summary);
    told_ = std::move(summary);
}

}  // namespace hearsay::host
