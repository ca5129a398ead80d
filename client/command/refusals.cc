#include "client/command/refusals.h"

#include <utility>

namespace hearsay::client {

bool is_refusal(const std::string& counter) {
    return counter.starts_with("refused_") || counter == "beacons_over_rate" ||
           counter == "clock_refused_publish";
}

std::string refusal_words(const std::string& counter) {
    static const std::pair<const char*, const char*> kWords[] = {
        {"refused_too_short", "datagrams too short to be ours"},
        {"refused_bad_version", "datagrams of another version of the protocol"},
        {"refused_unknown_type", "datagrams of an unknown type"},
        {"refused_malformed_packet", "malformed datagrams"},
        {"refused_wrong_network", "datagrams of another network"},
        {"refused_bad_mac", "datagrams by somebody without the network's secret"},
        {"refused_bad_cookie", "handshakes with a stale or forged cookie"},
        {"refused_source_rate", "datagrams from sources that send too many"},
        {"refused_unknown_session", "datagrams of sessions that are over"},
        {"refused_handshake", "handshakes that failed a check"},
        {"refused_no_common_codec", "handshakes without a common codec"},
        {"refused_self", "handshakes with our own key: ourselves, or a clone of this host"},
        {"refused_beacon", "beacons off-link, stale or repeated"},
        {"beacons_over_rate", "beacons beyond what is looked at in a second"},
        {"refused_links_full", "neighbours turned away, as all links are taken"},
        {"refused_replayed", "repeated datagrams"},
        {"refused_forged", "forged or damaged datagrams"},
        {"refused_malformed_frames", "datagrams with malformed contents"},
        {"refused_codec", "datagrams in a codec that was not agreed"},
        {"refused_inconsistent", "batches that contradict themselves"},
        {"refused_from_future", "messages from the future: somebody's clock is wrong"},
        {"refused_expired", "messages that had expired"},
        {"refused_bad_path", "chunks that do not belong to their batch"},
        {"refused_bad_signature", "messages with a bad signature"},
        {"refused_unknown_batch", "chunks of batches that are not held"},
        {"refused_verify_busy", "messages beyond what could be checked in time"},
        {"refused_link_rate", "messages beyond one neighbour's share"},
        {"refused_publisher_rate", "messages beyond one publisher's share"},
        {"refused_bad_body", "signed messages with nonsense in them"},
        {"refused_bad_record", "records about others, too old or too large"},
        {"refused_stale_record", "outdated records"},
        {"refused_equivocation", "batches signed twice under one number"},
        {"clock_refused_publish", "messages of ours not published: this host's clock is off"}};
    for (const auto& [name, words] : kWords)
        if (name == counter) return words;
    return counter;
}

}  // namespace hearsay::client
