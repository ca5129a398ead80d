#include "tests/unit/gossip/stage.h"

namespace hearsay::gossip::ground {

Stage::Stage(const config::Gossip& config, unsigned number)
    : ground(number, config),
      core(ground.core),
      store(core.config.limits.store, core.hash_key),
      streams(core, core.config.limits.streams),
      membership(core, records, kStart),
      links(core, store),
      desk(core),
      tree(core, links),
      backpressure(core, links, tree),
      flood(core, parts()),
      repair(core, parts(), flood) {}

Link& Stage::add_link(unsigned number, Now now) {
    SessionEnds ends = make_session(ground, number, false);
    far.erase(number);
    far.try_emplace(number, ground, std::move(ends.far), now.monotonic);
    bool is_new = false;
    Link* link = links.establish(std::move(ends.near), now.monotonic, is_new);
    membership.handle_link_up(node_of(number), place(number), now.monotonic);
    repair.handle_link_up(*link, now.monotonic);
    return *link;
}

MessageId Stage::publish(std::string_view payload, Now now, std::string_view topic) {
    const std::array<ByteView, 1> payloads{bytes_of(payload)};
    return flood.publish(topic, payloads, 30'000, now, now);
}

void Stage::add_member(unsigned number, const Presence& presence, Now now) {
    const Batch batch = Author(number).presence(kEpoch, 1, presence);
    membership.accept({batch.header, batch.uid, batch.signature, batch.built.root,
                       batch.built.body},
                      now);
}

std::size_t Stage::run_checks(Now now) {
    collect();
    std::size_t count = 0;
    while (!put.jobs.empty()) {
        const std::vector<VerifyJob> jobs = std::exchange(put.jobs, {});
        for (const VerifyJob& job : jobs) {
            ++count;
            if (const auto claim = desk.settle(job.ticket))
                flood.handle_verdict(claim->key, is_valid(job), now);
        }
        collect();
    }
    return count;
}

std::vector<wire::Frame> Stage::flush_to(unsigned number, Now now) {
    links.flush(now);
    collect();
    std::vector<wire::Frame> frames = far.at(number).hear(put);
    std::erase_if(put.sent, [&](const Put::Sent& sent) { return sent.to == place(number); });
    return frames;
}

void Stage::acknowledge(unsigned number, Now now) {
    const auto& numbers = far.at(number).numbers();
    if (numbers.empty()) return;
    const std::array<wire::NumberRange, 1> ranges{{{numbers.front(), numbers.back()}}};
    wire::Ack ack;
    ack.ranges = ranges;
    Link& to = link(number);
    to.handle_ack(*to.channel(to.current().facts().our_session), ack, now.monotonic);
}

void Stage::receive(unsigned number, const wire::Chunk& chunk, Now now) {
    flood.handle_chunk(link(number), chunk, now);
}

void Stage::receive_and_check(unsigned number, const wire::Chunk& chunk, Now now) {
    receive(number, chunk, now);
    run_checks(now);
}

}  // namespace hearsay::gossip::ground
