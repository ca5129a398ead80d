#include <algorithm>
#include <utility>

#include "daemon/host/node_parts.h"

namespace hearsay::host {

std::string explain(NodeError error) {
    switch (error) {
        case NodeError::no_network:
            return "this host is in no network yet: run `hearsay network create NAME` or "
                   "`hearsay network join`";
        case NodeError::already_in_network:
            return "this host is in another network: leave that first with `hearsay network leave`";
        case NodeError::bad_token:
            return "that is no network token, or part of it is missing or changed: copy the whole "
                   "line that `hearsay network token` prints";
        case NodeError::bad_name:
            return "a network's name has 1 to 32 of the characters a-z, 0-9 and -";
        case NodeError::cannot_write_state:
            return "the daemon cannot write its state files, nothing was changed: see its log";
        case NodeError::not_linked:
            return "no neighbour has that identity";
        case NodeError::too_many_secrets:
            return "a network has at most 3 secrets: finish the rotation under way first";
        case NodeError::no_second_secret:
            return "the network has only one secret: add one first";
        case NodeError::network_is_open:
            return "the secret of an open network follows from its name: it cannot be changed";
        case NodeError::bad_address:
            return "that is no address or name of a host";
        case NodeError::no_scope:
            return "a link-local address needs its interface: fe80::1%eth0";
        case NodeError::own_address:
            return "that is this host itself";
        case NodeError::leaving:
            return "the daemon is leaving the network";
        case NodeError::tags_too_large:
            return "all tags of a host together take at most 600 bytes, two for each among them: "
                   "give shorter values";
    }
    return "";
}

// Stores the network, then starts to gossip in it.
std::optional<NodeError> Node::Parts::enter(crypto::Network entered) {
    if (leaving != Leaving::no) return NodeError::leaving;
    if (network) return NodeError::already_in_network;
    if (!state.save_network(entered)) return NodeError::cannot_write_state;
    network = std::move(entered);
    start_engine();
    return std::nullopt;
}

std::optional<NodeError> Node::create_network(const std::string& name) {
    if (!crypto::is_valid_network_name(name)) return NodeError::bad_name;
    return parts_->enter(crypto::Network::create(name, parts_->random));
}

std::optional<NodeError> Node::open_network(const std::string& name) {
    if (!crypto::is_valid_network_name(name)) return NodeError::bad_name;
    return parts_->enter(crypto::Network::open(name));
}

std::optional<NodeError> Node::join_network(std::string_view token,
                                            const std::vector<config::HostPort>& seeds) {
    auto decoded = crypto::decode_token(token);
    if (!decoded) return NodeError::bad_token;
    Parts& p = *parts_;
    // The token of the network it is in: how a rotated secret is brought to the other hosts.
    if (p.network && p.network->id == decoded->id && p.leaving == Parts::Leaving::no) {
        if (!p.state.save_network(*decoded)) return NodeError::cannot_write_state;
        p.network = std::move(*decoded);
        p.engine->set_network(*p.network);
    } else if (const auto refused = p.enter(std::move(*decoded))) {
        return refused;
    }
    if (!seeds.empty()) {
        p.joined_seeds = seeds;
        p.state.save_seeds(seeds);
        p.set_seeds(false);
    }
    p.touch();
    return std::nullopt;
}

std::optional<NodeError> Node::leave_network() {
    Parts& p = *parts_;
    if (p.leaving != Parts::Leaving::no) return NodeError::leaving;
    if (!p.network) return NodeError::no_network;
    if (!p.state.forget_network()) return NodeError::cannot_write_state;
    p.log.info("", "leaving the network " + p.network->name);
    p.network.reset();
    p.joined_seeds.clear();
    p.begin_leaving(false);
    return std::nullopt;
}

std::optional<NodeError> Node::rotate_network(Rotation step) {
    Parts& p = *parts_;
    if (!p.network) return NodeError::no_network;
    if (p.network->is_open) return NodeError::network_is_open;
    crypto::Network rotated = p.network->clone();
    auto& secrets = rotated.secrets;
    switch (step) {
        case Rotation::add:
            if (secrets.size() >= crypto::kNetworkSecretsMax) return NodeError::too_many_secrets;
            secrets.insert(secrets.begin() + 1, p.random.secret());
            break;
        case Rotation::promote:
            if (secrets.size() < 2) return NodeError::no_second_secret;
            std::swap(secrets[0], secrets[1]);
            break;
        case Rotation::finish:
            secrets.resize(1);
            break;
    }
    if (!p.state.save_network(rotated)) return NodeError::cannot_write_state;
    p.network = std::move(rotated);
    p.engine->set_network(*p.network);
    p.touch();
    return std::nullopt;
}

Result<std::string, NodeError> Node::network_token() const {
    if (!parts_->network) return NodeError::no_network;
    return crypto::encode_token(*parts_->network);
}

}  // namespace hearsay::host
