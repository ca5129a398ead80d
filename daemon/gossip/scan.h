#pragma once

#include "daemon/gossip/beacons.h"
#include "daemon/gossip/overlay.h"

namespace hearsay::gossip {

// Finding members by trying the addresses that an operator has named, where no beacon and no seed
// leads to anybody ([discovery] scan).
//
// One pass a little after the start, and when the ranges change; then again, after pauses that
// grow, only while this node has no link. A pass sends one HELLO to each address, at the port of
// this host, in an order that is drawn anew each time: not to our own addresses and not to
// linked ones. What answers becomes a candidate. Nothing is kept for an address that does not.
//
// Bounds: kRate HELLOs a second, kPerTurn at once; memory does not grow with the ranges.
class Scan {
public:
    static constexpr std::uint32_t kPerTurn = 8;
    static constexpr Duration kTurn = std::chrono::milliseconds(125);
    static constexpr double kRate = 64;  // kPerTurn each kTurn
    // Beacons, seeds and remembered members come first: they often make the pass short.
    static constexpr Duration kStartPause = std::chrono::seconds(2);
    static constexpr Duration kPauseFirst = std::chrono::seconds(10);
    static constexpr Duration kPauseMax = std::chrono::minutes(10);

    Scan(Core& core, Links& links, Handshakes& handshakes, Overlay& overlay,
         const Beacons& beacons, Instant now);

    // A place that answered a HELLO of ours; what we never asked is ignored.
    void handle_answer(const Endpoint& from, Instant now);
    void handle_timeout(Instant now);
    std::optional<Instant> next_deadline() const;
    ScanSnapshot snapshot(Instant now) const;

private:
    bool has_changed() const { return ranges_ != core_.config.discovery.scan; }
    bool is_running() const { return tried_ < total_; }
    // What the ranges hold has been asked, and somebody is there.
    bool is_content() const { return passes_ > 0 && !is_running() && links_.size() > 0; }
    void take_ranges(Instant now);
    void begin_pass();
    void try_some(Instant now);
    void end_pass(Instant now);
    Endpoint place(std::uint64_t number) const;

    Core& core_;
    Links& links_;
    Handshakes& handshakes_;
    Overlay& overlay_;
    const Beacons& beacons_;

    std::vector<config::AddressRange> ranges_;
    std::uint64_t total_ = 0;     // addresses of all ranges
    std::uint64_t tried_ = 0;     // of the pass under way
    std::uint64_t answered_ = 0;  // in the pass under way or the last
    std::uint32_t passes_ = 0;    // finished
    std::uint64_t step_ = 1;      // number n of a pass is address (first_ + n * step_) % total_
    std::uint64_t first_ = 0;
    Duration pause_{};
    Instant next_at_;
};

}  // namespace hearsay::gossip
