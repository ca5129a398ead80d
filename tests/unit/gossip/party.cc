#include "tests/unit/gossip/party.h"

namespace hearsay::gossip::ground {

void Party::receive(const Endpoint& from, ByteView datagram, Instant now) {
    const auto type = wire::packet_type(datagram);
    if (!type) {
        ground.core.count(Counter::refused_unknown_type);
        return;
    }
    switch (*type) {
        case wire::PacketType::hello:
        case wire::PacketType::hello2: return handshakes.handle_hello(from, datagram, now);
        case wire::PacketType::cookie: return handshakes.handle_cookie(from, datagram, now);
        case wire::PacketType::auth_r: return handshakes.handle_auth_r(from, datagram, now);
        case wire::PacketType::auth_i: return handshakes.handle_auth_i(from, datagram, now);
        case wire::PacketType::sealed:
        case wire::PacketType::beacon: ground.core.count(Counter::refused_unknown_type);
    }
}

void Party::verify(const Put& put) {
    for (const VerifyJob& job : put.jobs)
        if (const auto claim = desk.settle(job.ticket))
            handshakes.handle_verdict(claim->key, is_valid(job));
}

void Party::collect() {
    for (Established& one : handshakes.take_established()) established.push_back(std::move(one));
    for (const FailedDial& one : handshakes.take_failed()) failed.push_back(one);
}

std::uint64_t Party::refusals() const {
    std::uint64_t sum = 0;
    for (auto i = static_cast<std::size_t>(Counter::refused_too_short);
         i <= static_cast<std::size_t>(Counter::duplicates); ++i)
        sum += counted(static_cast<Counter>(i));
    return sum;
}

void Wire::run(Instant now) {
    for (bool is_quiet = false; !is_quiet;) {
        is_quiet = true;
        for (Party* from : {&a, &b}) {
            const Put put = from->ground.take();
            from->verify(put);
            from->collect();
            is_quiet = is_quiet && put.sent.empty() && put.jobs.empty();
            for (const Put::Sent& sent : put.sent) {
                if (loses && loses(sent.to, sent.datagram)) continue;
                carried.push_back(sent.datagram);
                Party& to = sent.to == a.at ? a : b;
                if (sent.to == to.at) to.receive(from->at, sent.datagram, now);
            }
            if (&a == &b) break;
        }
    }
}

bool Wire::run_until_established(Duration limit, Duration step) {
    for (Duration now{}; now <= limit; now += step) {
        a.handshakes.handle_timeout(kStart + now);
        if (&a != &b) b.handshakes.handle_timeout(kStart + now);
        // What the link would do until it hears the other side.
        for (const Established& one : a.established)
            if (b.established.empty() && now % std::chrono::milliseconds(200) == Duration::zero())
                a.ground.core.outbox.send_copy(one.at, one.auth_i);
        run(kStart + now);
        if (!a.established.empty() && !b.established.empty()) return true;
    }
    return false;
}

}  // namespace hearsay::gossip::ground
