#pragma once

#include <map>
#include <set>

#include "daemon/gossip/core.h"
#include "daemon/gossip/range_set.h"
#include "daemon/gossip/stream_window.h"

namespace hearsay::gossip {

struct StreamKey {
    crypto::NodeId publisher;
    std::uint64_t epoch = 0;
    auto operator<=>(const StreamKey&) const = default;
};

// Everything known of one publisher's run: each sequence number is settled, stored or missing.
struct Stream {
    StreamKey key;
    StreamWindow settled{};                       // delivered, refused, expired, given up
    std::map<std::uint64_t, std::uint32_t> slots; // seq -> slot in the chunk store
    RangeSet whole;                               // seqs whose batch is stored and whole
    std::uint64_t top = 0;                        // highest seq seen verified
    std::uint64_t changed = 0;                    // when `whole` last grew, in Streams' counting
    Duration want_delay{};                        // Repair's: how long what is on its way may take
    Instant forget_at;                            // nothing it carried can be alive after this
};

// All streams, at most `count_max`. A full table lets the one go that was silent longest: its
// late copies could be delivered again, so the counter streams_evicted is worth a look.
//
// Streams are also listed in the order they changed, which is what a neighbour still has to be
// told: "everything after change 4711".
class Streams {
public:
    Streams(Core& core, std::size_t count_max);

    Stream* find(const StreamKey& key);
    // Makes it if need be.
    Stream& get(const StreamKey& key, Instant now);
    void touch(Stream& stream, Instant now);

    void note_stored(Stream& stream, std::uint64_t seq, std::uint32_t slot);
    void note_whole(Stream& stream, std::uint64_t seq);
    void note_removed(const StreamKey& key, std::uint64_t seq);

    std::uint64_t newest_change() const { return change_count_; }
    // The first stream changed after `change`; nullptr when there is none.
    Stream* changed_after(std::uint64_t change);

    void expire(Instant now);
    std::optional<Instant> next_deadline() const;
    std::size_t size() const { return streams_.size(); }
    const std::map<StreamKey, Stream>& all() const { return streams_; }
    void check_invariants() const;

private:
    void erase(std::map<StreamKey, Stream>::iterator at);

    Core& core_;
    std::size_t count_max_;
    std::map<StreamKey, Stream> streams_;
    std::map<std::uint64_t, StreamKey> by_change_;
    std::set<std::pair<Instant, StreamKey>> by_age_;
    std::uint64_t change_count_ = 0;
};

}  // namespace hearsay::gossip
