#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/gossip/engine.h"
#include "daemon/host/groups.h"
#include "daemon/host/return_paths.h"

namespace hearsay::host {

// All the sockets of a daemon as one: chooses by which, and from which address, a datagram goes.
class Sockets {
public:
    // Binds; throws StartupError.
    Sockets(Loop& loop, const config::Listen& listen, const crypto::ShortHashKey& key,
            std::function<void(const Endpoint& from, ByteView datagram)> on_datagram);

    // This host's interfaces, to be told of every change. Those with is_multicast receive beacons
    // if `with_beacons`.
    void set_interfaces(std::span<const gossip::Interface> interfaces, bool with_beacons);

    // Queues it; a destination that no socket can reach is counted as failed.
    void send(const gossip::Transmit& transmit);
    void flush();

    std::uint16_t port() const { return sockets_.front()->bound().port; }
    std::vector<Endpoint> bound() const;
    UdpSocketCounts counts() const;
    // Whether all do.
    bool sends_together() const;
    bool receives_together() const;
    // The smallest granted.
    std::uint64_t receive_buffer() const;
    const std::string& beacon_problem() const { return groups_.problem(); }

private:
    void handle_datagram(std::size_t socket, const Datagram& datagram);
    void send_to_group(const gossip::Transmit& transmit);

    std::function<void(const Endpoint&, ByteView)> on_datagram_;
    ReturnPaths paths_;
    std::vector<gossip::Interface> interfaces_;
    std::vector<std::unique_ptr<UdpSocket>> sockets_;
    Groups groups_;
    std::uint64_t unsendable_ = 0;
};

}  // namespace hearsay::host
