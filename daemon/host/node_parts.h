#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "crypto/ed25519.h"
#include "crypto/random.h"
#include "crypto/session.h"
#include "daemon/host/interfaces.h"
#include "daemon/host/lag_meter.h"
#include "daemon/host/log.h"
#include "daemon/host/node.h"
#include "daemon/host/seeds.h"
#include "daemon/host/sockets.h"
#include "daemon/host/state_folder.h"
#include "daemon/host/verify_pool.h"

// What node*.cc share; nobody else includes it.
namespace hearsay::host {

// The life of a Node, by file:
//     node.cc            construction and the public face
//     node_turn.cc       one turn: inputs into the engine, its outputs into the world
//     node_life.cc       the engine's start, leaving and stop; what is saved
//     node_network.cc    networks and tokens
//     node_discovery.cc  interfaces, seeds, connect
//     node_members.cc    tags, probes, names that are shared
//     node_events.cc     what the engine tells, as log lines
//     node_status.cc     status, health, snapshot
//     node_doctor.cc     what `hearsay doctor` judges by
//     node_reload.cc     SIGHUP
struct Node::Parts {
    Parts(Node& owner, Loop& the_loop, const config::Config& initial, std::string file);

    // ---- node_turn.cc
    void handle_datagram(const Endpoint& from, ByteView datagram);
    void handle_verdicts(std::span<const Verdict> verdicts);
    void handle_due();
    void act(const gossip::Outputs& outputs);
    // The engine has something to do: the end of this turn will see to it.
    void touch() { is_dirty = true; }
    void end_turn();
    void run_engine();
    bool run_round();
    void arm_timer();

    // ---- node_life.cc
    void start_engine();
    void begin_leaving(bool is_for_good);
    void finish_leaving();
    void save_members();
    void keep_house();

    // ---- node_network.cc
    std::optional<NodeError> enter(crypto::Network entered);

    // ---- node_discovery.cc
    void read_interfaces();
    std::vector<gossip::Interface> served_interfaces() const;
    void set_seeds(bool tell_all);
    void add_candidate(const Endpoint& at, gossip::LearntFrom source);
    bool is_own(const Endpoint& at) const;
    bool is_linked_at(const std::vector<Endpoint>& addresses) const;

    // ---- node_members.cc
    void note_names();
    void tell_shared_names();

    // ---- node_events.cc
    void handle_event(const gossip::Event& event);
    std::string label_of(const crypto::NodeId& member) const;

    // ---- node_status.cc
    std::vector<std::string> health() const;
    bool has_duplicate_lately(Instant now) const;

    Node& node;
    Loop& loop;
    config::Config config;
    std::string config_file;
    Log log;
    StateFolder state;
    crypto::Random random;
    crypto::Ed25519Signer signer;
    crypto::Ed25519Verifier verifier;
    crypto::ChaChaSealer sealer;
    wire::CodecRegistry codecs;

    Sockets sockets;
    std::vector<gossip::Interface> interfaces;
    InterfaceWatch interface_watch;
    Seeds seeds;
    std::vector<config::HostPort> joined_seeds;  // given with `network join --seed`
    Resolver connects;

    std::vector<config::Tag> tags;     // as they are; config has those of the file
    std::set<std::string> names_told;  // to be shared by several members

    std::optional<crypto::Network> network;
    // Together: verdicts still under way belong to the engine whose tickets they carry.
    std::unique_ptr<gossip::Engine> engine;
    std::unique_ptr<VerifyPool> pool;
    std::vector<gossip::VerifyJob> jobs;  // collected in this turn

    enum class Leaving { no, network, for_good };
    Leaving leaving = Leaving::no;
    bool is_acting = false;
    bool is_dirty = false;
    bool was_busy = false;       // a publish was refused with busy since the last on_room
    bool may_have_room = false;  // the engine has done something since
    bool are_members_dirty = false;

    // For what is posted to the loop and may come after this has gone.
    const std::shared_ptr<const bool> alive = std::make_shared<const bool>(true);
    const Instant started = Loop::now();
    const WallTime started_wall = Loop::wall();
    Instant alone_since = started;
    Instant members_saved{};
    Instant drops_seen{};
    std::uint64_t drops_before = 0;  // a minute ago or at the last look
    std::uint64_t drops_known = 0;
    bool has_duplicate = false;            // of our identity
    std::optional<Endpoint> duplicate_at;  // where, when that is known
    Instant duplicate_seen{};
    LagMeter lag;
    std::optional<Instant> next_due;  // the engine's, as the last round found it
    Instant armed_for{};

    TurnEnd turn_end;
    Timer engine_timer;
    Timer house_timer;
    Timer leave_timer;
    Timer names_timer;
};

// [node] name, or the host's own, as config::is_valid_node_name wants it.
std::string node_name(const config::Config& config);
// What this program calls itself to others.
std::string software_name();

}  // namespace hearsay::host
