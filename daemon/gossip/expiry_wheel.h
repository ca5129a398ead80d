#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "crypto/ids.h"

namespace hearsay::gossip {

// The entries of a hashed table by the second in which they go: a timing wheel (Varghese, Lauck
// 1987, scheme 4). It also keeps their uids, because here they lie in the order they came and
// are dense, while the table scatters what it holds and leaves a part of it empty.
//
// An entry is due at the first whole second at or after its expires_at: never early, at most
// kTick late. All operations but renumber(), for_each() and check_invariants() take constant
// time, next_deadline() included.
//
// Bounds: 33 KiB, and one 128-byte block for every 6 entries and for every second in use.
class ExpiryWheel {
public:
    static constexpr Duration kTick = std::chrono::seconds(1);
    static constexpr std::size_t kTicks = 8192;
    // Longer than anything may live: the longest lifetime, 1 h, and twice the accepted clock skew
    // of 5 min make 70 min.
    static constexpr Duration kHorizon = (kTicks - 1) * kTick;

    static constexpr std::size_t kBlock = 6;

    struct Entry {
        crypto::Uid uid;
        std::uint32_t slot;  // in the table
    };

    ExpiryWheel();

    // Moves to `now` and returns the slot of one entry due by then, no longer held; nullopt when
    // none is left. Call until then. An earlier `now` than before counts as that.
    std::optional<std::uint32_t> take_due(Instant now);
    // The slot added last of the earliest second. Precondition: size() > 0.
    std::uint32_t take_earliest();
    std::uint32_t peek_earliest() const;
    // An `expires_at` that has passed counts as the next second, one beyond kHorizon as that.
    void add(const Entry& entry, Instant expires_at);

    std::optional<Instant> next_deadline() const;
    std::size_t size() const { return size_; }
    std::size_t memory() const;

    // When the table moves its entries: `place` sets their slots, a few at a time.
    void renumber(const std::function<void(std::span<Entry>)>& place);
    // The earliest first; `at` is when the entry is due.
    void for_each(const std::function<void(const Entry&, Instant at)>& visit) const;
    void check_invariants() const;

private:
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    struct Block {
        std::uint32_t next = kNone;
        std::uint32_t count = 0;
        std::array<Entry, kBlock> entries{};
    };
    static_assert(sizeof(Block) == 128);

    static std::size_t position_of(std::int64_t tick);
    std::uint32_t new_block(std::uint32_t next);
    std::optional<std::int64_t> earliest() const;
    std::uint32_t take_from(std::int64_t tick);

    // Every held tick is in (now_, now_ + kTicks): its position on the ring names it.
    std::int64_t now_;
    std::size_t size_ = 0;
    std::vector<std::uint32_t> heads_;                 // one for each tick: its newest block
    std::array<std::uint64_t, kTicks / 64> in_use_{};  // one bit for each tick
    std::deque<Block> blocks_;                         // grows without copying
    std::uint32_t free_ = kNone;
};

}  // namespace hearsay::gossip
