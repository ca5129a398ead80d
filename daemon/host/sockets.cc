#include "daemon/host/sockets.h"

#include <sys/socket.h>

#include <algorithm>

#include "base/insist.h"
#include "config/endpoint_text.h"
#include "daemon/host/socket_address.h"
#include "daemon/host/startup_error.h"

namespace hearsay::host {
namespace {

Endpoint listen_endpoint(const std::string& address, std::uint16_t port) {
    const auto endpoint = config::parse_address(address);
    if (!endpoint)
        throw StartupError(kExitConfig, "listen.addresses: " + address + " " +
                                            std::string(config::to_text(endpoint.error())));
    return endpoint->with_port(port);
}

}  // namespace

Sockets::Sockets(Loop& loop, const config::Listen& listen, const crypto::ShortHashKey& key,
                 std::function<void(const Endpoint&, ByteView)> on_datagram)
    : on_datagram_(std::move(on_datagram)),
      paths_(key),
      groups_(loop, [this](const Datagram& beacon) { on_datagram_(beacon.from, beacon.bytes); }) {
    std::uint16_t port = listen.port;
    for (const std::string& address : listen.addresses) {
        const std::size_t index = sockets_.size();
        sockets_.push_back(std::make_unique<UdpSocket>(
            loop,
            bind_udp(listen_endpoint(address, port), {listen.receive_buffer, listen.send_buffer}),
            [this, index](const Datagram& datagram) { handle_datagram(index, datagram); }));
        sockets_.back()->on_unsendable = [this](const Endpoint& to) { paths_.forget(to); };
        port = sockets_.back()->bound().port;  // with port 0 all share the first free one
    }
    INSIST(!sockets_.empty());
}

void Sockets::set_interfaces(std::span<const gossip::Interface> interfaces, bool with_beacons) {
    interfaces_.assign(interfaces.begin(), interfaces.end());
    paths_.clear();
    groups_.join(with_beacons ? std::span<const gossip::Interface>(interfaces_)
                              : std::span<const gossip::Interface>());
}

void Sockets::handle_datagram(std::size_t socket, const Datagram& datagram) {
    LocalAddress local = datagram.to;
    // Which interface it came in by matters for link-local addresses only; the others follow
    // the routing table.
    if (!local.address.is_link_local()) local.interface = 0;
    const ReturnPaths::Path* known = paths_.find(datagram.from);
    if (known == nullptr || known->socket != socket || known->from != local)
        paths_.remember(datagram.from, {socket, local});
    on_datagram_(datagram.from, datagram.bytes);
}

void Sockets::send(const gossip::Transmit& transmit) {
    if (is_multicast(transmit.to)) return send_to_group(transmit);
    if (const ReturnPaths::Path* path = paths_.find(transmit.to)) {
        sockets_[path->socket]->send(transmit.to, path->from, transmit.datagram);
        return;
    }
    for (const auto& socket : sockets_) {
        // An IPv6 socket that is bound to one address takes no IPv4.
        const bool takes_ipv4 = socket->family() == AF_INET || is_unspecified(socket->bound());
        if (transmit.to.is_ipv4() ? !takes_ipv4 : socket->family() == AF_INET) continue;
        socket->send(transmit.to, {}, transmit.datagram);
        return;
    }
    ++unsendable_;
}

// From that interface's own address: for lo the kernel would take another interface's, and the
// receiver would find it off-link.
void Sockets::send_to_group(const gossip::Transmit& transmit) {
    LocalAddress from{{}, transmit.to.scope};
    if (transmit.to.is_ipv4()) {
        const auto own = std::find_if(interfaces_.begin(), interfaces_.end(), [&](const auto& i) {
            return i.index == transmit.to.scope && i.address.is_ipv4();
        });
        if (own != interfaces_.end()) from.address = own->address;
    }
    for (const auto& socket : sockets_) {
        const Endpoint bound = socket->bound();
        // A socket bound to one address beacons only where that address is.
        if (!is_unspecified(bound) &&
            std::none_of(interfaces_.begin(), interfaces_.end(), [&](const auto& i) {
                return i.index == transmit.to.scope && i.address.address == bound.address;
            }))
            continue;
        if (transmit.to.is_ipv4() ? socket->family() == AF_INET6 && !is_unspecified(bound)
                                  : socket->family() == AF_INET)
            continue;
        if (!is_unspecified(bound)) from.address = bound.with_port(0);
        socket->send(transmit.to, from, transmit.datagram);
        return;
    }
    ++unsendable_;
}

void Sockets::flush() {
    for (const auto& socket : sockets_) socket->flush();
}

std::vector<Endpoint> Sockets::bound() const {
    std::vector<Endpoint> result;
    for (const auto& socket : sockets_) result.push_back(socket->bound());
    return result;
}

UdpSocketCounts Sockets::counts() const {
    UdpSocketCounts total;
    for (const auto& socket : sockets_) total += socket->counts();
    total.send_failed += unsendable_;
    return total;
}

bool Sockets::sends_together() const {
    return std::all_of(sockets_.begin(), sockets_.end(),
                       [](const auto& socket) { return socket->sends_together(); });
}

bool Sockets::receives_together() const {
    return std::all_of(sockets_.begin(), sockets_.end(),
                       [](const auto& socket) { return socket->receives_together(); });
}

std::uint64_t Sockets::receive_buffer() const {
    std::uint64_t smallest = UINT64_MAX;
    for (const auto& socket : sockets_)
        smallest = std::min(smallest, receive_buffer_of(socket->fd()));
    return smallest;
}

}  // namespace hearsay::host
