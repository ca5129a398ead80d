#include "daemon/gossip/handshakes.h"

namespace hearsay::gossip {

Handshakes::Handshakes(Core& core, VerifyDesk& desk)
    : core_(core),
      desk_(desk),
      cookies_(core.random.fork()),
      accept_rate_(kAcceptRate, kAcceptRate) {}

bool Handshakes::dial(const Endpoint& at, unsigned hello_max, Instant now) {
    if (!has_room() || is_dialling(at)) return false;
    Dial dial;
    dial.at = at;
    dial.ephemeral = crypto::Ephemeral::make(core_.random);
    core_.random.fill(dial.nonce.mutable_view());
    dial.session = core_.random.next();
    dial.hello_max = hello_max;
    dial.pause = kRetryFirst;
    dial.begun_at = now;
    dial.expires_at = now + kDialWait;
    send_hello(dial, now);
    dial_of_.emplace(at, dial.session);
    const wire::SessionId session = dial.session;
    return dials_.emplace(session, std::move(dial)).second;
}

void Handshakes::probe(const Endpoint& at, std::size_t secret_place) {
    if (!probe_ || probe_->secret_place != secret_place) {
        wire::Hello hello;
        core_.random.fill(hello.nonce.mutable_view());
        hello.session = core_.random.next();
        hello.ephemeral = crypto::Ephemeral::make(core_.random).public_key;
        probe_ = Probe{hello.session, hello.nonce, secret_place, make_hello(hello, secret_place)};
    }
    core_.outbox.send_copy(at, probe_->hello);
}

Bytes Handshakes::make_hello(wire::Hello hello, std::size_t secret_place) const {
    hello.network_tag = crypto::network_tag(core_.network.id);
    Bytes packet = wire::write_hello(hello);
    wire::set_mac(packet, crypto::network_mac(core_.secret(secret_place), crypto::kHelloLabel,
                                              core_.network.id, wire::covered_part(packet)));
    return packet;
}

void Handshakes::send_hello(Dial& dial, Instant now) {
    // Two unanswered: perhaps the other side has only our next secret.
    if (dial.hello_count > 0 && dial.hello_count % 2 == 0)
        dial.secret_place = (dial.secret_place + 1) % core_.network.secrets.size();
    wire::Hello hello;
    hello.session = dial.session;
    hello.nonce = dial.nonce;
    hello.ephemeral = dial.ephemeral.public_key;
    core_.outbox.send_copy(dial.at, make_hello(hello, dial.secret_place));
    ++dial.hello_count;
    dial.sent_at = now;
    if (dial.hello_max >= kHellosToSeed)
        dial.again_at = soon_again(dial, now);
    else
        dial.again_at = dial.hello_count < dial.hello_max ? now + dial.pause : dial.expires_at;
    dial.pause *= 2;
}

std::optional<std::size_t> Handshakes::secret_of(const wire::Hello& hello, const Endpoint& from,
                                                 Instant now) {
    if (hello.network_tag != crypto::network_tag(core_.network.id)) {
        core_.count(Counter::refused_wrong_network);
        Core::see(core_.sightings.wrong_network, {from, now});
        return std::nullopt;
    }
    for (std::size_t i = 0; i < core_.network.secrets.size(); ++i) {
        const crypto::Mac mac =
            crypto::network_mac(core_.secret(i), crypto::kHelloLabel, core_.network.id,
                                hello.covered);
        if (crypto::equal_in_constant_time(mac.view(), hello.mac.view())) return i;
    }
    core_.count(Counter::refused_bad_mac);
    Core::see(core_.sightings.wrong_secret, {from, now});
    return std::nullopt;
}

void Handshakes::handle_hello(const Endpoint& from, ByteView datagram, Instant now) {
    const auto hello = wire::parse_hello(datagram);
    if (!hello) {
        core_.count(Counter::refused_malformed_packet);
        return;
    }
    const auto secret_place = secret_of(*hello, from, now);
    if (!secret_place) return;
    if (hello->cookie.is_zero()) {
        const wire::CookieReply reply{
            hello->session, hello->nonce,
            cookies_.make(from, hello->nonce, hello->ephemeral, now)};
        core_.outbox.send_copy(from, wire::write_cookie(reply));
        return;
    }
    if (!cookies_.check(hello->cookie, from, hello->nonce, hello->ephemeral, now)) {
        core_.count(Counter::refused_bad_cookie);
        return;
    }
    answer_hello2(from, datagram, *hello, *secret_place, now);
}

void Handshakes::answer_hello2(const Endpoint& from, ByteView datagram, const wire::Hello& hello,
                               std::size_t secret_place, Instant now) {
    if (const auto known = accept_of_.find(hello.nonce); known != accept_of_.end()) {
        const Accept& accept = accepts_.at(known->second);
        if (accept.at == from && accept.their_session == hello.session)
            core_.outbox.send_copy(from, accept.auth_r);
        return;
    }
    if (!accept_rate_.take(1, now)) {
        core_.count(Counter::refused_source_rate);
        return;
    }
    if (accepts_.size() >= kAcceptsMax) {
        core_.count(Counter::pending_evicted);
        const auto oldest = std::min_element(
            accepts_.begin(), accepts_.end(), [](const auto& a, const auto& b) {
                return a.second.expires_at < b.second.expires_at;
            });
        erase_accept(oldest->first);
    }
    Accept accept;
    accept.at = from;
    accept.nonce = hello.nonce;
    accept.theirs = hello.ephemeral;
    accept.ephemeral = crypto::Ephemeral::make(core_.random);
    accept.their_session = hello.session;
    accept.secret_place = secret_place;
    accept.expires_at = now + kAcceptWait;
    const wire::SessionId session = core_.random.next();
    accept.auth_r =
        wire::write_auth_r_clear(hello.session, session, accept.ephemeral.public_key);
    const crypto::Hash transcript =
        crypto::handshake_transcript(core_.network.id, {datagram, accept.auth_r});
    auto keys = crypto::derive_keys(crypto::Role::responder, accept.ephemeral, hello.ephemeral,
                                    core_.secret(secret_place), transcript);
    if (!keys) {
        core_.count(Counter::refused_handshake);
        return;
    }
    accept.keys = std::move(*keys);
    const Bytes sealed =
        seal_auth(crypto::Role::responder, accept.keys.handshake_responder, transcript,
                  hello.ephemeral, accept.ephemeral.public_key);
    accept.auth_r.insert(accept.auth_r.end(), sealed.begin(), sealed.end());
    core_.outbox.send_copy(from, accept.auth_r);
    accept_of_.emplace(accept.nonce, session);
    accepts_.emplace(session, std::move(accept));
}

Bytes Handshakes::seal_auth(crypto::Role role, const crypto::Secret& key,
                            const crypto::Hash& transcript, const crypto::EphemeralKey& initiator,
                            const crypto::EphemeralKey& responder) {
    wire::AuthPayload payload;
    payload.node = core_.self_id;
    payload.signature = core_.signer->sign(crypto::handshake_signed_bytes(
        role, core_.network.id, initiator, responder, transcript));
    payload.epoch = core_.epoch;
    payload.datagram_size = static_cast<std::uint16_t>(core_.config.wire.datagram_size);
    for (const auto& codec : core_.codecs->all()) payload.codecs.push_back(codec->id());
    return crypto::seal_handshake(key, transcript, wire::write_auth_payload(payload));
}

std::optional<Handshakes::Peer> Handshakes::open_auth(const crypto::Secret& key,
                                                      const crypto::Hash& transcript,
                                                      ByteView sealed, Instant now) {
    const auto plain = crypto::open_handshake(key, transcript, sealed);
    if (!plain) {
        core_.count(Counter::refused_handshake);
        return std::nullopt;
    }
    auto payload = wire::parse_auth_payload(*plain);
    if (!payload) {
        core_.count(Counter::refused_handshake);
        return std::nullopt;
    }
    Peer peer{std::move(*payload), nullptr, now};
    peer.codec = core_.codecs->preferred_of(peer.payload.codecs);
    return peer;
}

bool Handshakes::has_codec_for(const Peer& peer, const Endpoint& at) {
    if (peer.codec != nullptr) return true;
    core_.count(Counter::refused_no_common_codec);
    Core::see(core_.sightings.no_common_codec, {at, peer.read_at, 0, peer.payload.codecs});
    return false;
}

void Handshakes::handle_cookie(const Endpoint& from, ByteView datagram, Instant now) {
    const auto reply = wire::parse_cookie(datagram);
    if (!reply) {
        core_.count(Counter::refused_malformed_packet);
        return;
    }
    if (probe_ && probe_->session == reply->session && probe_->nonce == reply->nonce) {
        answers_.push_back(from);
        return;
    }
    const auto found = dials_.find(reply->session);
    if (found == dials_.end() || found->second.at != from ||
        found->second.nonce != reply->nonce) {
        core_.count(Counter::refused_handshake);
        return;
    }
    Dial& dial = found->second;
    if (!dial.hello2.empty()) return;  // the cookie of a repeated HELLO
    if (dial.hello_count == 1) dial.round_trip = now - dial.sent_at;
    wire::Hello hello;
    hello.session = dial.session;
    hello.nonce = dial.nonce;
    hello.ephemeral = dial.ephemeral.public_key;
    hello.cookie = reply->cookie;
    dial.hello2 = make_hello(hello, dial.secret_place);
    core_.outbox.send_copy(dial.at, dial.hello2);
    dial.begun_at = now;
    dial.again_at = soon_again(dial, now);
    dial.expires_at = now + kDialWait;
}

void Handshakes::handle_auth_r(const Endpoint& from, ByteView datagram, Instant now) {
    const auto auth = wire::parse_auth_r(datagram);
    if (!auth) {
        core_.count(Counter::refused_malformed_packet);
        return;
    }
    const auto found = dials_.find(auth->session);
    if (found == dials_.end() || found->second.at != from || found->second.hello2.empty()) {
        core_.count(Counter::refused_handshake);
        return;
    }
    Dial& dial = found->second;
    if (dial.keys) return;  // a repeated one; the first is being verified
    const crypto::Hash transcript =
        crypto::handshake_transcript(core_.network.id, {dial.hello2, auth->clear});
    auto keys = crypto::derive_keys(crypto::Role::initiator, dial.ephemeral, auth->ephemeral,
                                    core_.secret(dial.secret_place), transcript);
    if (!keys) {
        core_.count(Counter::refused_handshake);
        return;
    }
    auto peer = open_auth(keys->handshake_responder, transcript, auth->sealed, now);
    if (!peer) return;
    dial.peer = std::move(*peer);
    dial.keys = std::move(*keys);
    dial.their_session = auth->own_session;
    dial.theirs = auth->ephemeral;
    const Bytes message =
        crypto::handshake_signed_bytes(crypto::Role::responder, core_.network.id,
                                       dial.ephemeral.public_key, auth->ephemeral, transcript);
    if (!desk_.ask(VerifyDesk::Purpose::handshake, dial.session, dial.peer.payload.node, message,
                   dial.peer.payload.signature, now))
        dial.keys.reset();
}

void Handshakes::handle_auth_i(const Endpoint& from, ByteView datagram, Instant now) {
    const auto auth = wire::parse_auth_i(datagram);
    if (!auth) {
        core_.count(Counter::refused_malformed_packet);
        return;
    }
    const auto found = accepts_.find(auth->session);
    if (found == accepts_.end() || found->second.at != from) {
        core_.count(Counter::refused_handshake);
        return;
    }
    Accept& accept = found->second;
    if (accept.is_verifying) return;
    auto peer =
        open_auth(accept.keys.handshake_initiator, accept.keys.transcript, auth->sealed, now);
    if (!peer) return;
    accept.peer = std::move(*peer);
    const Bytes message = crypto::handshake_signed_bytes(
        crypto::Role::initiator, core_.network.id, accept.theirs, accept.ephemeral.public_key,
        accept.keys.transcript);
    accept.is_verifying =
        desk_.ask(VerifyDesk::Purpose::handshake, auth->session, accept.peer.payload.node,
                  message, accept.peer.payload.signature, now);
}

void Handshakes::handle_verdict(std::uint64_t key, bool is_valid) {
    if (!is_valid) core_.count(Counter::refused_handshake);
    if (const auto dial = dials_.find(key); dial != dials_.end() && dial->second.keys) {
        finish_dial(key, dial->second, is_valid);
        dial_of_.erase(dial->second.at);
        dials_.erase(dial);
    } else if (const auto accept = accepts_.find(key); accept != accepts_.end()) {
        finish_accept(key, accept->second, is_valid);
        erase_accept(key);
    }
}

Established Handshakes::facts_of(const Peer& peer, const Endpoint& at,
                                 std::size_t secret_place) const {
    Established facts;
    facts.peer = peer.payload.node;
    facts.peer_epoch = peer.payload.epoch;
    facts.at = at;
    facts.codec = peer.codec;
    for (const auto& codec : core_.codecs->all()) facts.readable.push_back(codec->id());
    facts.datagram_size =
        std::clamp<std::size_t>(std::min<std::size_t>(peer.payload.datagram_size,
                                                      core_.config.wire.datagram_size),
                                wire::kDatagramSizeDefault, wire::kDatagramSizeMax);
    facts.secret_place = secret_place;
    facts.network_secret = core_.secret(secret_place).clone();
    return facts;
}

void Handshakes::finish_dial(wire::SessionId session, Dial& dial, bool is_valid) {
    if (!is_valid) return fail(dial, FailedDial::Why::refused);
    if (dial.peer.payload.node == core_.self_id) {
        core_.count(Counter::refused_self);
        return fail(dial, FailedDial::Why::self);
    }
    Established facts = facts_of(dial.peer, dial.at, dial.secret_place);
    facts.our_session = session;
    facts.their_session = dial.their_session;
    facts.send_key = std::move(dial.keys->session_initiator);
    facts.receive_key = std::move(dial.keys->session_responder);
    facts.is_initiator = true;
    facts.round_trip = dial.round_trip;
    facts.auth_i = wire::write_auth_i_clear(dial.their_session);
    const Bytes sealed =
        seal_auth(crypto::Role::initiator, dial.keys->handshake_initiator, dial.keys->transcript,
                  dial.ephemeral.public_key, dial.theirs);
    facts.auth_i.insert(facts.auth_i.end(), sealed.begin(), sealed.end());
    core_.outbox.send_copy(dial.at, facts.auth_i);
    if (!has_codec_for(dial.peer, dial.at)) return fail(dial, FailedDial::Why::refused);
    established_.push_back(std::move(facts));
}

void Handshakes::finish_accept(wire::SessionId session, Accept& accept, bool is_valid) {
    if (!is_valid) return;
    if (accept.peer.payload.node == core_.self_id) {
        core_.count(Counter::refused_self);
        return;
    }
    if (!has_codec_for(accept.peer, accept.at)) return;
    Established facts = facts_of(accept.peer, accept.at, accept.secret_place);
    facts.our_session = session;
    facts.their_session = accept.their_session;
    facts.send_key = std::move(accept.keys.session_responder);
    facts.receive_key = std::move(accept.keys.session_initiator);
    established_.push_back(std::move(facts));
}

void Handshakes::fail(const Dial& dial, FailedDial::Why why) {
    core_.count(Counter::handshakes_failed);
    failed_.push_back({dial.at, why, dial.peer.payload.epoch});
}

void Handshakes::erase_accept(wire::SessionId session) {
    const auto found = accepts_.find(session);
    accept_of_.erase(found->second.nonce);
    accepts_.erase(found);
}

void Handshakes::handle_timeout(Instant now) {
    for (auto it = dials_.begin(); it != dials_.end();) {
        Dial& dial = it->second;
        if (dial.expires_at <= now) {
            fail(dial, FailedDial::Why::no_answer);
            dial_of_.erase(dial.at);
            it = dials_.erase(it);
            continue;
        }
        if (dial.again_at <= now && !dial.keys) {
            if (dial.hello2.empty()) {
                send_hello(dial, now);
            } else {
                core_.outbox.send_copy(dial.at, dial.hello2);
                dial.again_at = soon_again(dial, now);
            }
        }
        ++it;
    }
    for (auto it = accepts_.begin(); it != accepts_.end();) {
        const auto next = std::next(it);
        if (it->second.expires_at <= now) erase_accept(it->first);
        it = next;
    }
}

std::optional<Instant> Handshakes::next_deadline() const {
    std::optional<Instant> next;
    for (const auto& [session, dial] : dials_)
        next = earliest(next, dial.keys ? dial.expires_at : std::min(dial.again_at,
                                                                     dial.expires_at));
    for (const auto& [session, accept] : accepts_) next = earliest(next, accept.expires_at);
    return next;
}

void Handshakes::reset() {
    for (const auto& [session, dial] : dials_) fail(dial, FailedDial::Why::no_answer);
    dials_.clear();
    dial_of_.clear();
    accepts_.clear();
    accept_of_.clear();
    probe_.reset();
}

}  // namespace hearsay::gossip
