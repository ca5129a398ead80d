#include "daemon/host/codec_plugins.h"
#include "daemon/host/node_facts.h"
#include "daemon/host/node_parts.h"

namespace hearsay::host {

NodeFacts Node::facts() const {
    const Parts& p = *parts_;
    const Now now = Loop::both();
    NodeFacts facts;
    facts.status = status();
    facts.snapshot = snapshot();
    facts.interfaces = p.interfaces;
    facts.seeds = p.seeds.facts();
    if (p.engine) {
        facts.discovery = p.engine->discovery(now);
        if (p.engine->alive_count() <= 1) facts.alone_for = now.monotonic - p.alone_since;
    }
    facts.our_codecs = codec_names(p.codecs);
    if (facts.discovery.no_common_codec)
        facts.their_codecs = codec_names(facts.discovery.no_common_codec->codecs, p.codecs);
    facts.has_duplicate = p.has_duplicate_lately(now.monotonic);
    facts.duplicate_at = p.duplicate_at;
    facts.dropped_lately = p.sockets.counts().receive_dropped - p.drops_before;
    facts.send_failed = p.sockets.counts().send_failed;
    facts.beacon_problem = p.sockets.beacon_problem();
    facts.disk_problem = p.state.problem();
    return facts;
}

}  // namespace hearsay::host
