#include "daemon/gossip/stream_window.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "base/insist.h"

namespace hearsay::gossip {
namespace {

constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kWordsKept = 8;  // 64 bytes

std::uint64_t add_saturating(std::uint64_t a, std::uint64_t b) {
    return b > kLast - a ? kLast : a + b;
}

}  // namespace

StreamWindow::StreamWindow(std::uint64_t width_max) : width_max_(width_max) {
    INSIST(width_max > 0);
    INSIST(width_max <= std::uint64_t{1} << 32);
}

bool StreamWindow::is_settled(std::uint64_t seq) const {
    if (seq <= floor_) return true;
    if (seq - floor_ > ring_bits()) return false;
    return (bits_[(seq / 64) & (bits_.size() - 1)] >> (seq % 64) & 1) != 0;
}

bool StreamWindow::settle(std::uint64_t seq) {
    if (is_settled(seq)) return false;
    if (seq - floor_ > width_max_) give_up_through(seq - width_max_);
    top_ = std::max(top_, seq);
    if (seq == floor_ + 1) {
        floor_ = seq;
        absorb();
        return true;
    }
    cover(seq);
    bits_[(seq / 64) & (bits_.size() - 1)] |= std::uint64_t{1} << (seq % 64);
    ++settled_above_;
    return true;
}

void StreamWindow::settle(const wire::NumberRange& range) {
    if (range.first > range.last || range.last <= floor_) return;
    if (range.last - floor_ > width_max_ && range.first > floor_ + 1)
        give_up_through(std::min(range.first - 1, range.last - width_max_));
    if (range.first <= floor_ + 1) {
        settle_to(range.last);
        return;
    }
    for (std::uint64_t seq = range.first; seq < range.last; ++seq) settle(seq);
    settle(range.last);
}

std::uint64_t StreamWindow::settle_to(std::uint64_t seq) {
    if (seq <= floor_) return 0;
    const std::uint64_t missed = raise_floor(seq);
    absorb();
    return missed;
}

void StreamWindow::see(std::uint64_t seq) {
    top_ = std::max(top_, std::min(seq, add_saturating(floor_, width_max_)));
}

std::optional<wire::NumberRange> StreamWindow::next_missing(std::uint64_t after) const {
    return next_run(after, false);
}

std::optional<wire::NumberRange> StreamWindow::next_settled(std::uint64_t after) const {
    return next_run(after, true);
}

std::vector<wire::NumberRange> StreamWindow::settled_ranges(std::size_t count_max) const {
    std::vector<wire::NumberRange> ranges;
    auto run = next_settled(floor_);
    while (run && ranges.size() < count_max) {
        ranges.push_back(*run);
        run = next_settled(run->last);
    }
    return ranges;
}

std::size_t StreamWindow::memory() const { return bits_.capacity() * sizeof(bits_[0]); }

// The highest number the ring has a bit for.
std::uint64_t StreamWindow::ring_end() const { return add_saturating(floor_, ring_bits()); }

// Precondition: floor_ <= after < last <= ring_end().
StreamWindow::Piece StreamWindow::piece_after(std::uint64_t after, std::uint64_t last) const {
    const std::uint64_t first = after + 1;
    const std::uint64_t bit = first % 64;
    Piece piece;
    piece.word = static_cast<std::size_t>(first / 64) & (bits_.size() - 1);
    piece.count = std::min(64 - bit, last - after);
    piece.mask = (~std::uint64_t{0} >> (64 - piece.count)) << bit;
    piece.base = first - bit;
    return piece;
}

// Clears the bits up to `seq` and returns how many were set.
std::uint64_t StreamWindow::take_bits_through(std::uint64_t seq) {
    const std::uint64_t last = std::min(seq, ring_end());
    std::uint64_t taken = 0;
    for (std::uint64_t at = floor_; at < last && settled_above_ > taken;) {
        const Piece piece = piece_after(at, last);
        taken += static_cast<std::uint64_t>(std::popcount(bits_[piece.word] & piece.mask));
        bits_[piece.word] &= ~piece.mask;
        at += piece.count;
    }
    return taken;
}

// Precondition: seq > floor_. Returns how many up to `seq` were missing.
std::uint64_t StreamWindow::raise_floor(std::uint64_t seq) {
    const std::uint64_t taken = take_bits_through(seq);
    const std::uint64_t missed = seq - floor_ - taken;
    settled_above_ -= taken;
    floor_ = seq;
    top_ = std::max(top_, seq);
    return missed;
}

void StreamWindow::give_up_through(std::uint64_t seq) {
    given_up_ = add_saturating(given_up_, raise_floor(seq));
    absorb();
}

// Raises the floor over what is settled right above it; frees a ring that holds nothing.
void StreamWindow::absorb() {
    while (settled_above_ > 0) {
        const Piece piece = piece_after(floor_, ring_end());
        const auto offset = (floor_ + 1) % 64;
        const auto run = static_cast<std::uint64_t>(std::countr_one(bits_[piece.word] >> offset));
        if (run == 0) return;
        const Piece settled = piece_after(floor_, floor_ + std::min(run, piece.count));
        bits_[settled.word] &= ~settled.mask;
        floor_ += settled.count;
        settled_above_ -= settled.count;
        if (settled.count < piece.count) break;
    }
    if (settled_above_ == 0 && bits_.size() > kWordsKept) bits_ = std::vector<std::uint64_t>();
}

// Gives the ring a bit for `seq`, which is at most width_max_ above the floor.
void StreamWindow::cover(std::uint64_t seq) {
    if (seq - floor_ <= ring_bits()) return;
    const auto words = static_cast<std::size_t>(std::bit_ceil((seq - floor_ + 63) / 64));
    std::vector<std::uint64_t> wider(words);
    const std::uint64_t last = ring_end();
    for (std::uint64_t at = floor_; at < last;) {
        const Piece piece = piece_after(at, last);
        wider[static_cast<std::size_t>(piece.base / 64) & (words - 1)] |=
            bits_[piece.word] & piece.mask;
        at += piece.count;
    }
    bits_ = std::move(wider);
}

// The first number above `after`, up to top_, that is (not) settled; 0 when there is none.
std::uint64_t StreamWindow::first_after(std::uint64_t after, bool is_settled) const {
    const std::uint64_t last = std::min(top_, ring_end());
    std::uint64_t at = std::max(after, floor_);
    while (at < last) {
        const Piece piece = piece_after(at, last);
        const std::uint64_t word = bits_[piece.word];
        const std::uint64_t matches = (is_settled ? word : ~word) & piece.mask;
        if (matches != 0) return piece.base + static_cast<std::uint64_t>(std::countr_zero(matches));
        at += piece.count;
    }
    return !is_settled && at < top_ ? at + 1 : 0;
}

std::optional<wire::NumberRange> StreamWindow::next_run(std::uint64_t after,
                                                        bool is_settled) const {
    const std::uint64_t first = first_after(after, is_settled);
    if (first == 0) return std::nullopt;
    const std::uint64_t end = first_after(first, !is_settled);
    return wire::NumberRange{first, end == 0 ? top_ : end - 1};
}

void StreamWindow::check_invariants() const {
    INSIST(floor_ <= top_);
    INSIST(top_ - floor_ <= width_max_);
    INSIST(floor_ == kLast || !is_settled(floor_ + 1));
    INSIST(bits_.empty() || std::has_single_bit(bits_.size()));
    INSIST(ring_bits() <= std::max<std::uint64_t>(64, std::bit_ceil(width_max_)));
    std::uint64_t set = 0;
    for (const std::uint64_t word : bits_) set += static_cast<std::uint64_t>(std::popcount(word));
    INSIST(set == settled_above_);
    std::uint64_t settled = 0;
    for (auto run = next_settled(floor_); run; run = next_settled(run->last))
        settled += run->last - run->first + 1;
    INSIST(settled == settled_above_);  // no bit belongs to a number above top_
    INSIST(settled_above_ > 0 || bits_.size() <= kWordsKept);
}

}  // namespace hearsay::gossip
