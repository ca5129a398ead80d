#include "daemon/gossip/expiry_wheel.h"

#include <algorithm>
#include <bit>

#include "base/insist.h"

namespace hearsay::gossip {
namespace {

constexpr std::size_t kMask = ExpiryWheel::kTicks - 1;
static_assert(std::has_single_bit(ExpiryWheel::kTicks));
static_assert(ExpiryWheel::kTick == std::chrono::seconds(1));

std::int64_t tick_passed_by(Instant at) {
    return std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
}

std::int64_t tick_not_before(Instant at) {
    return std::chrono::ceil<std::chrono::seconds>(at.time_since_epoch()).count();
}

Instant start_of(std::int64_t tick) {
    return Instant(std::chrono::seconds(std::min(tick, tick_passed_by(Instant::max()))));
}

}  // namespace

ExpiryWheel::ExpiryWheel() : now_(tick_passed_by(Instant::min())), heads_(kTicks, kNone) {}

std::optional<std::uint32_t> ExpiryWheel::take_due(Instant now) {
    const std::int64_t target = tick_passed_by(now);
    if (target <= now_) return std::nullopt;
    const std::optional<std::int64_t> tick = earliest();
    if (!tick || *tick > target) {
        now_ = target;
        return std::nullopt;
    }
    now_ = *tick - 1;
    return take_from(*tick);
}

std::uint32_t ExpiryWheel::take_earliest() {
    const std::optional<std::int64_t> tick = earliest();
    INSIST(tick);
    return take_from(*tick);
}

std::uint32_t ExpiryWheel::peek_earliest() const {
    const std::optional<std::int64_t> tick = earliest();
    INSIST(tick);
    const Block& block = blocks_[heads_[position_of(*tick)]];
    return block.entries[block.count - 1].slot;
}

void ExpiryWheel::add(const Entry& entry, Instant expires_at) {
    const std::int64_t last = now_ + static_cast<std::int64_t>(kTicks) - 1;
    const std::int64_t tick = std::clamp(tick_not_before(expires_at), now_ + 1, last);
    const std::size_t position = position_of(tick);
    std::uint32_t& head = heads_[position];
    if (head == kNone || blocks_[head].count == Block{}.entries.size()) head = new_block(head);
    in_use_[position / 64] |= std::uint64_t{1} << (position % 64);
    Block& block = blocks_[head];
    block.entries[block.count++] = entry;
    ++size_;
}

std::optional<Instant> ExpiryWheel::next_deadline() const {
    const std::optional<std::int64_t> tick = earliest();
    if (!tick) return std::nullopt;
    return start_of(*tick);
}

std::size_t ExpiryWheel::memory() const {
    return heads_.capacity() * sizeof(heads_[0]) + blocks_.size() * sizeof(Block);
}

void ExpiryWheel::renumber(const std::function<void(std::span<Entry>)>& place) {
    for (Block& block : blocks_) place(std::span(block.entries).first(block.count));
}

void ExpiryWheel::for_each(const std::function<void(const Entry&, Instant at)>& visit) const {
    const std::int64_t end = now_ + static_cast<std::int64_t>(kTicks);
    for (std::int64_t tick = now_ + 1; tick < end; ++tick)
        for (std::uint32_t at = heads_[position_of(tick)]; at != kNone; at = blocks_[at].next)
            for (std::size_t i = 0; i < blocks_[at].count; ++i)
                visit(blocks_[at].entries[i], start_of(tick));
}

std::size_t ExpiryWheel::position_of(std::int64_t tick) {
    return static_cast<std::size_t>(tick) & kMask;
}

std::uint32_t ExpiryWheel::new_block(std::uint32_t next) {
    std::uint32_t index = free_;
    if (index == kNone) {
        index = static_cast<std::uint32_t>(blocks_.size());
        blocks_.emplace_back();
    } else {
        free_ = blocks_[index].next;
    }
    blocks_[index].next = next;
    blocks_[index].count = 0;
    return index;
}

std::optional<std::int64_t> ExpiryWheel::earliest() const {
    if (size_ == 0) return std::nullopt;
    const std::size_t start = position_of(now_ + 1);
    std::size_t word = start / 64;
    std::uint64_t bits = in_use_[word] & (~std::uint64_t{0} << (start % 64));
    while (bits == 0) {
        word = (word + 1) % in_use_.size();
        bits = in_use_[word];
    }
    const std::size_t position = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    return now_ + 1 + static_cast<std::int64_t>((position - start) & kMask);
}

std::uint32_t ExpiryWheel::take_from(std::int64_t tick) {
    const std::size_t position = position_of(tick);
    std::uint32_t& head = heads_[position];
    Block& block = blocks_[head];
    const std::uint32_t slot = block.entries[--block.count].slot;
    --size_;
    if (block.count == 0) {
        const std::uint32_t emptied = head;
        head = block.next;
        block.next = free_;
        free_ = emptied;
        if (head == kNone) in_use_[position / 64] &= ~(std::uint64_t{1} << (position % 64));
    }
    return slot;
}

void ExpiryWheel::check_invariants() const {
    std::size_t entries = 0;
    std::size_t blocks = 0;
    for (std::size_t position = 0; position < kTicks; ++position) {
        const bool is_in_use = (in_use_[position / 64] >> (position % 64) & 1) != 0;
        INSIST(is_in_use == (heads_[position] != kNone));
        for (std::uint32_t at = heads_[position]; at != kNone; at = blocks_[at].next) {
            INSIST(blocks_[at].count > 0);
            entries += blocks_[at].count;
            ++blocks;
        }
    }
    // The position of now_ itself lies a full turn ahead: nothing may be there.
    INSIST(heads_[position_of(now_)] == kNone);
    INSIST(entries == size_);
    for (std::uint32_t at = free_; at != kNone; at = blocks_[at].next) ++blocks;
    INSIST(blocks == blocks_.size());
}

}  // namespace hearsay::gossip
