#pragma once

#include <deque>
#include <memory>
#include <unordered_map>

#include "daemon/gossip/engine.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/ledger.h"
#include "tests/sim/liar.h"
#include "tests/sim/options.h"

namespace hearsay::sim {

// How a process ends.
enum class Stop {
    clean,               // says goodbye and keeps all of its state
    crash_members_kept,  // what save_members() keeps is there afterwards
    crash_state_lost,    // nothing is, but the key and the epoch
    crash_rolled_back,   // what an earlier stop had kept, as after a restored backup
};

// One host: what survives its processes, and the engine of the process that runs.
struct Node {
    std::size_t index = 0;
    std::unique_ptr<crypto::Signer> signer;
    crypto::NodeId id;
    Endpoint at;  // its only address
    std::size_t lan = 0;
    std::vector<std::size_t> seeds;    // nodes whose present addresses it is given at start
    std::int64_t clock_offset_ms = 0;  // its wall clock minus the true one
    std::int64_t clock_drift_ppm = 0;  // gains so many microseconds a second
    std::unique_ptr<Liar> liar;        // null: it is honest
    std::unique_ptr<wire::CodecRegistry> codecs;

    // On disk.
    Bytes saved;
    Bytes saved_before;  // what was there before that
    std::uint64_t epoch = 0;
    bool last_stop_was_crash = false;
    bool last_stop_was_rollback = false;
    bool has_forgotten = false;  // see Network::forget_state

    // The process.
    std::unique_ptr<gossip::Engine> engine;
    std::uint32_t process = 0;  // counts from 1; 0: never started
    bool is_leaving = false;    // a clean stop is under way
    Instant leave_limit{};
    bool is_paused = false;
    std::deque<Arrival> backlog;  // while paused
    std::unordered_map<gossip::PublishTicket, Published> tickets;
    std::optional<Instant> timer_at;
    std::uint64_t timer_number = 0;
    Instant verify_free_at{};
    std::uint32_t spins = 0;  // timeouts in a row without time passing

    bool is_running() const { return engine != nullptr; }
    std::string name() const { return "node" + std::to_string(index); }
};

// The IPv4 or IPv6 address of node `index` in LAN `lan`: 10.LAN.x.y or fd00:LAN::x.
Endpoint address_of(std::size_t index, std::size_t lan, bool is_ipv6);
inline constexpr std::uint32_t kInterfaceIndex = 2;
gossip::Interface interface_of(const Endpoint& at);

}  // namespace hearsay::sim
