#include "daemon/gossip/backpressure.h"

#include <algorithm>

namespace hearsay::gossip {

Backpressure::Told& Backpressure::entry_of(std::vector<Told>& list,
                                           const crypto::NodeId& publisher) {
    const auto found = std::find_if(list.begin(), list.end(), [&](const Told& told) {
        return told.publisher == publisher;
    });
    if (found != list.end()) return *found;
    if (list.size() < kPublishersMax) return list.emplace_back(Told{publisher, kFull, {}});
    Told& oldest = *std::min_element(list.begin(), list.end(), [](const auto& a, const auto& b) {
        return a.at < b.at;
    });
    oldest = {publisher, kFull, {}};
    return oldest;
}

void Backpressure::note_received(const Link& from, const crypto::NodeId& publisher, Instant now) {
    entry_of(sides_[from.slot()].brings, publisher).at = now;
}

void Backpressure::handle_credits(const Link& from, std::span<const wire::Credit> credits,
                                  Instant now) {
    for (const wire::Credit& credit : credits) {
        Told& told = entry_of(sides_[from.slot()].credits, credit.publisher);
        told.bytes = credit.bytes;
        told.at = now;
    }
}

Backpressure::Room Backpressure::room(const crypto::NodeId& publisher, LinkMask but,
                                      Instant now) {
    const LinkMask skipped = tree_.lazy(publisher, now) | but;
    Room room;
    links_.for_each([&](const Link& link) {
        if ((skipped & link.mask()) != 0 || link.is_slow()) return;
        const std::size_t left = kQueueMax - std::min(link.chunks_queued(), kQueueMax);
        room.queued = std::min(room.queued, static_cast<std::uint32_t>(left) * kChunkBytes);
        for (const Told& told : sides_[link.slot()].credits)
            if (told.publisher == publisher && now - told.at < kBelievedFor)
                room.told = std::min(room.told, told.bytes);
    });
    return room;
}

bool Backpressure::may_publish(Instant now) {
    constexpr std::uint32_t kLeast = (kQueueMax - kOwnQueueMax) * kChunkBytes;
    const Room left = room(core_.self_id, 0, now);
    if (left.queued <= kLeast) return false;
    if (left.told <= kLeast && now - published_at_ < kToldPause) return false;
    published_at_ = now;
    return true;
}

void Backpressure::update(Instant now) {
    links_.for_each([&](Link& link) {
        for (Told& told : sides_[link.slot()].brings) {
            if (now - told.at >= kRecently) continue;
            const Room found = room(told.publisher, link.mask(), now);
            const std::uint32_t left = std::min(found.queued, found.told);
            const bool is_low = left < kFull / 2;
            const bool was_low = told.bytes < kFull / 2;
            if (!is_low && !was_low) continue;
            // Who waits for room has sent nothing that an ack would answer.
            told.bytes = is_low ? left : kFull;
            link.tell_credit({told.publisher, told.bytes}, was_low != is_low, now);
        }
    });
}

}  // namespace hearsay::gossip
