#include "daemon/gossip/repair.h"

#include <bit>

#include "base/insist.h"

namespace hearsay::gossip {

Repair::Repair(Core& core, FloodParts parts, Flood& flood)
    : core_(core), parts_(parts), flood_(flood) {}

bool Repair::Asking::is_full() const {
    std::size_t streams = 0;
    for (std::size_t i = 0; i < ranges.size(); ++i)
        if (i == 0 || ranges[i].first != ranges[i - 1].first) ++streams;
    return ranges.size() >= wire::kRangesPerFrameMax || streams >= wire::kStreamsPerFrameMax ||
           chunks.size() >= wire::kWantedChunksMax;
}

void Repair::handle_link_up(Link& link, Instant now) {
    Peer& peer = peers_[link.slot()];
    peer = {};
    peer.answers.emplace(kAnswerRate, kAnswerRate / 10);
    peer.lists.emplace(kListRate, kListRate);
    tell_records(link);
    tell_streams(link, now);
    tell_at_ = std::min(tell_at_, now + kTellInterval);
    young_until_ = now + kYoungFor;
}

void Repair::handle_link_down(std::size_t slot) {
    for (const auto& [until, seq] : peers_[slot].outstanding) {
        const auto asked = asked_.find(seq);
        if (asked != asked_.end() && asked->second.slot == slot) asked_.erase(asked);
    }
    peers_[slot] = {};
}

// Late rounds first, so that one change is told in different datagrams at different times.
void Repair::tell_streams(Link& link, Instant now) {
    for (std::size_t round = Link::kTellRounds; round-- > 0;)
        for (int frame = 0; frame < 4 && tell_round(link, round, now); ++frame) continue;
}

bool Repair::tell_round(Link& link, std::size_t round, Instant now) {
    constexpr std::size_t kLast = Link::kTellRounds - 1;
    if (round == kLast && link.echoed_at() <= link.told_but_last_at) return false;
    const std::uint64_t until =
        round == 0 ? parts_.streams.newest_change() : link.told[round - 1];
    std::array<wire::NumberRange, wire::kRangesPerFrameMax> ranges;
    std::vector<wire::StreamRanges> streams;
    std::size_t used = 0;
    while (streams.size() < wire::kStreamsPerFrameMax && used < ranges.size()) {
        Stream* stream = parts_.streams.changed_after(link.told[round]);
        if (stream == nullptr || stream->changed > until) {
            link.told[round] = std::max(link.told[round], until);
            break;
        }
        link.told[round] = stream->changed;
        if (stream->whole.is_empty()) continue;
        const std::size_t count =
            stream->whole.copy_highest(std::span(ranges).subspan(used));
        const auto listed = std::span(ranges).subspan(used, count);
        streams.push_back({stream->key.publisher, stream->key.epoch,
                           stream->whole.lowest() - 1, stream->top, listed});
        used += count;
    }
    if (streams.empty()) return false;
    if (round == kLast - 1) link.told_but_last_at = now;
    wire::Have have;
    have.streams = streams;
    return link.queue_control(have) && link.told[round] < until;
}

void Repair::tell_records(Link& link) {
    wire::Have have;
    have.bucket_hashes = parts_.records.bucket_hashes();
    link.queue_control(have);
}

void Repair::handle_have(Link& from, const wire::Have& have, Now now) {
    Peer& peer = peers_[from.slot()];
    for (const wire::StreamRanges& stream : have.streams)
        note_announced(peer, stream, now.monotonic);
    if (!have.bucket_hashes.empty() && peer.lists && peer.lists->take(1, now.monotonic)) {
        const auto& mine = parts_.records.bucket_hashes();
        std::uint64_t differing = 0;
        for (std::size_t i = 0; i < mine.size(); ++i)
            if (mine[i] != have.bucket_hashes[i]) differing |= std::uint64_t{1} << i;
        if (differing != 0) list_records(from, differing);
        // Far apart, as after joining: do not wait for the next turn.
        if (std::popcount(differing) > kFarApart)
            records_at_ = std::min(records_at_, now.monotonic + kRecordsIntervalYoung / 5);
    }
    if (!have.records.empty() || have.expanded != 0) compare_records(from, have, now.monotonic);
}

// In as many frames as a handful of datagrams hold, beginning anywhere, so that over a few
// rounds every bucket gets its turn.
void Repair::list_records(Link& to, std::uint64_t buckets) {
    constexpr std::size_t kFramesMax = 8;
    std::vector<wire::RecordVersion> records;
    std::uint64_t expanded = 0;
    std::size_t frames = 0;
    const auto send = [&] {
        wire::Have have;
        have.expanded = expanded;
        have.records = records;
        to.queue_control(have);
        records.clear();
        expanded = 0;
        ++frames;
    };
    const std::uint64_t start = core_.random.below(wire::kRecordBuckets);
    for (std::size_t i = 0; i < wire::kRecordBuckets && frames < kFramesMax; ++i) {
        const std::size_t bucket = (start + i) % wire::kRecordBuckets;
        if ((buckets >> bucket & 1) == 0) continue;
        const auto list = parts_.records.list(bucket);
        if (records.size() + list.size() > wire::kRecordsPerFrameMax && !records.empty()) send();
        // A bucket too long for one frame is never `expanded`: both sides then only pull.
        for (const wire::RecordVersion& record : list) {
            if (records.size() == wire::kRecordsPerFrameMax) send();
            records.push_back(record);
        }
        if (list.size() <= wire::kRecordsPerFrameMax) expanded |= std::uint64_t{1} << bucket;
    }
    if (frames < kFramesMax && (!records.empty() || expanded != 0)) send();
}

void Repair::compare_records(Link& from, const wire::Have& have, Instant now) {
    std::vector<crypto::NodeId> wanted;
    std::set<crypto::NodeId> listed;
    for (const wire::RecordVersion& theirs : have.records) {
        listed.insert(theirs.member);
        const Record* mine = parts_.records.find(theirs.member);
        if (mine == nullptr ||
            is_newer(theirs.epoch, theirs.version, mine->epoch(), mine->version())) {
            wanted.push_back(theirs.member);
        } else if (is_newer(mine->epoch(), mine->version(), theirs.epoch, theirs.version)) {
            flood_.send_record(from, *mine, now);
        }
    }
    for (std::size_t bucket = 0; bucket < wire::kRecordBuckets; ++bucket) {
        if ((have.expanded >> bucket & 1) == 0) continue;
        for (const wire::RecordVersion& record : parts_.records.list(bucket))
            if (!listed.contains(record.member))
                flood_.send_record(from, *parts_.records.find(record.member), now);
    }
    if (!wanted.empty()) want_records(from, wanted);
}

void Repair::handle_known_of_us(Link& from, std::uint64_t epoch, std::uint64_t version,
                                Instant now) {
    if (is_newer(epoch, version, core_.epoch, parts_.membership.version()))
        return want_records(from, {&core_.self_id, 1});
    // A neighbour that has missed what we say of ourselves hears it now: nobody else may have it.
    const Record* own = parts_.records.find(core_.self_id);
    if (own != nullptr && is_newer(own->epoch(), own->version(), epoch, version))
        flood_.send_record(from, *own, now);
}

void Repair::want_records(Link& from, std::span<const crypto::NodeId> members) {
    wire::Want want;
    want.records = members;
    from.queue_control(want);
}

void Repair::note_announced(Peer& peer, const wire::StreamRanges& stream, Instant now) {
    const StreamKey key{stream.publisher, stream.epoch};
    const Stream* known = parts_.streams.find(key);
    for (wire::NumberRange range : stream.ranges) {
        if (range.last - range.first >= kRangeSizeMax) range.first = range.last - kRangeSizeMax + 1;
        const auto first = next_missing(known, range.first);
        if (!first || *first > range.last) continue;
        range.first = *first;
        if (peer.announced.size() >= kAnnouncedMax) peer.announced.pop_front();
        const Duration delay =
            known == nullptr ? kWantDelay : std::max(known->want_delay, kWantDelay);
        peer.announced.push_back({key, range, now + delay, 0, 0});
        peer.ask_at = earliest(peer.ask_at, now + delay);
    }
}

// The first seq at or after `from` that is not settled; nullopt when there is none.
std::optional<std::uint64_t> Repair::next_missing(const Stream* stream,
                                                  std::uint64_t from) const {
    if (stream == nullptr || !stream->settled.is_settled(from)) return from;
    if (const auto gap = stream->settled.next_missing(from)) return gap->first;
    const std::uint64_t top = std::max(from, stream->settled.top());
    if (top == UINT64_MAX) return std::nullopt;
    return top + 1;
}

void Repair::settle_outstanding(Peer& peer, std::size_t slot, Instant now) {
    // Asked in order, so mostly answered in order; the rest goes when its time is over.
    while (!peer.outstanding.empty()) {
        const auto& [until, seq] = peer.outstanding.front();
        if (until + kElsewhereFirst > now && flood_.is_missing(seq.first, seq.second)) return;
        judge_want(seq, slot);
        const auto asked = asked_.find(seq);
        if (asked != asked_.end() && asked->second.slot == slot) asked_.erase(asked);
        peer.outstanding.pop_front();
    }
}

// Of a number that was asked for and has come: whether the answer brought it.
void Repair::judge_want(const Seq& seq, std::size_t slot) {
    Stream* stream = parts_.streams.find(seq.first);
    if (stream == nullptr) return;
    const auto stored = stream->slots.find(seq.second);
    if (stored == stream->slots.end()) return;
    Duration& delay = stream->want_delay;
    delay = std::max(delay, kWantDelay);
    if (parts_.store.at(stored->second).first_from == mask_of(slot)) {
        delay = std::max(delay - delay / 16, kWantDelay);
    } else {
        core_.count(Counter::wants_early);
        delay = std::min(2 * delay, kWantDelayMax);
    }
}

void Repair::ask(Link& link, Peer& peer, Instant now) {
    settle_outstanding(peer, link.slot(), now);
    peer.ask_at.reset();
    Asking asking;
    std::deque<Announced> kept;
    while (!peer.announced.empty()) {
        Announced announced = std::move(peer.announced.front());
        peer.announced.pop_front();
        const bool is_kept =
            announced.ready_at > now || ask_range(link, peer, announced, asking, now);
        if (is_kept) {
            peer.ask_at = earliest(peer.ask_at, announced.ready_at);
            kept.push_back(std::move(announced));
        }
        if (asking.is_full()) {
            send_want(link, asking);
            asking = {};
        }
    }
    peer.announced = std::move(kept);
    if (!asking.ranges.empty() || !asking.chunks.empty()) send_want(link, asking);
}

// What does not come is asked for again as one window: nothing is added to it meanwhile, and after
// kTriesMax rounds the asking goes on behind it. So neither a liar nor numbers that nobody has any
// more keep this node at one place for ever.
bool Repair::ask_range(Link& link, Peer& peer, Announced& announced, Asking& asking,
                       Instant now) {
    const Stream* stream = parts_.streams.find(announced.key);
    const std::uint64_t last = announced.range.last;
    auto seq = next_missing(stream, announced.range.first);
    if (seq && *seq > announced.asked_to) announced.tries = 0;
    if (seq && announced.tries >= kTriesMax &&
        free_at({announced.key, *seq}, link.slot()) <= now) {
        seq = announced.asked_to < last ? next_missing(stream, announced.asked_to + 1)
                                        : std::nullopt;
        announced.tries = 0;
    }
    if (!seq || *seq > last) return false;
    announced.range.first = *seq;
    const std::uint64_t end = announced.tries <= 1 ? last : announced.asked_to;
    Instant again_at = now + kWantRetry;
    while (seq && *seq <= end) {
        if (peer.outstanding.size() >= kOutstandingMax || asking.is_full()) {
            again_at = now + kWantPause;
            break;
        }
        const Instant free = free_at({announced.key, *seq}, link.slot());
        if (free > now)
            again_at = std::min(again_at, free);
        else if (ask_one(link, peer, {announced.key, *seq}, asking, now) &&
                 *seq == announced.range.first)
            ++announced.tries;
        announced.asked_to = std::max(announced.asked_to, *seq);
        seq = *seq == UINT64_MAX ? std::nullopt : next_missing(stream, *seq + 1);
    }
    announced.ready_at = again_at;
    return true;
}

// When the neighbour of `slot` may be asked for it. Whoever did not answer comes after the others.
Instant Repair::free_at(const Seq& seq, std::size_t slot) const {
    const auto asked = asked_.find(seq);
    if (asked == asked_.end()) return Instant::min();
    const bool was_asked = asked->second.slot == slot;
    return asked->second.until + (was_asked ? kElsewhereFirst : Duration::zero());
}

bool Repair::ask_one(Link& link, Peer& peer, const Seq& seq, Asking& asking, Instant now) {
    if (!flood_.is_missing(seq.first, seq.second)) return false;
    // The round trip is as the neighbour wants us to see it.
    const Duration patience = std::clamp<Duration>(
        3 * link.round_trip().value_or(Duration::zero()), kWantRetry, kWantRetryMax);
    asked_[seq] = {link.slot(), now + patience};
    peer.outstanding.emplace_back(now + patience, seq);
    core_.count(Counter::chunks_wanted);

    const Stream* stream = parts_.streams.find(seq.first);
    if (stream != nullptr && stream->slots.contains(seq.second)) {
        const StoredBatch& batch = parts_.store.at(stream->slots.at(seq.second));
        for (std::uint16_t i = 0; i < batch.chunks.size(); ++i) {
            if (batch.chunks[i].is_held) continue;
            auto& chunks = asking.chunks;
            if (!chunks.empty() && chunks.back().uid == batch.uid && chunks.back().last + 1 == i)
                chunks.back().last = i;
            else if (chunks.size() < wire::kWantedChunksMax)
                chunks.push_back({batch.uid, i, i});
        }
        return true;
    }
    auto& ranges = asking.ranges;
    if (!ranges.empty() && ranges.back().first == seq.first &&
        ranges.back().second.last + 1 == seq.second)
        ranges.back().second.last = seq.second;
    else
        ranges.push_back({seq.first, {seq.second, seq.second}});
    return true;
}

void Repair::send_want(Link& link, Asking& asking) {
    std::sort(asking.ranges.begin(), asking.ranges.end(), [](const auto& a, const auto& b) {
        return std::tie(a.first, a.second.first) < std::tie(b.first, b.second.first);
    });
    std::vector<wire::NumberRange> ranges;
    for (const auto& [key, range] : asking.ranges) ranges.push_back(range);
    std::vector<wire::StreamRanges> streams;
    for (std::size_t begin = 0; begin < ranges.size();) {
        const StreamKey& key = asking.ranges[begin].first;
        std::size_t end = begin + 1;
        while (end < ranges.size() && asking.ranges[end].first == key) ++end;
        streams.push_back({key.publisher, key.epoch, 0, 0,
                           std::span(ranges).subspan(begin, end - begin)});
        begin = end;
    }
    wire::Want want;
    want.streams = streams;
    want.chunks = asking.chunks;
    link.queue_control(want);
}

void Repair::handle_want(Link& from, const wire::Want& want, Instant now) {
    for (const wire::StreamRanges& stream : want.streams) answer_stream(from, stream, now);
    for (const wire::WantedChunks& wanted : want.chunks) {
        StoredBatch* batch = parts_.store.find(wanted.uid);
        if (batch == nullptr) continue;
        for (std::size_t i = wanted.first; i <= wanted.last && i < batch->chunks.size(); ++i)
            if (!answer_chunk(from, *batch, i, now)) return;
    }
    for (const crypto::NodeId& member : want.records)
        if (const Record* record = parts_.records.find(member))
            flood_.send_record(from, *record, now);
}

void Repair::answer_stream(Link& to, const wire::StreamRanges& wanted, Instant now) {
    const Stream* stream = parts_.streams.find({wanted.publisher, wanted.epoch});
    if (stream == nullptr) return;
    for (const wire::NumberRange& range : wanted.ranges) {
        auto slot = stream->slots.lower_bound(range.first);
        for (; slot != stream->slots.end() && slot->first <= range.last; ++slot) {
            StoredBatch& batch = parts_.store.at(slot->second);
            for (std::size_t i = 0; i < batch.chunks.size(); ++i)
                if (!answer_chunk(to, batch, i, now)) return;
        }
    }
}

bool Repair::answer_chunk(Link& to, StoredBatch& batch, std::size_t index, Instant now) {
    StoredChunk& chunk = batch.chunks[index];
    if (!chunk.is_held) return true;
    auto& budget = peers_[to.slot()].answers;
    if (!budget || !budget->take(1, now)) return false;
    chunk.held_by &= ~to.mask();  // it would not ask for what it has
    to.queue_chunk(batch, static_cast<std::uint16_t>(index));
    core_.count(Counter::chunks_repaired);
    return true;
}

// A neighbour that gets what is news by us alone gets it a link later than the others, so soon.
void Repair::schedule_lazy_tells(Instant now) {
    const LinkMask untold = flood_.take_untold();
    parts_.links.for_each([&](const Link& link) {
        Peer& peer = peers_[link.slot()];
        if ((untold & link.mask()) != 0 && !peer.tell_at)
            peer.tell_at = std::max(now + kTellLazily, peer.told_at + kTellLazilyPause);
    });
}

void Repair::handle_timeout(Instant now) {
    if (flood_.has_untold()) schedule_lazy_tells(now);
    parts_.links.for_each([&](Link& link) {
        Peer& peer = peers_[link.slot()];
        if (peer.ask_at && *peer.ask_at <= now) ask(link, peer, now);
        if (!peer.tell_at || *peer.tell_at > now) return;
        peer.tell_at.reset();
        peer.told_at = now;
        tell_round(link, 0, now);
    });
    if (tell_at_ <= now) {
        tell_at_ = now + kTellInterval;
        const std::vector<Link*> behind = links_behind();
        if (!behind.empty()) tell_streams(*behind[core_.random.below(behind.size())], now);
    }
    if (records_at_ <= now) {
        const Duration interval = now < young_until_ ? kRecordsIntervalYoung : kRecordsInterval;
        records_at_ = now + core_.random.between(interval * 9 / 10, interval * 11 / 10);
        if (Link* link = parts_.links.random()) tell_records(*link);
    }
}

// Those that have not been told everything yet.
std::vector<Link*> Repair::links_behind() const {
    std::vector<Link*> behind;
    parts_.links.for_each([&](Link& link) {
        if (link.told.back() < parts_.streams.newest_change()) behind.push_back(&link);
    });
    return behind;
}

std::optional<Instant> Repair::next_deadline() const {
    if (parts_.links.size() == 0) return std::nullopt;
    std::optional<Instant> next = records_at_;
    if (!links_behind().empty()) next = earliest(next, tell_at_);
    if (flood_.has_untold()) return Instant{};
    parts_.links.for_each([&](const Link& link) {
        const Peer& peer = peers_[link.slot()];
        next = earliest(earliest(next, peer.ask_at), peer.tell_at);
    });
    return next;
}

}  // namespace hearsay::gossip
