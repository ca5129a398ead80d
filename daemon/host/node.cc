#include "daemon/host/node.h"

#include "base/insist.h"
#include "daemon/host/codec_plugins.h"
#include "daemon/host/node_parts.h"

namespace hearsay::host {
namespace {

crypto::ShortHashKey short_hash_key(crypto::Random& random) {
    crypto::ShortHashKey key;
    random.fill(key);
    return key;
}

}  // namespace

Node::Parts::Parts(Node& owner, Loop& the_loop, const config::Config& initial, std::string file)
    : node(owner),
      loop(the_loop),
      config(initial),
      config_file(std::move(file)),
      log(config.log.level),
      state(config, log),
      random(crypto::random_secret()),
      signer(state.identity()),
      codecs(make_codecs(config.wire, log)),
      sockets(loop, config.listen, short_hash_key(random),
              [this](const Endpoint& from, ByteView datagram) { handle_datagram(from, datagram); }),
      interface_watch(loop, [this] { read_interfaces(); }),
      seeds(
          loop, log, [this](const Endpoint& at) { add_candidate(at, gossip::LearntFrom::seed); },
          [this](const std::vector<Endpoint>& at) { return is_linked_at(at); }),
      joined_seeds(state.seeds()),
      connects(loop),
      tags(config.node.tags),
      network(state.network()),
      turn_end(loop, [this] { end_turn(); }),
      engine_timer(loop, [this] { handle_due(); }),
      house_timer(loop, [this] { keep_house(); }),
      leave_timer(loop, [this] { finish_leaving(); }),
      names_timer(loop, [this] { tell_shared_names(); }) {}

Node::Node(Loop& loop, const config::Config& config, std::string config_file)
    : parts_(std::make_unique<Parts>(*this, loop, config, std::move(config_file))) {
    Parts& p = *parts_;
    if (p.network) {
        p.start_engine();
    } else {
        p.log.info("", explain(NodeError::no_network));
        p.read_interfaces();
    }
    p.keep_house();
}

Node::~Node() = default;

std::optional<Node::PublishRefusal> Node::publish(std::string_view topic, ByteView payload,
                                                  const gossip::PublishOptions& options,
                                                  gossip::PublishTicket& ticket) {
    Parts& p = *parts_;
    INSIST(!p.is_acting);
    if (!p.engine || !p.network) return PublishRefusal{NodeError::no_network, std::nullopt};
    const auto accepted = p.engine->publish(topic, payload, options, Loop::both());
    if (accepted) {
        p.touch();
        ticket = *accepted;
        return std::nullopt;
    }
    if (accepted.error() == gossip::PublishError::busy) {
        p.was_busy = true;
        p.may_have_room = false;
    }
    return PublishRefusal{std::nullopt, accepted.error()};
}

const config::Config& Node::config() const { return parts_->config; }
Log& Node::log() { return parts_->log; }

std::string Node::summary() const {
    const Parts& p = *parts_;
    if (!p.network) return "in no network";
    if (!p.engine) return "leaving";
    const std::size_t members = p.engine->alive_count();
    const std::size_t links = p.engine->link_count();
    return "network " + p.network->name + ": " + std::to_string(members) +
           (members == 1 ? " member, " : " members, ") + std::to_string(links) +
           (links == 1 ? " link" : " links");
}

void Node::stop() { parts_->begin_leaving(true); }

}  // namespace hearsay::host
