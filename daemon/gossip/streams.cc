#include "daemon/gossip/streams.h"

#include "base/insist.h"

namespace hearsay::gossip {

Streams::Streams(Core& core, std::size_t count_max) : core_(core), count_max_(count_max) {}

Stream* Streams::find(const StreamKey& key) {
    const auto found = streams_.find(key);
    return found == streams_.end() ? nullptr : &found->second;
}

Stream& Streams::get(const StreamKey& key, Instant now) {
    if (Stream* known = find(key)) return *known;
    if (streams_.size() >= count_max_) {
        core_.count(Counter::streams_evicted);
        erase(streams_.find(by_age_.begin()->second));
    }
    Stream& stream = streams_.try_emplace(key).first->second;
    stream.key = key;
    stream.forget_at = now;
    by_age_.emplace(now, key);
    touch(stream, now);
    return stream;
}

// The longest a batch accepted now, or created now and still on its way, can be acceptable
// anywhere: the longest lifetime, and the skew either way.
void Streams::touch(Stream& stream, Instant now) {
    by_age_.erase({stream.forget_at, stream.key});
    stream.forget_at = now + std::chrono::milliseconds(wire::kLifetimeMsMax) +
                       2 * core_.config.flood.clock_skew_max;
    by_age_.emplace(stream.forget_at, stream.key);
}

void Streams::note_stored(Stream& stream, std::uint64_t seq, std::uint32_t slot) {
    stream.slots[seq] = slot;
    stream.top = std::max(stream.top, seq);
}

void Streams::note_whole(Stream& stream, std::uint64_t seq) {
    stream.whole.add(seq);
    by_change_.erase(stream.changed);
    stream.changed = ++change_count_;
    by_change_.emplace(stream.changed, stream.key);
}

void Streams::note_removed(const StreamKey& key, std::uint64_t seq) {
    Stream* stream = find(key);
    if (stream == nullptr) return;
    stream->slots.erase(seq);
    stream->whole.remove(seq);
    if (stream->whole.is_empty()) by_change_.erase(stream->changed);
}

Stream* Streams::changed_after(std::uint64_t change) {
    const auto next = by_change_.upper_bound(change);
    return next == by_change_.end() ? nullptr : find(next->second);
}

void Streams::expire(Instant now) {
    while (!by_age_.empty() && by_age_.begin()->first <= now)
        erase(streams_.find(by_age_.begin()->second));
}

std::optional<Instant> Streams::next_deadline() const {
    if (by_age_.empty()) return std::nullopt;
    return by_age_.begin()->first;
}

void Streams::erase(std::map<StreamKey, Stream>::iterator at) {
    by_change_.erase(at->second.changed);
    by_age_.erase({at->second.forget_at, at->first});
    streams_.erase(at);
}

void Streams::check_invariants() const {
    INSIST(streams_.size() <= count_max_);
    INSIST(by_age_.size() == streams_.size());
    for (const auto& [change, key] : by_change_) {
        const auto found = streams_.find(key);
        INSIST(found != streams_.end() && found->second.changed == change);
    }
    for (const auto& [key, stream] : streams_) {
        INSIST(key == stream.key);
        INSIST(by_age_.contains({stream.forget_at, key}));
        INSIST(stream.whole.is_empty() || by_change_.contains(stream.changed));
    }
}

}  // namespace hearsay::gossip
