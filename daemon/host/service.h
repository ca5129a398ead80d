#pragma once

#include <functional>
#include <string>

#include "daemon/host/loop.h"
#include "daemon/host/node.h"
#include "daemon/host/sd_notify.h"

namespace hearsay::host {

// The daemon as its service manager sees it: signals in, notifications out. SIGTERM and SIGINT
// leave and stop, SIGHUP reloads, SIGPIPE is nothing. The watchdog is fed from the loop, so that
// a loop that hangs is noticed.
class Service {
public:
    // `on_stop` is called once, when the node has been told to stop.
    Service(Loop& loop, Node& node, SdNotify notify, std::function<void()> on_stop);

    // To be called once everything is bound.
    void ready();

private:
    void reload();
    void stop(const char* signal);
    void tell_status();

    Node& node_;
    SdNotify notify_;
    std::function<void()> on_stop_;
    std::string told_;
    bool is_stopping_ = false;
    Timer status_timer_;
    Timer watchdog_timer_;
    Signal terminate_;
    Signal interrupt_;
    Signal hangup_;
};

}  // namespace hearsay::host
