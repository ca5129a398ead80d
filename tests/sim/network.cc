#include "tests/sim/network.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "tests/sim/cheap_crypto.h"

namespace hearsay::sim {
namespace {

constexpr Duration kPollInterval = 10ms;
constexpr Duration kResolveInterval = 5s;
constexpr Duration kLeaveLimit = 2s;  // what the shell allows for a goodbye

crypto::Secret secret_of(std::uint64_t seed, std::string_view purpose, std::uint64_t number = 0) {
    std::array<std::uint64_t, 2> numbers{seed, number};
    std::array<std::uint8_t, sizeof numbers> bytes{};
    std::memcpy(bytes.data(), numbers.data(), sizeof numbers);
    return crypto::Secret(crypto::blake2b({bytes_of(purpose), bytes}).view());
}

std::uint64_t checked_seed(std::uint64_t seed) {
    INSIST(crypto::initialise());
    return seed;
}

std::unique_ptr<crypto::Verifier> make_verifier(bool is_real, std::uint64_t secret) {
    if (is_real) return std::make_unique<crypto::Ed25519Verifier>();
    return std::make_unique<CheapVerifier>(secret);
}

std::unique_ptr<crypto::Sealer> make_sealer(bool is_real) {
    if (is_real) return std::make_unique<crypto::ChaChaSealer>();
    return std::make_unique<CheapSealer>();
}

std::vector<std::size_t> seeds_of(Topology topology, std::size_t index) {
    if (index == 0) return {};
    switch (topology) {
        case Topology::star:
            return {0};
        case Topology::chain:
            return {index - 1};
        case Topology::beacons:
        case Topology::none:
            break;
    }
    return {};
}

}  // namespace

Network::Network(Options options)
    : options_(std::move(options)),
      random_(secret_of(checked_seed(options_.seed), "simulation")),
      crypto_secret_(random_.next()),
      network_(crypto::Network::create("sim", random_)),
      verifier_(make_verifier(options_.real_crypto, crypto_secret_)),
      sealer_(make_sealer(options_.real_crypto)),
      fabric_(options_.faults, random_.fork()) {
    options_.config.discovery.beacon = options_.topology == Topology::beacons;
    const std::size_t lans = std::max<std::size_t>(1, options_.lans);
    for (std::size_t i = 0; i < options_.nodes; ++i) {
        add_node_at(i % lans, seeds_of(options_.topology, i));
        at(random_.between(0ns, options_.start_spread), [this, i] { start(*nodes_[i]); });
    }
    run_for(options_.start_spread);
}

Network::~Network() = default;

void Network::run_for(Duration duration) {
    const Instant end = now_ + duration;
    while (!queue_.is_empty() && queue_.next_time() <= end) step();
    now_ = end;
}

bool Network::run_until(const std::function<bool()>& is_done, Duration limit) {
    const Instant end = now_ + limit;
    while (!is_done()) {
        if (now_ >= end) return false;
        run_for(std::min(kPollInterval, end - now_));
    }
    return true;
}

Result<Published, gossip::PublishError> Network::try_publish(
    std::size_t index, std::string_view topic, ByteView payload,
    const gossip::PublishOptions& options) {
    Node& node = *nodes_[index];
    INSIST(node.is_running());
    const auto ticket = node.engine->publish(topic, payload, options, now_of(node));
    if (!ticket) return ticket.error();
    const Duration lifetime = options.lifetime.value_or(options_.config.flood.lifetime);
    const auto lifetime_ms = static_cast<std::uint32_t>(lifetime / 1ms);
    const Published message = ledger_.publish(node.id, topic, payload, lifetime_ms, now_);
    if (node.liar != nullptr) ledger_.disown(message);
    node.tickets.emplace(*ticket, message);
    settle(node);
    return message;
}

Published Network::publish(std::size_t index, std::string_view topic, ByteView payload,
                           const gossip::PublishOptions& options) {
    const auto message = try_publish(index, topic, payload, options);
    if (!message)
        breach(*nodes_[index], "publish refused: " + std::string(name_of(message.error())));
    return *message;
}

void Network::partition(const std::vector<std::vector<std::size_t>>& groups) {
    std::uint32_t number = 0;
    for (const auto& group : groups) {
        ++number;
        for (const std::size_t node : group) fabric_.set_group(node, number);
    }
}

void Network::kill(std::size_t index, Stop stop) {
    Node& node = *nodes_[index];
    if (!node.is_running()) return;
    if (stop == Stop::crash_state_lost) return end_process(node, {}, true);
    if (stop == Stop::crash_rolled_back) {
        end_process(node, node.saved_before, true);
        node.last_stop_was_rollback = true;
        return;
    }
    if (stop == Stop::crash_members_kept)
        return end_process(node, node.engine->save_members(now_of(node)), true);
    node.is_leaving = true;
    node.leave_limit = now_ + kLeaveLimit;
    node.engine->leave();
    at(kLeaveLimit, [this, &node, process = node.process] {
        if (node.is_running() && node.process == process) settle(node);
    });
    settle(node);
}

void Network::stop_and_wait(std::size_t index) {
    kill(index, Stop::clean);
    run_until([&] { return !is_running(index); }, 2 * kLeaveLimit);
}

void Network::restart(std::size_t index) {
    if (!nodes_[index]->is_running()) start(*nodes_[index]);
}

void Network::forget_state(std::size_t index) {
    nodes_[index]->saved.clear();
    nodes_[index]->has_forgotten = true;
}

void Network::resume(std::size_t index) {
    Node& node = *nodes_[index];
    if (!node.is_paused) return;
    node.is_paused = false;
    const auto backlog = std::exchange(node.backlog, {});
    for (const Arrival& arrival : backlog)
        if (node.is_running()) feed(node, arrival);
    if (node.is_running()) settle(node);
}

void Network::change_address(std::size_t index, const Endpoint& address) {
    Node& node = *nodes_[index];
    by_address_.erase(node.at);
    node.at = address;
    by_address_[address] = index;
    if (!node.is_running()) return;
    const gossip::Interface interface = interface_of(address);
    act(node, node.engine->handle_interfaces({&interface, 1}, now_of(node)));
    settle(node);
}

std::size_t Network::add_node(std::vector<std::size_t> seeds, std::size_t lan) {
    add_node_at(lan, std::move(seeds));
    start(*nodes_.back());
    return nodes_.size() - 1;
}

std::size_t Network::inject(std::size_t index, const Endpoint& from, ByteView datagram) {
    Node& node = *nodes_[index];
    const gossip::Outputs outputs = node.engine->handle_datagram(from, datagram, now_of(node));
    std::size_t answered = 0;
    for (const auto& transmit : outputs.transmits)
        if (transmit.to == from) answered += transmit.datagram.size();
    act(node, outputs);
    settle(node);
    return answered;
}

std::size_t Network::add_clone(std::size_t of, std::vector<std::size_t> seeds, std::size_t lan) {
    add_node_at(lan, std::move(seeds), of);
    start(*nodes_.back());
    return nodes_.size() - 1;
}

void Network::add_node_at(std::size_t lan, std::vector<std::size_t> seeds,
                          std::optional<std::size_t> key_of) {
    const std::size_t index = nodes_.size();
    const std::size_t key = key_of.value_or(index);
    auto node = std::make_unique<Node>();
    node->index = index;
    if (options_.real_crypto)
        node->signer =
            std::make_unique<crypto::Ed25519Signer>(secret_of(options_.seed, "identity", key));
    else
        node->signer = std::make_unique<CheapSigner>(crypto_secret_, key);
    node->id = node->signer->id();
    node->lan = lan;
    node->at = address_of(index, lan, options_.is_ipv6);
    node->seeds = std::move(seeds);
    node->codecs = std::make_unique<wire::CodecRegistry>();
    node->codecs->add(wire::make_flatbuffers_codec());
    if (const auto lie = options_.liars.find(index); lie != options_.liars.end()) {
        node->liar = std::make_unique<Liar>(lie->second, *node->signer, network_.id, *sealer_,
                                            *node->codecs->all().front(), random_.fork());
        node->liar->on_publish = [this, id = node->id](std::string_view topic, ByteView payload) {
            ledger_.disown(ledger_.publish(id, topic, payload, wire::kLifetimeMsMax, now_));
        };
    }
    by_address_[node->at] = index;
    by_id_.try_emplace(node->id, index);
    nodes_.push_back(std::move(node));
}

void Network::start(Node& node) {
    const Now now = now_of(node);
    node.epoch = std::max(node.epoch + 1, now.wall.ms);
    ++node.process;
    ledger_.begin_process(node.index, node.last_stop_was_rollback ? Ledger::Before::rollback
                                      : node.last_stop_was_crash  ? Ledger::Before::crash
                                                                  : Ledger::Before::clean_stop);

    gossip::EngineSetup setup;
    setup.config = options_.config;
    setup.network = network_.clone();
    setup.signer = node.signer.get();
    setup.sealer = node.liar != nullptr ? &node.liar->sealer() : sealer_.get();
    setup.codecs = node.codecs.get();
    setup.self = {node.name(), {}, "hearsay-sim", node.at.port};
    setup.epoch = node.epoch;
    setup.saved = node.saved;
    setup.is_first_start = node.process == 1 || std::exchange(node.has_forgotten, false);
    setup.seed = secret_of(options_.seed, "engine", node.index << 32 | node.process);
    if (options_.shares_records) setup.record_pool = &records_;
    node.engine = std::make_unique<gossip::Engine>(std::move(setup), now);

    const gossip::Interface interface = interface_of(node.at);
    act(node, node.engine->handle_interfaces({&interface, 1}, now));
    settle(node);
    resolve(node);
    if (node.liar != nullptr) lie(node);
}

// Names of seeds are looked up again and again: they may have moved.
void Network::resolve(Node& node) {
    if (node.seeds.empty()) return;
    if (!node.is_paused) {
        for (const std::size_t seed : node.seeds)
            act(node, node.engine->add_candidate(nodes_[seed]->at, gossip::LearntFrom::seed,
                                                 now_of(node)));
        settle(node);
    }
    at(kResolveInterval, [this, &node, process = node.process] {
        if (node.is_running() && node.process == process) resolve(node);
    });
}

void Network::end_process(Node& node, Bytes saved, bool is_crash) {
    if (node.liar == nullptr)
        for (std::size_t i = 0; i < gossip::kCounterCount; ++i)
            ended_[i] += node.engine->counters()[static_cast<gossip::Counter>(i)];
    node.saved_before = std::exchange(node.saved, std::move(saved));
    node.last_stop_was_crash = is_crash;
    node.last_stop_was_rollback = false;
    node.engine.reset();
    node.is_leaving = false;
    node.is_paused = false;
    node.backlog.clear();
    node.tickets.clear();
    node.timer_at.reset();
    ++node.timer_number;
    node.verify_free_at = {};
    node.spins = 0;
}

void Network::connect(std::size_t index, const Endpoint& at) {
    Node& node = *nodes_[index];
    act(node, node.engine->add_candidate(at, gossip::LearntFrom::operator_, now_of(node)));
    settle(node);
}

std::int64_t Network::clock_error_ms(std::size_t index) const {
    const auto shown = static_cast<std::int64_t>(wall_ms(index));
    return shown - static_cast<std::int64_t>(kStartWallMs) - elapsed() / 1ms;
}

void Network::reset_clock(std::size_t index) {
    const std::uint64_t true_ms = kStartWallMs + static_cast<std::uint64_t>(elapsed() / 1ms);
    set_clock_offset(index, -static_cast<std::int64_t>(true_ms));
}

gossip::Snapshot Network::snapshot(std::size_t index) const {
    const Node& node = *nodes_[index];
    return node.engine->snapshot(now_of(node));
}

}  // namespace hearsay::sim
