#pragma once

#include "daemon/gossip/flood.h"

namespace hearsay::gossip {

// Delivery comes from here; flooding only makes it fast. Neighbours tell each other what they
// hold (Have) and ask for what they miss (Want): messages by ranges of their publisher's stream,
// records by bucket hashes.
//
// What is told: after a link comes up everything; then, every kTellInterval, one random neighbour
// learns which streams changed since it was last told. Nobody acknowledges a Have, so every
// change is told kTellRounds times, the last time once the neighbour has echoed a heartbeat that
// was sent after the time before. A neighbour that is only told of a publisher's messages (Tree)
// learns of each kTellLazily after it came, but not more often than every kTellLazilyPause.
//
// What is asked: only what is missing and was announced by that neighbour, some time after the
// announcement (it may be on its way), from one neighbour at a time, at most kOutstandingMax at
// once from each, again after kWantRetry, elsewhere if another has announced it.
//
// That time is kWantDelay where messages come quickly. Where all is busy they come later, and to
// ask too early is to make it busier: each want whose answer was on its way already doubles the
// time for that stream, up to kWantDelayMax, and each that was needed takes a sixteenth off it.
//
// Bounds, each against a neighbour that lies: kAnnouncedMax announcements remembered per link
// (its own older ones make room, never another's); ranges clamped to the stream window; a want
// unanswered kTriesMax times is dropped; answers to wants are held to kAnswerRate per link.
class Repair {
public:
    static constexpr Duration kTellInterval = std::chrono::milliseconds(250);
    // Records are compared with one random neighbour: while links still come up the directory is
    // moving, and joins that the flood has lost are not to wait.
    static constexpr Duration kRecordsInterval = std::chrono::seconds(2);
    static constexpr Duration kRecordsIntervalYoung = std::chrono::seconds(1);
    static constexpr Duration kYoungFor = std::chrono::seconds(15);  // since a link came up
    static constexpr int kFarApart = 8;  // differing buckets
    static constexpr Duration kWantDelay = std::chrono::milliseconds(20);
    static constexpr Duration kWantDelayMax = std::chrono::seconds(1);
    static constexpr Duration kTellLazily = std::chrono::milliseconds(5);
    static constexpr Duration kTellLazilyPause = std::chrono::milliseconds(20);
    static constexpr Duration kWantRetry = std::chrono::milliseconds(200);
    static constexpr Duration kElsewhereFirst = std::chrono::milliseconds(10);
    static constexpr Duration kWantRetryMax = std::chrono::seconds(1);
    static constexpr Duration kWantPause = std::chrono::milliseconds(5);
    static constexpr std::size_t kAnnouncedMax = 256;
    static constexpr std::size_t kOutstandingMax = 256;
    static constexpr unsigned kTriesMax = 10;
    static constexpr std::uint64_t kRangeSizeMax = 65'536;
    static constexpr double kAnswerRate = 50'000;  // chunks a second and link
    static constexpr double kListRate = 20;        // record listings a second and link

    Repair(Core& core, FloodParts parts, Flood& flood);

    void handle_link_up(Link& link, Instant now);
    void handle_link_down(std::size_t slot);
    void handle_have(Link& from, const wire::Have& have, Now now);
    void handle_want(Link& from, const wire::Want& want, Instant now);
    // A neighbour says what it holds of us. If that is above what we know to have said, we ask to
    // see it: only our own signature moves our epoch, or any neighbour could push it to the end of
    // its range and with that out of the network for good.
    void handle_known_of_us(Link& from, std::uint64_t epoch, std::uint64_t version,
                            Instant now);

    void handle_timeout(Instant now);
    std::optional<Instant> next_deadline() const;

private:
    struct Announced {
        StreamKey key;
        wire::NumberRange range;
        Instant ready_at;
        unsigned tries = 0;          // of its lowest number still missing
        std::uint64_t asked_to = 0;  // the highest asked for
    };
    struct Asked {
        std::size_t slot = 0;
        Instant until;
    };
    using Seq = std::pair<StreamKey, std::uint64_t>;
    struct Peer {
        std::deque<Announced> announced;
        std::deque<std::pair<Instant, Seq>> outstanding;
        std::optional<TokenBucket> answers;
        std::optional<TokenBucket> lists;
        std::optional<Instant> ask_at;
        std::optional<Instant> tell_at;  // of what it is not sent
        Instant told_at{};
    };
    // Of each slot once it has had a link: most never have, and an empty deque takes 600 bytes.
    class Peers {
    public:
        Peer& operator[](std::size_t slot) {
            if (all_[slot] == nullptr) all_[slot] = std::make_unique<Peer>();
            return *all_[slot];
        }

    private:
        std::array<std::unique_ptr<Peer>, kLinksMax> all_;
    };
    // One Want being put together.
    struct Asking {
        std::vector<std::pair<StreamKey, wire::NumberRange>> ranges;
        std::vector<wire::WantedChunks> chunks;
        bool is_full() const;
    };

    std::vector<Link*> links_behind() const;
    void tell_streams(Link& link, Instant now);
    bool tell_round(Link& link, std::size_t round, Instant now);
    void tell_records(Link& link);
    void list_records(Link& to, std::uint64_t buckets);
    void want_records(Link& from, std::span<const crypto::NodeId> members);
    void compare_records(Link& from, const wire::Have& have, Instant now);
    void schedule_lazy_tells(Instant now);
    void judge_want(const Seq& seq, std::size_t slot);
    void note_announced(Peer& peer, const wire::StreamRanges& stream, Instant now);
    void ask(Link& link, Peer& peer, Instant now);
    // What to do with the announcement afterwards.
    bool ask_range(Link& link, Peer& peer, Announced& announced, Asking& asking, Instant now);
    bool ask_one(Link& link, Peer& peer, const Seq& seq, Asking& asking, Instant now);
    void send_want(Link& link, Asking& asking);
    Instant free_at(const Seq& seq, std::size_t slot) const;
    void settle_outstanding(Peer& peer, std::size_t slot, Instant now);
    std::optional<std::uint64_t> next_missing(const Stream* stream, std::uint64_t from) const;
    void answer_stream(Link& to, const wire::StreamRanges& wanted, Instant now);
    bool answer_chunk(Link& to, StoredBatch& batch, std::size_t index, Instant now);

    Core& core_;
    FloodParts parts_;
    Flood& flood_;
    mutable Peers peers_;
    std::map<Seq, Asked> asked_;
    Instant tell_at_{};
    Instant records_at_{};
    Instant young_until_{};
};

}  // namespace hearsay::gossip
