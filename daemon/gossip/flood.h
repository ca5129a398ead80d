#pragma once

#include <deque>
#include <map>

#include "daemon/gossip/backpressure.h"
#include "daemon/gossip/batch_builder.h"
#include "daemon/gossip/dedup_cache.h"
#include "daemon/gossip/membership.h"
#include "daemon/gossip/pending_batches.h"
#include "daemon/gossip/streams.h"
#include "daemon/gossip/verify_desk.h"

namespace hearsay::gossip {

// The parts a batch passes through; the engine owns them.
struct FloodParts {
    Links& links;
    ChunkStore& store;
    Streams& streams;
    Records& records;
    Membership& membership;
    VerifyDesk& desk;
    Tree& tree;
    Backpressure& backpressure;
};

// Of a chunk that said `hops` when it came: it has crossed one link more.
constexpr std::uint8_t hops_after(std::uint8_t hops) {
    return hops == 255 ? hops : static_cast<std::uint8_t>(hops + 1);
}

// Signed batches, from a link or a local publisher to everybody: each is checked once, delivered
// once, and relayed to every neighbour not known to hold it.
//
// Checks run cheapest first, and memory comes last; no step leaves a trace in a table of a later
// one (handle_chunk is the order):
//   counts and sizes agree -> lifetime window -> settled or held already -> same header already
//   being checked -> link's and publisher's rate -> hash -> parking space -> verify budget
//   -> Ed25519 -> dedup, stream, store -> deliver when whole, relay
// Copies come over every link, so only what is new is charged to a rate.
class Flood {
public:
    // A record stays in the chunk store only while it spreads; its home is the record table.
    static constexpr Duration kRecordRelayTime = std::chrono::seconds(10);

    // After a mass failure the network is in pieces just when most is accused. Whoever links again
    // is told the accusations of the last seconds, the newest if there are more; nothing else
    // would tell it, as accusations are no state that record repair compares.
    static constexpr Duration kAccusationsToldFor = std::chrono::seconds(5);
    static constexpr std::size_t kAccusationsMax = 1024;

    // Of one publisher. A correct one accuses its neighbours at once and ten members a second in a
    // sweep, and refutes five times a second; every record goes over every link.
    static constexpr double kRecordRate = 20;
    static constexpr double kRecordBurst = 100;

    Flood(Core& core, FloodParts parts);

    void handle_link_up(Link& link, Instant now);
    void handle_chunk(Link& from, const wire::Chunk& chunk, Now now);
    void handle_verdict(std::uint64_t pending, bool is_valid, Now now);
    // The verdict never came. That is nobody's fault: the batch may come again.
    void forget_check(std::uint64_t pending);

    // Signs the messages as one batch, stores it, delivers it here and relays it. Returns the id of
    // the first. The arguments have been checked by the engine.
    MessageId publish(std::string_view topic, std::span<const ByteView> payloads,
                      std::uint32_t lifetime_ms, Now created, Now now);
    void publish_record(const Publication& publication, Now now);
    // Sends a record to one neighbour that lacks it.
    void send_record(Link& to, const Record& record, Instant now);

    // Links that are only told of messages and have not been told of all; none afterwards.
    LinkMask take_untold() { return std::exchange(untold_, 0); }
    bool has_untold() const { return untold_ != 0; }

    // Whether this seq is neither settled nor whole nor being checked: worth asking for.
    bool is_missing(const StreamKey& key, std::uint64_t seq) const;

    void handle_timeout(Instant now);
    std::optional<Instant> next_deadline() const;

    // A new epoch counts from one again.
    void start_own_stream() { own_seq_ = 0; }
    // Messages created up to then (Unix time) may have been delivered before a crash.
    void expect_repeats(std::uint64_t until_ms) { repeats_until_ms_ = until_ms; }
    // The same of a crash before this start. Our clock may have been behind then, as of a host
    // that starts in 1970: when it is put right, that time moves with it.
    void expect_repeats(std::uint64_t until_ms, Now start) {
        repeats_until_ms_ = until_ms;
        started_after_crash_ = start;
    }
    std::uint64_t repeats_until_ms() const { return repeats_until_ms_; }
    const DedupCache& dedup() const { return dedup_; }
    void configure();
    void check_invariants() const;

private:
    enum class Gate { pass, refused };

    Gate check_rates(const Link& from, const wire::BatchHeader& header, Instant now);
    Gate check_lifetime(const wire::BatchHeader& header, WallTime now);
    Gate check_known(Link& from, const wire::Chunk& chunk, Now now);
    Gate check_message(Link& from, const wire::Chunk& chunk, Now now);
    Gate check_record(Link& from, const wire::Chunk& chunk);
    void start_check(Link& from, const wire::Chunk& chunk, Now now);
    void handle_known_chunk(Link& from, StoredBatch& batch, const wire::Chunk& chunk, Now now);

    void accept(PendingBatch& pending, Now now);
    void accept_record(PendingBatch& pending, Now now);
    void accept_message(PendingBatch& pending, Now now);
    void store_chunks(StoredBatch& batch, PendingBatch& pending, Now now);
    void relay(StoredBatch& batch, std::uint16_t index, Instant now);
    void note_arrivals(const PendingBatch& pending, Instant now);
    void note_accusation(const StoredBatch& batch);
    void settle(StoredBatch& batch, Now now);
    void follow_clock(Now now);
    void deliver(const StoredBatch& batch);
    void note_removed(const std::vector<RemovedBatch>& removed);
    void note_equivocation(const crypto::NodeId& publisher, std::uint64_t seq);
    StoredBatch& sign_and_store(const wire::BatchHeader& header, const BuiltBatch& built,
                                Instant deadline);
    std::uint64_t next_own_seq();
    TokenBucket& bucket_of(const wire::BatchHeader& header);
    void forget_full_shares(Instant now);

    struct PublisherShare {
        TokenBucket messages;
        TokenBucket records;
    };
    struct Accusation {
        ChunkRef chunk;
        Instant since;
    };

    Core& core_;
    FloodParts parts_;
    std::deque<Accusation> accusations_;  // oldest first; some may have left the store
    PendingBatches pending_;
    DedupCache dedup_;
    std::map<crypto::NodeId, PublisherShare> publisher_shares_;
    Instant shares_forgotten_at_{};
    TokenBucket stranger_bucket_;
    TokenBucket equivocation_bucket_;
    std::array<std::optional<TokenBucket>, kLinksMax> link_buckets_;
    LinkMask untold_ = 0;
    std::uint64_t own_seq_ = 0;
    std::uint64_t dedup_evicted_ = 0;
    std::uint64_t repeats_until_ms_ = 0;
    std::optional<Now> started_after_crash_;  // by the clock that repeats_until_ms_ goes by
    std::vector<RemovedBatch> removed_;  // scratch, as are:
    std::vector<ByteView> payloads_;
    Bytes body_;
    Bytes signed_bytes_;
};

}  // namespace hearsay::gossip
