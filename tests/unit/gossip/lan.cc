#include "tests/unit/gossip/lan.h"

#include "base/insist.h"

namespace hearsay::gossip::ground {
namespace {

constexpr Duration kTravel = 1ms;
constexpr Duration kStep = 1ms;
constexpr std::size_t kSpinsMax = 10'000;

}  // namespace

Engine& Lan::add(unsigned number, const Change& change, bool with_seed) {
    INSIST(crypto::initialise());
    Host& host = hosts_[number];
    host.signer = std::make_unique<sim::CheapSigner>(kCryptoSecret, number);
    host.codecs = std::make_unique<wire::CodecRegistry>();
    host.codecs->add(wire::make_flatbuffers_codec());
    static const crypto::ChaChaSealer sealer;
    EngineSetup setup;
    setup.network = make_network();
    setup.signer = host.signer.get();
    setup.sealer = &sealer;
    setup.codecs = host.codecs.get();
    setup.self = {"node" + std::to_string(number), {}, "test", config::kDefaultPort};
    setup.epoch = kEpoch;
    setup.is_first_start = true;
    setup.seed = secret_of(static_cast<std::uint8_t>(100 + number));
    if (change) change(setup);
    host.engine = std::make_unique<Engine>(std::move(setup), now());
    Interface interface;
    interface.index = 2;
    interface.address = place(number).with_port(0);
    interface.prefix_size = 16;
    const std::vector<Interface> interfaces{interface};
    act(number, host.engine->handle_interfaces(interfaces, now()));
    if (with_seed && number != 1)
        act(number, host.engine->add_candidate(place(1), LearntFrom::seed, now()));
    return *host.engine;
}

std::vector<std::string> Lan::payloads(unsigned number) const {
    std::vector<std::string> result;
    for (const auto& delivery : hosts_.at(number).put.deliveries)
        result.push_back(delivery.payload);
    return result;
}

Result<PublishTicket, PublishError> Lan::try_publish(unsigned number, std::string_view payload,
                                                     std::string_view topic,
                                                     const PublishOptions& options) {
    return engine(number).publish(topic, bytes_of(payload), options, now());
}

PublishTicket Lan::publish(unsigned number, std::string_view payload,
                           const PublishOptions& options) {
    const auto ticket = try_publish(number, payload, "news", options);
    INSIST(ticket.has_value());
    return *ticket;
}

bool Lan::make_complete(unsigned count) {
    for (unsigned i = 1; i <= count; ++i) add(i);
    return run_until([&] { return is_complete(); });
}

void Lan::act(unsigned number, const Outputs& outputs) {
    Host& host = hosts_.at(number);
    Put put;
    put.add(outputs);
    for (const Transmit& transmit : outputs.transmits)
        if (sees) sees(number, transmit);
    for (const Put::Sent& sent : put.sent)
        for (auto& [other, there] : hosts_) {
            if (place(other) != sent.to) continue;
            if (loses && loses(number, other, sent.datagram)) continue;
            wire_.emplace(elapsed_ + kTravel, Travelling{number, other, sent.datagram});
        }
    put.sent.clear();
    host.put.deliveries.insert(host.put.deliveries.end(), put.deliveries.begin(),
                               put.deliveries.end());
    host.put.events.insert(host.put.events.end(), put.events.begin(), put.events.end());
    if (holds_verdicts) {
        host.put.jobs.insert(host.put.jobs.end(), put.jobs.begin(), put.jobs.end());
        return;
    }
    for (const VerifyJob& job : put.jobs)
        act(number, host.engine->handle_verified(job.ticket, is_valid(job), now()));
    if (checks_invariants) host.engine->check_invariants();
}

void Lan::turn() {
    while (!wire_.empty() && wire_.begin()->first <= elapsed_) {
        const Travelling one = std::move(wire_.begin()->second);
        wire_.erase(wire_.begin());
        if (hosts_.contains(one.to))
            act(one.to, engine(one.to).handle_datagram(place(one.from), one.datagram, now()));
    }
    for (auto& [number, host] : hosts_) {
        host.spins = 0;
        while (true) {
            const auto deadline = host.engine->next_deadline();
            if (!deadline || *deadline > now().monotonic) break;
            INSIST(++host.spins < kSpinsMax);
            act(number, host.engine->handle_timeout(now()));
        }
    }
}

void Lan::run_for(Duration duration) {
    for (const Duration end = elapsed_ + duration; elapsed_ < end; elapsed_ += kStep) turn();
}

bool Lan::run_until(const std::function<bool()>& is_done, Duration limit) {
    for (const Duration end = elapsed_ + limit; elapsed_ < end; run_for(5ms))
        if (is_done()) return true;
    return is_done();
}

bool Lan::is_complete() {
    return std::all_of(hosts_.begin(), hosts_.end(), [&](const auto& entry) {
        return entry.second.engine->link_count() == hosts_.size() - 1 &&
               entry.second.engine->alive_count() == hosts_.size();
    });
}

}  // namespace hearsay::gossip::ground
