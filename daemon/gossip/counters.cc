#include "daemon/gossip/counters.h"

#include "base/insist.h"

namespace hearsay::gossip {
namespace {

struct Named {
    Counter counter;
    std::string_view name;
};

// In the order of the enumeration.
constexpr std::array<Named, kCounterCount> kNames{{
    {Counter::datagrams_received, "datagrams_received"},
    {Counter::bytes_received, "bytes_received"},
    {Counter::datagrams_sent, "datagrams_sent"},
    {Counter::bytes_sent, "bytes_sent"},
    {Counter::refused_too_short, "refused_too_short"},
    {Counter::refused_bad_version, "refused_bad_version"},
    {Counter::refused_unknown_type, "refused_unknown_type"},
    {Counter::refused_malformed_packet, "refused_malformed_packet"},
    {Counter::refused_wrong_network, "refused_wrong_network"},
    {Counter::refused_bad_mac, "refused_bad_mac"},
    {Counter::refused_bad_cookie, "refused_bad_cookie"},
    {Counter::refused_source_rate, "refused_source_rate"},
    {Counter::refused_unknown_session, "refused_unknown_session"},
    {Counter::refused_handshake, "refused_handshake"},
    {Counter::refused_no_common_codec, "refused_no_common_codec"},
    {Counter::refused_self, "refused_self"},
    {Counter::refused_beacon, "refused_beacon"},
    {Counter::beacons_over_rate, "beacons_over_rate"},
    {Counter::refused_links_full, "refused_links_full"},
    {Counter::refused_replayed, "refused_replayed"},
    {Counter::refused_forged, "refused_forged"},
    {Counter::refused_malformed_frames, "refused_malformed_frames"},
    {Counter::refused_codec, "refused_codec"},
    {Counter::refused_inconsistent, "refused_inconsistent"},
    {Counter::refused_from_future, "refused_from_future"},
    {Counter::refused_expired, "refused_expired"},
    {Counter::refused_bad_path, "refused_bad_path"},
    {Counter::refused_bad_signature, "refused_bad_signature"},
    {Counter::refused_unknown_batch, "refused_unknown_batch"},
    {Counter::refused_verify_busy, "refused_verify_busy"},
    {Counter::refused_link_rate, "refused_link_rate"},
    {Counter::refused_publisher_rate, "refused_publisher_rate"},
    {Counter::refused_bad_body, "refused_bad_body"},
    {Counter::refused_bad_record, "refused_bad_record"},
    {Counter::refused_stale_record, "refused_stale_record"},
    {Counter::refused_equivocation, "refused_equivocation"},
    {Counter::duplicates, "duplicates"},
    {Counter::batches_verified, "batches_verified"},
    {Counter::messages_delivered, "messages_delivered"},
    {Counter::messages_published, "messages_published"},
    {Counter::chunks_sent, "chunks_sent"},
    {Counter::chunks_repaired, "chunks_repaired"},
    {Counter::chunks_wanted, "chunks_wanted"},
    {Counter::packets_lost, "packets_lost"},
    {Counter::batches_published, "batches_published"},
    {Counter::prunes_sent, "prunes_sent"},
    {Counter::grafts_sent, "grafts_sent"},
    {Counter::wants_early, "wants_early"},
    {Counter::store_evicted, "store_evicted"},
    {Counter::dedup_evicted, "dedup_evicted"},
    {Counter::streams_evicted, "streams_evicted"},
    {Counter::streams_given_up, "streams_given_up"},
    {Counter::members_evicted, "members_evicted"},
    {Counter::candidates_evicted, "candidates_evicted"},
    {Counter::pending_evicted, "pending_evicted"},
    {Counter::queue_dropped, "queue_dropped"},
    {Counter::partial_evicted, "partial_evicted"},
    {Counter::links_opened, "links_opened"},
    {Counter::links_lost, "links_lost"},
    {Counter::handshakes_failed, "handshakes_failed"},
    {Counter::clock_refused_publish, "clock_refused_publish"},
}};

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (kNames[i].counter != static_cast<Counter>(i) || kNames[i].name.empty()) return false;
    return true;
}
static_assert(is_in_order());

}  // namespace

std::string_view name_of(Counter counter) {
    const auto index = static_cast<std::size_t>(counter);
    INSIST(index < kNames.size());
    return kNames[index].name;
}

}  // namespace hearsay::gossip
