#include "daemon/gossip/links.h"

#include "base/insist.h"

namespace hearsay::gossip {

std::string_view explain(wire::CloseReason reason) {
    switch (reason) {
        case wire::CloseReason::leaving: return "the neighbour is leaving";
        case wire::CloseReason::replaced: return "another session replaced it";
        case wire::CloseReason::full: return "the neighbour has no room";
        case wire::CloseReason::misbehaved: return "the neighbour says this node misbehaved";
        case wire::CloseReason::secret_removed: return "its network secret was removed there";
        case wire::CloseReason::asked: return "an operator there closed it";
        case wire::CloseReason::silent: return "it had heard nothing from here for too long";
    }
    return "the neighbour closed it";
}

Links::Links(Core& core, ChunkStore& store) : core_(core), store_(store) {}

Link* Links::find(const crypto::NodeId& id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : slots_[found->second].get();
}

Link* Links::find(wire::SessionId session) const {
    const auto found = by_session_.find(session);
    return found == by_session_.end() ? nullptr : slots_[found->second].get();
}

bool Links::is_linked_at(const Endpoint& at) const {
    return std::any_of(slots_.begin(), slots_.end(),
                       [&](const auto& link) { return link && link->at() == at; });
}

Link* Links::establish(Established established, Instant now, bool& is_new) {
    const wire::SessionId session = established.our_session;
    if (by_session_.contains(session)) return nullptr;
    Link* link = find(established.peer);
    // A restarted neighbour remembers nothing of what we think it holds.
    if (link != nullptr && link->peer_epoch() != established.peer_epoch) {
        drop(*link, "it restarted");
        link = nullptr;
    }
    is_new = link == nullptr;
    if (link != nullptr) {
        link->add_channel(std::move(established), now);
        by_session_.emplace(session, link->slot());
        return link;
    }
    const auto free = std::find(slots_.begin(), slots_.end(), nullptr);
    if (is_full() || free == slots_.end()) {
        core_.count(Counter::refused_links_full);
        return nullptr;
    }
    const auto slot = static_cast<std::size_t>(free - slots_.begin());
    *free = std::make_unique<Link>(core_, slot, std::move(established), now);
    used_ |= mask_of(slot);
    by_id_.emplace((*free)->id(), slot);
    by_session_.emplace(session, slot);
    core_.count(Counter::links_opened);
    return free->get();
}

Link* Links::random() {
    if (by_id_.empty()) return nullptr;
    auto chosen = by_id_.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(core_.random.below(by_id_.size())));
    return slots_[chosen->second].get();
}

std::size_t Links::chosen_count() const {
    std::size_t count = 0;
    for_each([&](const Link& link) { count += link.is_chosen() ? 1U : 0U; });
    return count;
}

void Links::close(Link& link, const wire::Close& close, std::string why, Now now) {
    link.close_with(close);
    link.flush(store_, encodings_, now);
    forget(link, std::move(why), false);
    keep_closing(link, close.reason, now.monotonic + kClosingTime, now.monotonic + kClosingPause);
}

void Links::keep_closing(Link& link, wire::CloseReason reason, Instant until, Instant answer_at) {
    const wire::SessionId session = link.current().facts().our_session;
    if (closing_.size() >= kClosingMax) closing_.erase(closing_.begin());
    closing_[session] = {std::move(slots_[link.slot()]), reason, until, answer_at};
}

void Links::answer_closed(wire::SessionId session, Now now) {
    const auto found = closing_.find(session);
    if (found == closing_.end() || found->second.answer_at > now.monotonic) return;
    found->second.answer_at = now.monotonic + kClosingPause;
    found->second.link->close_with({found->second.reason, {}});
    found->second.link->flush(store_, encodings_, now);
}

void Links::drop(Link& link, std::string why) {
    const std::size_t slot = link.slot();
    forget(link, std::move(why), false);
    slots_[slot].reset();
}

void Links::forget(Link& link, std::string why, bool is_silent) {
    core_.count(Counter::links_lost);
    closed_.push_back({link.slot(), link.id(), link.at(), std::move(why), is_silent});
    for (const wire::SessionId session : link.sessions()) by_session_.erase(session);
    by_id_.erase(link.id());
    used_ &= ~link.mask();
    store_.forget_link(link.slot());
}

void Links::handle_timeout(Now now) {
    std::erase_if(closing_, [&](const auto& entry) { return entry.second.until <= now.monotonic; });
    for_each([&](Link& link) {
        if (link.is_idle(now.monotonic)) return;
        for (const wire::SessionId session : link.retire_channels(now.monotonic))
            by_session_.erase(session);
        if (link.is_dead(now.monotonic)) {
            forget(link, "silent", link.was_alive() && hears_others(link, now.monotonic));
            keep_closing(link, wire::CloseReason::silent, now.monotonic + kSilentTime,
                         now.monotonic);
        } else if (link.has_worn_out_keys(now.monotonic)) {
            drop(link, "no new keys could be agreed in time");
        } else {
            link.handle_timeout(store_, now);
        }
    });
}

// When all links fall silent together, it is ours that is broken: an address has changed, a cable
// is out. Nobody is accused then, not by the last of them either. The loss of a link that always
// was the only one proves nothing either way.
bool Links::hears_others(const Link& silent, Instant now) {
    const config::Link& timing = core_.config.link;
    const Duration recently = timing.dead_after - timing.heartbeat_interval * 6 / 5;
    bool has_others = false;
    for (const auto& link : slots_) {
        if (!link || link.get() == &silent || !link->was_alive()) continue;
        if (link->silence(now) < recently) return true;
        has_others = true;
    }
    if (has_others) deaf_until_ = now + timing.dead_after;
    return !has_others && now >= deaf_until_;
}

void Links::flush(Now now) {
    // Turned so that its lowest bit is the slot to begin with.
    for (LinkMask rest = std::rotr(used_, static_cast<int>(flush_from_)); rest != 0;
         rest &= rest - 1) {
        const auto turned = static_cast<std::size_t>(std::countr_zero(rest));
        const std::size_t slot = (flush_from_ + turned) % kLinksMax;
        Link& link = *slots_[slot];
        if (link.is_idle(now.monotonic) || !link.flush(store_, encodings_, now)) continue;
        flush_from_ = slot;
        return;
    }
}

void Links::forgive(Instant now) {
    for_each([&](Link& link) { link.forgive(now); });
}

std::optional<Instant> Links::next_deadline() const {
    std::optional<Instant> next;
    for_each([&](const Link& link) { next = earliest(next, link.next_deadline()); });
    for (const auto& [session, closing] : closing_) next = earliest(next, closing.until);
    return next;
}

std::optional<std::int64_t> Links::clock_offset_ms() const {
    std::vector<std::int64_t> offsets;
    for_each([&](const Link& link) {
        if (link.clock_offset_ms()) offsets.push_back(*link.clock_offset_ms());
    });
    if (offsets.empty()) return std::nullopt;
    const auto middle = offsets.begin() + static_cast<std::ptrdiff_t>(offsets.size() / 2);
    std::nth_element(offsets.begin(), middle, offsets.end());
    return *middle;
}

}  // namespace hearsay::gossip
