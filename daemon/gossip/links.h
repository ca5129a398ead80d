#pragma once

#include <bit>
#include <map>

#include "daemon/gossip/link.h"

namespace hearsay::gossip {

struct ClosedLink {
    std::size_t slot = 0;
    crypto::NodeId id;
    Endpoint at;
    std::string why;
    bool is_silent = false;   // it went quiet: worth an accusation
};

// Why the neighbour closed the link, for people.
std::string_view explain(wire::CloseReason reason);

// The neighbours, at most kLinksMax, each in a slot of its own. Iteration is by slot, so it is
// the same in every replay.
class Links {
public:
    static constexpr std::size_t kClosingMax = 256;
    static constexpr Duration kClosingTime = std::chrono::seconds(3);
    // A neighbour that was asleep for so long learns at once that its links are gone.
    static constexpr Duration kSilentTime = std::chrono::seconds(75);
    static constexpr Duration kClosingPause = std::chrono::milliseconds(100);

    Links(Core& core, ChunkStore& store);

    // Opens a link or adds a session to one. nullptr when the table is full (counted) or the
    // session number is taken. `is_new` tells whether the peer was unknown or has restarted.
    Link* establish(Established established, Instant now, bool& is_new);

    Link* find(const crypto::NodeId& id) const;
    Link* find(wire::SessionId session) const;
    Link* at(std::size_t slot) const { return slots_[slot].get(); }
    bool is_linked_at(const Endpoint& at) const;
    std::size_t size() const { return by_id_.size(); }
    std::size_t chosen_count() const;
    bool is_full() const { return size() >= core_.config.limits.links; }

    template <typename Visit>
    void for_each(Visit visit) {
        for (LinkMask rest = used_; rest != 0; rest &= rest - 1)
            if (Link* link = lowest_of(rest)) visit(*link);
    }
    template <typename Visit>
    void for_each(Visit visit) const {
        for (LinkMask rest = used_; rest != 0; rest &= rest - 1)
            if (const Link* link = lowest_of(rest)) visit(*link);
    }
    Link* random();

    // Tells the neighbour why, then forgets it.
    void close(Link& link, const wire::Close& close, std::string why, Now now);
    void close(Link& link, wire::CloseReason reason, std::string why, Now now) {
        close(link, wire::Close{reason, {}}, std::move(why), now);
    }
    // Somebody still talks in a session we have closed, or given up as silent: the Close was lost
    // or never sent, and silence would look like death.
    void answer_closed(wire::SessionId session, Now now);
    // Without a word: it has closed itself, or the session is of no use.
    void drop(Link& link, std::string why);
    std::vector<ClosedLink> take_closed() { return std::exchange(closed_, {}); }

    // Timers of all links; the dead are dropped.
    void handle_timeout(Now now);
    void flush(Now now);
    void forgive(Instant now);
    std::optional<Instant> next_deadline() const;
    // Median over the links of their clock minus ours.
    std::optional<std::int64_t> clock_offset_ms() const;

private:
    bool hears_others(const Link& silent, Instant now);
    void forget(Link& link, std::string why, bool is_silent);
    void keep_closing(Link& link, wire::CloseReason reason, Instant until, Instant answer_at);
    // Null when that link has gone since the mask was copied.
    Link* lowest_of(LinkMask slots) const {
        return slots_[static_cast<std::size_t>(std::countr_zero(slots))].get();
    }

    Core& core_;
    ChunkStore& store_;
    std::array<std::unique_ptr<Link>, kLinksMax> slots_;
    LinkMask used_ = 0;  // slots with a link: most of the 64 are empty
    std::map<crypto::NodeId, std::size_t> by_id_;
    std::unordered_map<wire::SessionId, std::size_t> by_session_;  // numbers of our own choosing
    std::vector<ClosedLink> closed_;
    struct Closing {
        std::unique_ptr<Link> link;
        wire::CloseReason reason{};
        Instant until;
        Instant answer_at;
    };
    std::map<wire::SessionId, Closing> closing_;  // at most kClosingMax
    Instant deaf_until_;
    ChunkEncodings encodings_;
    std::size_t flush_from_ = 0;  // whose turn it is when the outbox was full
};

}  // namespace hearsay::gossip
