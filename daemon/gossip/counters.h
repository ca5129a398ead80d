#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hearsay::gossip {

// One counter per cause, so that whatever a stranger, a neighbour or the network does to this
// node can be seen. The names are what `hearsay status` and the API show.
enum class Counter : std::uint8_t {
    // Traffic.
    datagrams_received,
    bytes_received,
    datagrams_sent,
    bytes_sent,
    // Refused before any session: by cause.
    refused_too_short,
    refused_bad_version,
    refused_unknown_type,
    refused_malformed_packet,
    refused_wrong_network,      // another network's tag
    refused_bad_mac,            // our network's tag without its secret
    refused_bad_cookie,
    refused_source_rate,        // the source's bucket is empty
    refused_unknown_session,
    refused_handshake,          // no such handshake, does not decrypt, bad signature
    refused_no_common_codec,
    refused_self,               // our own key: ourselves, or a clone of us
    refused_beacon,             // off-link, stale or repeated
    beacons_over_rate,
    refused_links_full,
    // Refused inside a session.
    refused_replayed,
    refused_forged,
    refused_malformed_frames,
    refused_codec,              // a codec that was not agreed
    // Refused batches and chunks.
    refused_inconsistent,       // counts or sizes that contradict each other
    refused_from_future,
    refused_expired,
    refused_bad_path,           // leads to another root than the verified one
    refused_bad_signature,
    refused_unknown_batch,      // a short chunk of a batch not held
    refused_verify_busy,        // verify budget or parking space used up
    refused_link_rate,
    refused_publisher_rate,
    refused_bad_body,           // signed, but not a list of messages or not a record
    refused_bad_record,         // a record about somebody else, too old, too large
    refused_stale_record,
    refused_equivocation,       // a second batch at one seq
    duplicates,
    // Work done.
    batches_verified,
    messages_delivered,
    messages_published,
    chunks_sent,
    chunks_repaired,            // sent because wanted
    chunks_wanted,
    packets_lost,               // believed lost and queued again
    batches_published,
    prunes_sent,                // neighbours asked to only tell of a publisher's messages
    grafts_sent,                // and to send them again
    wants_early,                // asked for while it was on its way
    // Bounds that bit.
    store_evicted,
    dedup_evicted,
    streams_evicted,
    streams_given_up,           // sequence numbers no longer waited for
    members_evicted,
    candidates_evicted,
    pending_evicted,            // handshakes
    queue_dropped,              // chunks not queued for a link without room: left to repair
    partial_evicted,            // batches that never became whole
    // Links.
    links_opened,
    links_lost,
    handshakes_failed,
    clock_refused_publish,
    count_,
};

inline constexpr std::size_t kCounterCount = static_cast<std::size_t>(Counter::count_);

std::string_view name_of(Counter counter);

class Counters {
public:
    void add(Counter counter, std::uint64_t amount = 1) { values_[index(counter)] += amount; }
    std::uint64_t operator[](Counter counter) const { return values_[index(counter)]; }

private:
    static std::size_t index(Counter counter) { return static_cast<std::size_t>(counter); }
    std::array<std::uint64_t, kCounterCount> values_{};
};

}  // namespace hearsay::gossip
