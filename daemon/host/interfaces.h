#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "config/config.h"
#include "daemon/gossip/engine.h"
#include "daemon/host/file_descriptor.h"
#include "daemon/host/loop.h"

namespace hearsay::host {

// What of the operating system's view of an interface decides whether beacons use it.
struct InterfaceFlags {
    bool is_up = false;  // and has a carrier
    bool is_loopback = false;
    bool can_multicast = false;
};
// With discovery.interfaces set exactly those, lo included; else all that can, but never lo.
bool carries_beacons(const std::string& name, const InterfaceFlags& flags,
                     const config::Discovery& discovery);

// The addresses of every interface that is up, by index and address. At most kInterfacesMax: a
// host of containers may have thousands, and each would carry a beacon of its own.
inline constexpr std::size_t kInterfacesMax = 256;
std::vector<gossip::Interface> read_interfaces(const config::Discovery& discovery);

// Tells that interfaces or their addresses may have changed: by netlink (rtnetlink(7)), a moment
// after the first of a burst of news; every 5 s where netlink is not to be had.
class InterfaceWatch {
public:
    InterfaceWatch(Loop& loop, std::function<void()> on_change);

    bool uses_netlink() const { return poll_ != nullptr; }

private:
    void handle_news();

    std::function<void()> on_change_;
    FileDescriptor fd_;
    Timer timer_;
    std::unique_ptr<Poll> poll_;
};

}  // namespace hearsay::host
