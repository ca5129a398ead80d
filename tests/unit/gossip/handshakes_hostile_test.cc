#include "tests/catch.h"
#include "tests/unit/gossip/party.h"

// What strangers, and members that lie, can do to handshakes.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::kStart;
using ground::make_network;
using ground::Party;
using ground::place;
using ground::Put;
using ground::type_of;
using ground::Wire;
using wire::PacketType;

// A member's HELLO or HELLO2, made by hand.
struct Caller {
    explicit Caller(std::uint64_t number)
        : random(crypto::Secret(Bytes(32, static_cast<std::uint8_t>(number)))) {
        for (std::uint64_t i = 0; i < number / 256; ++i) random.next();
        ephemeral = crypto::Ephemeral::make(random);
        hello.network_tag = crypto::network_tag(make_network().id);
        hello.session = random.next();
        random.fill(hello.nonce.mutable_view());
        hello.ephemeral = ephemeral.public_key;
    }
    Bytes packet() const {
        const crypto::Network network = make_network();
        Bytes bytes = wire::write_hello(hello);
        wire::set_mac(bytes, crypto::network_mac(network.secrets[0], crypto::kHelloLabel,
                                                 network.id, wire::covered_part(bytes)));
        return bytes;
    }
    // Gets the cookie that `called` makes for `from`.
    void take_cookie(Party& called, const Endpoint& from, Instant now) {
        hello.cookie = {};
        called.receive(from, packet(), now);
        const Put put = called.ground.take();
        REQUIRE(put.sent.size() == 1);
        hello.cookie = wire::parse_cookie(put.sent[0].datagram)->cookie;
    }

    crypto::Random random;
    crypto::Ephemeral ephemeral;
    wire::Hello hello;
};

