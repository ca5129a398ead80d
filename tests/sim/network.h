#pragma once

#include <functional>
#include <map>
#include <optional>

#include "tests/sim/cheap_crypto.h"
#include "tests/sim/node.h"
#include "tests/sim/record_store.h"

namespace hearsay::sim {

// An event some node told of.
struct Noticed {
    Instant at;
    std::size_t node = 0;
    gossip::Event event;
    // The member it is about runs at this moment and is not paused: calling it failed is wrong
    // unless the wires are cut.
    bool is_about_running = false;
};

struct EndpointHash {
    std::size_t operator()(const Endpoint& at) const {
        return static_cast<std::size_t>(mix_hash(at.port, at.address));
    }
};

struct Traffic {
    std::uint64_t datagrams = 0;
    std::uint64_t bytes = 0;
    std::uint64_t largest = 0;
};

// Real engines and the real codec over a virtual network in virtual time, all from one seed: the
// same options and calls give the same run, event for event (event_hash()). After every event the
// ledger's rules hold, and after every k-th the engine's invariants; a breach throws, naming seed,
// time and node. Nodes are numbered from 0.
class Network {
public:
    explicit Network(Options options);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    // ---- time
    Instant time() const { return now_; }
    Duration elapsed() const { return now_ - kStart; }
    void run_for(Duration duration);
    // Until `is_done`, asked every 10 ms of virtual time, or `limit` has passed: false.
    bool run_until(const std::function<bool()>& is_done, Duration limit);
    void at(Duration from_now, Action action) { queue_.add(now_ + from_now, std::move(action)); }

    // ---- messages
    // Throws when refused. Payloads of one publisher must differ.
    Published publish(std::size_t node, std::string_view topic, ByteView payload,
                      const gossip::PublishOptions& options = {});
    Published publish(std::size_t node, std::string_view payload) {
        return publish(node, "test", bytes_of(payload));
    }
    Result<Published, gossip::PublishError> try_publish(std::size_t node, std::string_view topic,
                                                        ByteView payload,
                                                        const gossip::PublishOptions& options);
    const Ledger& ledger() const { return ledger_; }
    // Nobody need hear of it.
    void disown(Published message) { ledger_.disown(message); }
    std::size_t nodes_reached(Published message) const { return ledger_.nodes_reached(message); }
    std::size_t deliveries_max_per_node(Published message) const {
        return ledger_.deliveries_max_per_node(message);
    }
    // Every honest running node has delivered it, in this or an earlier process.
    bool is_complete(Published message) const;
    bool all_complete() const;

    // ---- faults
    Fabric& fabric() { return fabric_; }
    const Fabric& fabric() const { return fabric_; }
    Faults& faults() { return fabric_.faults; }
    void partition(const std::vector<std::vector<std::size_t>>& groups);
    void heal() { fabric_.heal(); }
    // A clean stop takes some round trips: wait for !is_running().
    void kill(std::size_t node, Stop stop = Stop::crash_members_kept);
    void stop_and_wait(std::size_t node);
    void restart(std::size_t node);
    // A planted bug: the stopped node starts as if it had never run.
    void forget_state(std::size_t node);
    void pause(std::size_t node) { nodes_[node]->is_paused = true; }
    void resume(std::size_t node);
    void set_clock_offset(std::size_t node, std::int64_t ms) { nodes_[node]->clock_offset_ms = ms; }
    void set_clock_drift(std::size_t node, std::int64_t ppm) {
        nodes_[node]->clock_drift_ppm = ppm;
    }
    // To the first of January 1970, as a host without a battery starts.
    void reset_clock(std::size_t node);
    void change_address(std::size_t node, const Endpoint& at);
    // A host that was not there before; starts now.
    std::size_t add_node(std::vector<std::size_t> seeds, std::size_t lan = 0);
    // The same with the key of another node, as when a disk was copied. by_id_ keeps the original.
    std::size_t add_clone(std::size_t of, std::vector<std::size_t> seeds, std::size_t lan = 0);
    // Of a stopped node: the epoch it had stored is lost, as by a restored backup of its disk.
    void forget_epoch(std::size_t node) { nodes_[node]->epoch = 0; }
    // Names a place to a node, as an operator does.
    void connect(std::size_t node, const Endpoint& at);
    // Feeds a datagram as if it had just arrived, and returns what the engine sent at once.
    std::size_t inject(std::size_t node, const Endpoint& from, ByteView datagram);

