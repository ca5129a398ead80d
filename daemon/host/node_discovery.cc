#include <algorithm>
#include <tuple>

#include "daemon/host/node_parts.h"
#include "daemon/host/socket_address.h"

namespace hearsay::host {
namespace {

bool is_same(const gossip::Interface& a, const gossip::Interface& b) {
    return std::tie(a.index, a.name, a.address, a.prefix_size, a.is_multicast) ==
           std::tie(b.index, b.name, b.address, b.prefix_size, b.is_multicast);
}

}  // namespace

void Node::Parts::read_interfaces() {
    auto found = host::read_interfaces(config.discovery);
    const bool has_changed =
        !std::equal(found.begin(), found.end(), interfaces.begin(), interfaces.end(), is_same);
    interfaces = std::move(found);
    sockets.set_interfaces(interfaces, engine != nullptr);
    if (!sockets.beacon_problem().empty()) log.warning("beacon", sockets.beacon_problem());
    if (engine) act(engine->handle_interfaces(served_interfaces(), Loop::both()));
    if (has_changed) log.debug("interfaces", "the network interfaces have changed");
}

// Those this node can be reached at: what it is bound to, or all but loopback when that is
// everything; loopback too where the operator has chosen it for beacons. A node bound to nothing
// but loopback is in a network of one host: there it is reached at each address of 127.0.0.0/8,
// though the interface has only the first.
std::vector<gossip::Interface> Node::Parts::served_interfaces() const {
    const std::vector<Endpoint> bound = sockets.bound();
    const auto is_served = [&](const gossip::Interface& interface) {
        return std::any_of(bound.begin(), bound.end(), [&](const Endpoint& at) {
            if (!is_unspecified(at)) return interface.address.address == at.address;
            return !interface.address.is_loopback() || interface.is_multicast;
        });
    };
    std::vector<gossip::Interface> result;
    std::copy_if(interfaces.begin(), interfaces.end(), std::back_inserter(result), is_served);
    const bool is_one_host = std::all_of(bound.begin(), bound.end(),
                                         [](const Endpoint& at) { return at.is_loopback(); });
    if (is_one_host && result.empty())
        for (const Endpoint& at : bound) {
            gossip::Interface& interface = result.emplace_back();
            interface.name = "lo";
            interface.address = at.with_port(0);
            interface.prefix_size = 8;
        }
    return result;
}

void Node::Parts::set_seeds(bool tell_all) {
    if (!engine || leaving != Leaving::no) return;
    std::vector<config::HostPort> hosts = config.discovery.seeds;
    hosts.insert(hosts.end(), joined_seeds.begin(), joined_seeds.end());
    seeds.set(hosts, tell_all);
}

void Node::Parts::add_candidate(const Endpoint& at, gossip::LearntFrom source) {
    if (engine) act(engine->add_candidate(at, source, Loop::both()));
}

bool Node::Parts::is_linked_at(const std::vector<Endpoint>& addresses) const {
    if (!engine || engine->link_count() == 0) return false;
    const auto links = engine->snapshot(Loop::both()).links;
    return std::any_of(links.begin(), links.end(), [&](const gossip::LinkSnapshot& link) {
        return std::find(addresses.begin(), addresses.end(), link.at) != addresses.end();
    });
}

bool Node::Parts::is_own(const Endpoint& at) const {
    const std::vector<Endpoint> bound = sockets.bound();
    return std::any_of(bound.begin(), bound.end(), [&](const Endpoint& own) {
        if (own.port != at.port) return false;
        if (!is_unspecified(own)) return own.address == at.address;
        return std::any_of(interfaces.begin(), interfaces.end(), [&](const auto& interface) {
            return interface.address.address == at.address;
        });
    });
}

std::optional<NodeError> Node::connect(const config::HostPort& at) {
    Parts& p = *parts_;
    if (!p.engine || !p.network) return NodeError::no_network;
    if (p.leaving != Parts::Leaving::no) return NodeError::leaving;
    if (const auto endpoint = parse_numeric(at)) {
        if (!endpoint->is_dialable()) return NodeError::bad_address;
        if (endpoint->is_link_local() && endpoint->scope == 0) return NodeError::no_scope;
        if (p.is_own(*endpoint)) return NodeError::own_address;
        p.add_candidate(*endpoint, gossip::LearntFrom::operator_);
        return std::nullopt;
    }
    const bool is_accepted = p.connects.resolve(at, [&p, at](const std::vector<Endpoint>& found) {
        if (found.empty()) p.log.warning("connect", "no address is known for the host " + at.host);
        for (const Endpoint& endpoint : found)
            p.add_candidate(endpoint, gossip::LearntFrom::operator_);
    });
    return is_accepted ? std::nullopt : std::optional(NodeError::bad_address);
}

std::optional<NodeError> Node::disconnect(const crypto::NodeId& member) {
    Parts& p = *parts_;
    if (!p.engine) return NodeError::no_network;
    p.touch();
    return p.engine->disconnect(member) ? std::nullopt : std::optional(NodeError::not_linked);
}

}  // namespace hearsay::host
