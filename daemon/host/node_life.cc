#include <algorithm>
#include <utility>

#include "daemon/host/node_parts.h"

namespace hearsay::host {
namespace {

using namespace std::chrono_literals;

// The goodbye is a few datagrams, which must be acknowledged; who does not answer in this time
// will find out by silence. Node::stop() promises two seconds in all.
constexpr Duration kLeaveTime = 1500ms;
constexpr Duration kHouseInterval = 5s;
constexpr Duration kMembersSavedEvery = 30s;

}  // namespace

// Precondition: network is set, and no engine is there.
void Node::Parts::start_engine() {
    StateFolder::Saved saved = state.take_saved();
    gossip::EngineSetup setup;
    setup.config = config.gossip();
    setup.network = network->clone();
    setup.signer = &signer;
    setup.sealer = &sealer;
    setup.codecs = &codecs;
    setup.self = {node_name(config), tags, software_name(),
                  sockets.port()};
    setup.saved = std::move(saved.bytes);
    setup.is_first_start = saved.is_first_start;
    setup.epoch = state.next_epoch(Loop::wall());
    setup.seed = random.secret();

    pool = std::make_unique<VerifyPool>(
        loop, verifier, config.limits.workers,
        [this](std::span<const Verdict> verdicts) { handle_verdicts(verdicts); });
    engine = std::make_unique<gossip::Engine>(std::move(setup), Loop::both());
    alone_since = Loop::now();
    log.info("", "in the network " + network->name + " as " + node_name(config) + " (" +
                     crypto::short_text(signer.id()) + ")");
    read_interfaces();
    set_seeds(true);
    touch();
}

void Node::Parts::begin_leaving(bool is_for_good) {
    const bool is_under_way = leaving != Leaving::no;
    // A stop while leaving a network makes it for good, but keeps what that has decided to
    // forget forgotten: then no network is set.
    if (!is_under_way || is_for_good) leaving = is_for_good ? Leaving::for_good : Leaving::network;
    if (is_under_way) return;
    seeds.clear();
    if (!engine) return leave_timer.start_at(Instant{});
    engine->leave();
    leave_timer.start_in(kLeaveTime);
    touch();
}

void Node::Parts::finish_leaving() {
    sockets.flush();
    if (engine && network) {
        const Now now = Loop::both();
        state.save_settled(engine->save(now));
        state.save_members(engine->save_members(now));
    }
    engine_timer.stop();
    jobs.clear();
    pool.reset();
    engine.reset();
    names_timer.stop();
    names_told.clear();
    sockets.set_interfaces(interfaces, false);
    if (std::exchange(leaving, Leaving::no) == Leaving::for_good) loop.stop();
}

void Node::Parts::save_members() {
    are_members_dirty = false;
    members_saved = Loop::now();
    state.save_members(engine->save_members(Loop::both()));
}

void Node::Parts::keep_house() {
    house_timer.start_in(kHouseInterval);
    const Instant now = Loop::now();
    if (engine && engine->alive_count() > 1) alone_since = now;
    if (engine && are_members_dirty && leaving == Leaving::no &&
        now - members_saved >= kMembersSavedEvery)
        save_members();

    const std::uint64_t drops = sockets.counts().receive_dropped;
    if (drops > drops_known) {
        log.warning("drops", "the kernel dropped " + std::to_string(drops - drops_known) +
                                 " datagrams: the host is overloaded or listen.receive_buffer "
                                 "is too small");
        drops_seen = now;
    } else if (now - drops_seen > 1min) {
        drops_before = drops;
    }
    drops_known = drops;
}

}  // namespace hearsay::host