    // ---- looking
    std::size_t size() const { return nodes_.size(); }
    bool is_honest(std::size_t node) const { return nodes_[node]->liar == nullptr; }
    Liar* liar(std::size_t node) { return nodes_[node]->liar.get(); }
    std::size_t running_count() const;
    std::vector<std::size_t> running() const;
    bool is_running(std::size_t node) const { return nodes_[node]->is_running(); }
    const Node& node(std::size_t node) const { return *nodes_[node]; }
    gossip::Engine& engine(std::size_t node) { return *nodes_[node]->engine; }
    gossip::Snapshot snapshot(std::size_t node) const;
    std::optional<gossip::MemberState> state_of(std::size_t about, std::size_t seen_by) const;
    // Every running node lists every running one as alive, and no other as alive or suspect;
    // what liars list and are listed as does not matter.
    bool members_agree() const;
    // The running nodes `node` is linked with.
    std::vector<std::size_t> neighbours(std::size_t node) const;
    // By their links every running node reaches every other.
    bool is_connected() const;
    const std::vector<Noticed>& noticed() const { return noticed_; }
    // When `node` last told of this about `about`, not before `since`.
    std::optional<Instant> time_noticed(std::size_t node, gossip::EventKind kind, std::size_t about,
                                        Instant since) const;
    // member_failed told of a running node since `since`.
    std::size_t false_failures(Instant since) const;
    // Keeps a long run's memory from growing.
    void forget_noticed() { noticed_.clear(); }
    std::uint64_t counter_sum(gossip::Counter counter) const;
    // Of all processes there have been, honest ones.
    std::uint64_t counter_total(gossip::Counter counter) const;
    const Traffic& traffic() const { return traffic_; }
    std::uint64_t event_hash() const { return event_hash_; }
    crypto::Random& random() { return random_; }
    const crypto::Network& secrets() const { return network_; }
    std::uint64_t wall_ms(std::size_t node) const { return now_of(*nodes_[node]).wall.ms; }
    // How far the node's clock is off.
    std::int64_t clock_error_ms(std::size_t node) const;
    // Called with each datagram that reaches a running node; true keeps it from the engine.
    std::function<bool(std::size_t node, const Arrival&)> intercept;
    // Asked for the verdict on each signature; nullopt: the real one. A planted bug.
    std::function<std::optional<bool>(std::size_t node, const gossip::VerifyJob&)> judge;

private:
    static constexpr Instant kStart{std::chrono::hours(1)};
    static constexpr std::uint64_t kStartWallMs = 1'700'000'000'000;

    void add_node_at(std::size_t lan, std::vector<std::size_t> seeds,
                     std::optional<std::size_t> key_of = std::nullopt);
    void start(Node& node);
    void resolve(Node& node);
    void end_process(Node& node, Bytes saved, bool is_crash);
    Now now_of(const Node& node) const;
    void step();
    void handle(const Arrival& arrival);
    void handle(const Timer& timer);
    void handle(const Verdict& verdict);
    void feed(Node& node, const Arrival& arrival);
    void act(Node& node, gossip::Outputs outputs);
    void lie(Node& node);
    void send(const Node& node, const gossip::Transmit& transmit);
    void send_to(const Node& from, const Node& to, ByteView datagram);
    void verify(Node& node, const gossip::VerifyJob& job);
    void settle(Node& node);
    void set_timer(Node& node);
    bool agrees(const Node& node) const;
    bool is_healthy(const crypto::NodeId& id) const;
    void note(std::uint64_t what, std::size_t node, ByteView bytes);
    [[noreturn]] void breach(const Node& node, const std::string& what) const;

    Options options_;
    crypto::Random random_;
    std::uint64_t crypto_secret_;
    crypto::Network network_;
    std::unique_ptr<crypto::Verifier> verifier_;
    std::unique_ptr<crypto::Sealer> sealer_;
    RecordStore records_;
    Fabric fabric_;
    EventQueue queue_;
    Instant now_ = kStart;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::unordered_map<Endpoint, std::size_t, EndpointHash> by_address_;
    std::map<crypto::NodeId, std::size_t> by_id_;
    Ledger ledger_;
    std::vector<Noticed> noticed_;
    Traffic traffic_;
    std::array<std::uint64_t, gossip::kCounterCount> ended_{};  // counters of ended processes
    std::uint64_t lies_published_ = 0;
    std::uint64_t event_hash_ = 0;
    std::uint64_t events_ = 0;
    std::vector<Carried> carried_;
};

}  // namespace hearsay::sim