// `datagram` with each of its bytes changed in turn, to `to`: each is refused, counted once, and
// answered with nothing.
void check_flips(Party& to, const Endpoint& from, const Bytes& datagram, std::size_t begin,
                 std::size_t end) {
    Bytes damaged = datagram;
    for (std::size_t i = begin; i < end; ++i) {
        damaged[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
        const std::uint64_t refusals = to.refusals();
        to.receive(from, damaged, kStart);
        const Put put = to.ground.take();
        if (to.refusals() != refusals + 1) FAIL_CHECK("not counted once: byte " << i);
        if (!put.sent.empty() || !put.jobs.empty()) FAIL_CHECK("answered: byte " << i);
        damaged[i] = datagram[i];
    }
}

void check_all_flips(Party& to, const Endpoint& from, const Bytes& datagram) {
    check_flips(to, from, datagram, 0, datagram.size());
}

TEST_CASE("every flipped byte of every packet is refused and harms nothing",
          "[handshake][hostile]") {
    Party a(1), b(2);
    a.handshakes.dial(b.at, 4, kStart);
    const Bytes hello = a.ground.take().sent.at(0).datagram;
    check_all_flips(b, a.at, hello);
    b.receive(a.at, hello, kStart);
    const Bytes cookie = b.ground.take().sent.at(0).datagram;
    check_flips(a, b.at, cookie, 0, 32);  // what the caller can check
    a.receive(b.at, cookie, kStart);
    const Bytes hello2 = a.ground.take().sent.at(0).datagram;
    check_all_flips(b, a.at, hello2);
    CHECK(b.handshakes.next_deadline() == std::nullopt);
    b.receive(a.at, hello2, kStart);
    const Bytes auth_r = b.ground.take().sent.at(0).datagram;
    check_all_flips(a, b.at, auth_r);
    a.receive(b.at, auth_r, kStart);
    a.verify(a.ground.take());
    a.collect();
    REQUIRE(a.established.size() == 1);
    const Bytes auth_i = a.ground.take().sent.at(0).datagram;
    check_all_flips(b, a.at, auth_i);
    b.receive(a.at, auth_i, kStart);
    b.verify(b.ground.take());
    b.collect();
    REQUIRE(b.established.size() == 1);
    CHECK(b.established[0].receive_key.equals(a.established[0].send_key));
}

TEST_CASE("a cookie that was changed on its way comes to nothing", "[handshake][hostile]") {
    for (std::size_t i = 32; i < wire::kCookieSize; ++i) {
        Party a(1), b(2);
        a.handshakes.dial(b.at, 4, kStart);
        b.receive(a.at, a.ground.take().sent.at(0).datagram, kStart);
        Bytes cookie = b.ground.take().sent.at(0).datagram;
        cookie[i] ^= 0x10;
        a.receive(b.at, cookie, kStart);
        b.receive(a.at, a.ground.take().sent.at(0).datagram, kStart);
        if (b.counted(Counter::refused_bad_cookie) != 1) FAIL_CHECK("byte " << i);
        CHECK(b.ground.take().sent.empty());
        CHECK(b.handshakes.next_deadline() == std::nullopt);
    }
}

TEST_CASE("every truncation of every packet is refused", "[handshake][hostile]") {
    Party a(1), b(2);
    Wire wire(a, b);
    a.handshakes.dial(b.at, 4, kStart);
    wire.run(kStart);
    for (const Bytes& datagram : wire.carried)
        for (std::size_t size = 0; size < datagram.size(); ++size)
            for (Party* party : {&a, &b}) {
                party->receive(place(3), ByteView(datagram).first(size), kStart);
                if (!party->ground.take().sent.empty()) FAIL_CHECK("answered");
            }
    CHECK(a.handshakes.next_deadline() == std::nullopt);
    CHECK(b.handshakes.next_deadline() == std::nullopt);
}

TEST_CASE("HELLOs leave no state, however many", "[handshake][hostile]") {
    Party b(2);
    const Bytes hello = Caller(1).packet();
    for (unsigned i = 0; i < 2'000; ++i) {
        b.receive(place(100 + i), hello, kStart);
        const Put put = b.ground.take();
        REQUIRE(put.sent.size() == 1);
        CHECK(put.sent[0].to == place(100 + i));
        CHECK(type_of(put.sent[0].datagram) == PacketType::cookie);
        CHECK(put.jobs.empty());
    }
    CHECK(b.handshakes.next_deadline() == std::nullopt);
    CHECK(b.desk.pending() == 0);
}

TEST_CASE("a cookie is good for its address, nonce and key alone", "[handshake][hostile]") {
    Party b(2);
    Caller caller(1);
    caller.take_cookie(b, place(3), kStart);
    const auto check_bad = [&](const Endpoint& from, const Caller& who) {
        const std::uint64_t count = b.counted(Counter::refused_bad_cookie);
        b.receive(from, who.packet(), kStart);
        CHECK(b.counted(Counter::refused_bad_cookie) == count + 1);
        CHECK(b.ground.take().sent.empty());
    };
    check_bad(place(4), caller);
    check_bad(place(3).with_port(1), caller);
    Endpoint other_interface = place(3);
    other_interface.scope = 5;
    check_bad(other_interface, caller);
    Caller other(2);
    other.hello.cookie = caller.hello.cookie;
    check_bad(place(3), other);
    b.receive(place(3), caller.packet(), kStart);
    CHECK(b.ground.take().sent.size() == 1);
}

TEST_CASE("an old cookie is refused", "[handshake][hostile]") {
    Party b(2);
    Caller caller(1);
    caller.take_cookie(b, place(3), kStart);
    b.receive(place(3), caller.packet(), kStart + 239s);
    CHECK(b.ground.take().sent.size() == 1);
    Caller late(2);
    late.take_cookie(b, place(3), kStart + 239s);
    b.receive(place(3), late.packet(), kStart + 239s + 241s);
    CHECK(b.counted(Counter::refused_bad_cookie) == 1);
    CHECK(b.ground.take().sent.empty());
}

TEST_CASE("a repeated HELLO2 gets the same AUTH_R, and only where it was first sent",
          "[handshake][hostile]") {
    Party b(2);
    Caller caller(1);
    caller.take_cookie(b, place(3), kStart);
    const Bytes hello2 = caller.packet();
    b.receive(place(3), hello2, kStart);
    const Bytes first = b.ground.take().sent.at(0).datagram;
    for (int i = 0; i < 1'000; ++i) {
        b.receive(place(3), hello2, kStart + 1s);
        const Put put = b.ground.take();
        REQUIRE(put.sent.size() == 1);
        CHECK(put.sent[0].datagram == first);
    }
    // Another session under the same nonce and cookie.
    caller.hello.session += 1;
    b.receive(place(3), caller.packet(), kStart + 1s);
    CHECK(b.ground.take().sent.empty());
    b.handshakes.handle_timeout(kStart + Handshakes::kAcceptWait);
    CHECK(b.handshakes.next_deadline() == std::nullopt);
}

TEST_CASE("accepted handshakes are bounded in number, the oldest gives way",
          "[handshake][hostile]") {
    Party b(2);
    std::vector<Bytes> hellos;
    for (unsigned i = 0; i <= Handshakes::kAcceptsMax; ++i) {
        Caller caller(i + 1);
        caller.take_cookie(b, place(100 + i), kStart + 1ms * i);
        hellos.push_back(caller.packet());
        b.receive(place(100 + i), hellos.back(), kStart + 1ms * i);
        CHECK(b.ground.take().sent.size() == 1);
    }
    CHECK(b.counted(Counter::pending_evicted) == 1);
    const Instant now = kStart + 1s;
    // The second is still there: it gets what it got; and the first is a newcomer again.
    b.receive(place(101), hellos[1], now);
    CHECK(b.counted(Counter::pending_evicted) == 1);
    b.receive(place(100), hellos[0], now);
    CHECK(b.counted(Counter::pending_evicted) == 2);
}

TEST_CASE("accepted handshakes are bounded in rate", "[handshake][hostile]") {
    Party b(2);
    std::size_t answered = 0;
    for (unsigned i = 0; i < 520; ++i) {
        Caller caller(i + 1);
        caller.take_cookie(b, place(100 + i), kStart);
        b.receive(place(100 + i), caller.packet(), kStart);
        answered += b.ground.take().sent.size();
    }
    CHECK(answered == 500);
    CHECK(b.counted(Counter::refused_source_rate) == 20);
}

TEST_CASE("a low-order ephemeral ends the handshake", "[handshake][hostile]") {
    Party b(2);
    for (const std::uint8_t low : Bytes{0, 1}) {
        Caller caller(1);
        caller.hello.ephemeral = {};
        caller.hello.ephemeral.bytes[0] = low;
        caller.take_cookie(b, place(3), kStart);
        b.receive(place(3), caller.packet(), kStart);
        CHECK(b.ground.take().sent.empty());
    }
    CHECK(b.counted(Counter::refused_handshake) == 2);
    CHECK(b.handshakes.next_deadline() == std::nullopt);
}

TEST_CASE("answers nobody asked for are refused", "[handshake][hostile]") {
    Party a(1), b(2), stranger(3);
    Wire wire(a, b);
    a.handshakes.dial(b.at, 4, kStart);
    wire.run(kStart);
    for (const std::size_t i : {1U, 3U, 4U}) {
        const std::uint64_t count = stranger.counted(Counter::refused_handshake);
        stranger.receive(a.at, wire.carried[i], kStart);
        CHECK(stranger.counted(Counter::refused_handshake) == count + 1);
    }
    CHECK(stranger.ground.take().sent.empty());
}

TEST_CASE("answers from another place than was dialled are refused", "[handshake][hostile]") {
    Party a(1), b(2);
    a.handshakes.dial(b.at, 4, kStart);
    b.receive(a.at, a.ground.take().sent.at(0).datagram, kStart);
    const Bytes cookie = b.ground.take().sent.at(0).datagram;
    a.receive(place(9), cookie, kStart);
    CHECK(a.counted(Counter::refused_handshake) == 1);
    CHECK(a.ground.take().sent.empty());
    a.receive(b.at, cookie, kStart);
    b.receive(a.at, a.ground.take().sent.at(0).datagram, kStart);
    const Bytes auth_r = b.ground.take().sent.at(0).datagram;
    a.receive(place(9), auth_r, kStart);
    CHECK(a.counted(Counter::refused_handshake) == 2);
    CHECK(a.ground.take().jobs.empty());
    a.receive(b.at, auth_r, kStart);
    const Put put = a.ground.take();
    CHECK(put.jobs.size() == 1);
    a.receive(b.at, auth_r, kStart);  // while it is checked
    CHECK(a.ground.take().jobs.empty());
    a.verify(put);
    const Bytes auth_i = a.ground.take().sent.at(0).datagram;
    b.receive(place(9), auth_i, kStart);
    CHECK(b.counted(Counter::refused_handshake) == 1);
    CHECK(b.ground.take().jobs.empty());
}

TEST_CASE("a signature that does not verify makes no session", "[handshake][hostile]") {
    Party a(1), b(2);
    a.handshakes.dial(b.at, 4, kStart);
    b.receive(a.at, a.ground.take().sent.at(0).datagram, kStart);
    a.receive(b.at, b.ground.take().sent.at(0).datagram, kStart);
    b.receive(a.at, a.ground.take().sent.at(0).datagram, kStart);
    const Bytes auth_r = b.ground.take().sent.at(0).datagram;
    a.receive(b.at, auth_r, kStart);
    for (const VerifyJob& job : a.ground.take().jobs)
        a.handshakes.handle_verdict(a.desk.settle(job.ticket)->key, false);
    a.collect();
    CHECK(a.established.empty());
    REQUIRE(a.failed.size() == 1);
    CHECK(a.failed[0].why == FailedDial::Why::refused);
    CHECK(a.counted(Counter::refused_handshake) == 1);
    CHECK_FALSE(a.handshakes.is_dialling(b.at));
}

TEST_CASE("a caller whose signature does not verify is forgotten", "[handshake][hostile]") {
    Party a(1), b(2);
    Wire wire(a, b);
    wire.loses = [](const Endpoint&, const Bytes& datagram) {
        return type_of(datagram) == PacketType::auth_i;
    };
    a.handshakes.dial(b.at, 4, kStart);
    wire.run(kStart);
    REQUIRE(a.established.size() == 1);
    b.receive(a.at, a.established[0].auth_i, kStart);
    const Put put = b.ground.take();
    REQUIRE(put.jobs.size() == 1);
    b.receive(a.at, a.established[0].auth_i, kStart);
    CHECK(b.ground.take().jobs.empty());  // one check is enough
    b.handshakes.handle_verdict(b.desk.settle(put.jobs[0].ticket)->key, false);
    b.collect();
    CHECK(b.established.empty());
    CHECK(b.handshakes.next_deadline() == std::nullopt);
}

TEST_CASE("a signature of one handshake is worth nothing in another", "[handshake][hostile]") {
    // What is signed covers both ephemerals, the roles, the network and the transcript.
    Party a(1), b(2);
    std::vector<Bytes> messages;
    for (int i = 0; i < 2; ++i) {
        a.handshakes.dial(b.at, 4, kStart);
        Wire wire(a, b);
        for (bool is_quiet = false; !is_quiet;) {
            is_quiet = true;
            for (Party* from : {&a, &b}) {
                const Put put = from->ground.take();
                is_quiet = is_quiet && put.sent.empty() && put.jobs.empty();
                for (const VerifyJob& job : put.jobs) messages.push_back(job.message);
                from->verify(put);
                Party& to = from == &a ? b : a;
                for (const Put::Sent& sent : put.sent) to.receive(from->at, sent.datagram, kStart);
            }
        }
    }
    REQUIRE(messages.size() == 4);
    for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < i; ++j) CHECK(messages[i] != messages[j]);
}

}  // namespace
}  // namespace hearsay::gossip
