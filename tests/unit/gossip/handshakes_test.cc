#include "tests/catch.h"
#include "tests/unit/gossip/party.h"

// Handshakes that come to something, or to an orderly end.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::kStart;
using ground::make_network;
using ground::Party;
using ground::place;
using ground::type_of;
using ground::Wire;
using wire::PacketType;

std::vector<PacketType> types_of(const std::vector<Bytes>& datagrams) {
    std::vector<PacketType> types;
    for (const Bytes& datagram : datagrams) types.push_back(type_of(datagram));
    return types;
}

// Says nothing, but has an id of its own.
class OtherCodec final : public wire::Codec {
public:
    wire::CodecId id() const override { return 9; }
    std::string_view name() const override { return "other"; }
    std::size_t encode(const wire::Frame&, MutableBytes) override { return 0; }
    bool decode(ByteView, wire::FrameArena&, wire::Frame&) override { return false; }
};

TEST_CASE("five packets make a session that both sides see alike", "[handshake]") {
    Party a(1), b(2);
    Wire wire(a, b);
    REQUIRE(a.handshakes.dial(b.at, 4, kStart));
    wire.run(kStart);
    CHECK(types_of(wire.carried) ==
          std::vector<PacketType>{PacketType::hello, PacketType::cookie, PacketType::hello2,
                                  PacketType::auth_r, PacketType::auth_i});
    REQUIRE(a.established.size() == 1);
    REQUIRE(b.established.size() == 1);
    const Established& mine = a.established[0];
    const Established& theirs = b.established[0];
    CHECK(mine.peer == b.ground.core.self_id);
    CHECK(theirs.peer == a.ground.core.self_id);
    CHECK(mine.at == b.at);
    CHECK(theirs.at == a.at);
    CHECK(mine.is_initiator);
    CHECK_FALSE(theirs.is_initiator);
    CHECK(mine.our_session == theirs.their_session);
    CHECK(mine.their_session == theirs.our_session);
    CHECK(mine.our_session != theirs.our_session);
    CHECK(mine.send_key.equals(theirs.receive_key));
    CHECK(mine.receive_key.equals(theirs.send_key));
    CHECK_FALSE(mine.send_key.equals(mine.receive_key));
    CHECK(mine.peer_epoch == ground::kEpoch);
    CHECK(mine.codec->id() == wire::kFlatbuffersId);
    CHECK(mine.readable == std::vector<wire::CodecId>{wire::kFlatbuffersId});
    CHECK(mine.network_secret.equals(ground::secret_of(1)));
    CHECK(mine.auth_i == wire.carried.back());
    CHECK(theirs.auth_i.empty());
    CHECK(a.refusals() == 0);
    CHECK(b.refusals() == 0);
    CHECK(a.handshakes.next_deadline() == std::nullopt);
    CHECK(b.handshakes.next_deadline() == std::nullopt);
    CHECK_FALSE(a.handshakes.is_dialling(b.at));
}

TEST_CASE("no two handshakes make alike keys or sessions", "[handshake]") {
    Party a(1), b(2);
    for (int i = 0; i < 2; ++i) {
        a.handshakes.dial(b.at, 4, kStart);
        Wire(a, b).run(kStart);
    }
    REQUIRE(a.established.size() == 2);
    CHECK(a.established[0].our_session != a.established[1].our_session);
    CHECK_FALSE(a.established[0].send_key.equals(a.established[1].send_key));
}

TEST_CASE("no answer is larger than what it answers", "[handshake]") {
    Party a(1), b(2);
    Wire wire(a, b);
    a.handshakes.dial(b.at, 4, kStart);
    wire.run(kStart);
    REQUIRE(wire.carried.size() == 5);
    CHECK(wire.carried[1].size() * 4 == wire.carried[0].size());
    CHECK(wire.carried[3].size() <= wire.carried[2].size());
    CHECK(wire.carried[0].size() == wire::kHelloSize);
}

TEST_CASE("the round trip is measured when one HELLO was enough", "[handshake]") {
    for (const bool is_repeated : {false, true}) {
        Party a(1), b(2);
        a.handshakes.dial(b.at, 4, kStart);
        if (is_repeated) {
            a.ground.take();
            a.handshakes.handle_timeout(kStart + 250ms);
        }
        b.receive(a.at, a.ground.take().sent.at(0).datagram, kStart + 251ms);
        a.receive(b.at, b.ground.take().sent.at(0).datagram, kStart + 252ms);
        Wire(a, b).run(kStart + 252ms);
        REQUIRE(a.established.size() == 1);
        if (is_repeated)
            CHECK(a.established[0].round_trip == std::nullopt);
        else
            CHECK(a.established[0].round_trip == 252ms);
    }
}

TEST_CASE("both take the smaller datagram, within what the protocol allows", "[handshake]") {
    config::Gossip large;
    large.wire.datagram_size = 1'452;
    config::Gossip larger;
    larger.wire.datagram_size = 9'000;
    for (const auto& [theirs, expected] :
         {std::pair{config::Gossip{}, 1'200U}, {large, 1'452U}, {larger, 1'452U}}) {
        Party a(1, make_network(), large), b(2, make_network(), theirs);
        a.handshakes.dial(b.at, 4, kStart);
        Wire(a, b).run(kStart);
        REQUIRE(b.established.size() == 1);
        CHECK(a.established[0].datagram_size == expected);
        CHECK(b.established[0].datagram_size == expected);
    }
}

TEST_CASE("each side sends in the codec it prefers among those the other reads", "[handshake]") {
    Party a(1), b(2);
    a.ground.codecs.add(std::make_unique<OtherCodec>());
    b.ground.codecs = {};
    b.ground.codecs.add(std::make_unique<OtherCodec>());
    b.ground.codecs.add(wire::make_flatbuffers_codec());
    a.handshakes.dial(b.at, 4, kStart);
    Wire(a, b).run(kStart);
    REQUIRE(b.established.size() == 1);
    CHECK(a.established[0].codec->id() == wire::kFlatbuffersId);
    CHECK(b.established[0].codec->id() == 9);
}

TEST_CASE("without a common codec there is no session", "[handshake]") {
    Party a(1), b(2);
    b.ground.codecs = {};
    b.ground.codecs.add(std::make_unique<OtherCodec>());
    a.handshakes.dial(b.at, 4, kStart);
    Wire(a, b).run(kStart);
    CHECK(a.counted(Counter::refused_no_common_codec) == 1);
    CHECK(b.counted(Counter::refused_no_common_codec) == 1);
    REQUIRE(a.ground.core.sightings.no_common_codec);
    REQUIRE(b.ground.core.sightings.no_common_codec);
    CHECK(a.ground.core.sightings.no_common_codec->at == b.at);
    CHECK(a.ground.core.sightings.no_common_codec->codecs == std::vector<wire::CodecId>{9});
    CHECK(b.ground.core.sightings.no_common_codec->at == a.at);
    CHECK(b.ground.core.sightings.no_common_codec->codecs ==
          std::vector<wire::CodecId>{wire::kFlatbuffersId});
    CHECK(a.established.empty());
    CHECK(b.established.empty());
}

TEST_CASE("another network's HELLO is not answered, nor is a wrong secret's", "[handshake]") {
    Party b(2);
    Party foreign(1, make_network({1}, 2));
    foreign.handshakes.dial(b.at, 4, kStart);
    Wire(foreign, b).run(kStart);
    CHECK(b.counted(Counter::refused_wrong_network) == 1);
    Party guesser(1, make_network({77}));
    guesser.handshakes.dial(b.at, 4, kStart);
    Wire wire(guesser, b);
    wire.run(kStart);
    CHECK(b.counted(Counter::refused_bad_mac) == 1);
    CHECK(wire.carried.size() == 1);
    CHECK(b.handshakes.next_deadline() == std::nullopt);
}

TEST_CASE("the next secret is tried after two HELLOs without an answer", "[handshake]") {
    Party a(1, make_network({1, 2})), b(2, make_network({2}));
    Wire wire(a, b);
    a.handshakes.dial(b.at, 4, kStart);
    REQUIRE(wire.run_until_established(2'400ms));
    CHECK(b.counted(Counter::refused_bad_mac) == 2);
    CHECK(a.established[0].secret_place == 1);
    CHECK(b.established[0].secret_place == 0);
    CHECK(a.established[0].network_secret.equals(ground::secret_of(2)));
    CHECK(a.established[0].send_key.equals(b.established[0].receive_key));
}

TEST_CASE("any secret of the called node is accepted at once", "[handshake]") {
    Party a(1, make_network({3})), b(2, make_network({1, 2, 3}));
    a.handshakes.dial(b.at, 4, kStart);
    Wire(a, b).run(kStart);
    REQUIRE(b.established.size() == 1);
    CHECK(b.established[0].secret_place == 2);
    CHECK(a.established[0].secret_place == 0);
}

TEST_CASE("the loss of any one packet is made good by a retry", "[handshake]") {
    for (std::uint8_t type = 1; type <= 5; ++type) {
        Party a(1), b(2);
        Wire wire(a, b);
        std::size_t lost = 0;
        wire.loses = [&](const Endpoint&, const Bytes& datagram) {
            return datagram[1] == type && lost++ == 0;
        };
        a.handshakes.dial(b.at, 4, kStart);
        INFO("type " << int{type});
        CHECK(wire.run_until_established(1s));
        CHECK(lost >= 2);
        REQUIRE(b.established.size() == 1);
        CHECK(a.established.at(0).send_key.equals(b.established[0].receive_key));
    }
}

TEST_CASE("a place that does not answer hears four HELLOs, ever more seldom", "[handshake]") {
    Party a(1);
    REQUIRE(a.handshakes.dial(place(2), 4, kStart));
    std::vector<Duration> times{0ms};
    CHECK(a.ground.take().sent.size() == 1);
    for (Duration now = 1ms; now < 2'500ms; now += 1ms) {
        a.handshakes.handle_timeout(kStart + now);
        for (const auto& sent : a.ground.take().sent) {
            CHECK(sent.to == place(2));
            times.push_back(now);
        }
    }
    CHECK(times == std::vector<Duration>{0ms, 250ms, 750ms, 1'750ms});
    CHECK(a.handshakes.next_deadline() == kStart + 2'500ms);
    a.handshakes.handle_timeout(kStart + 2'500ms);
    a.collect();
    REQUIRE(a.failed.size() == 1);
    CHECK(a.failed[0].at == place(2));
    CHECK(a.failed[0].why == FailedDial::Why::no_answer);
    CHECK(a.counted(Counter::handshakes_failed) == 1);
    CHECK_FALSE(a.handshakes.is_dialling(place(2)));
}

TEST_CASE("a place only hinted at hears a single HELLO", "[handshake]") {
    Party a(1);
    a.handshakes.dial(place(2), 1, kStart);
    std::size_t count = 0;
    for (Duration now = 0ms; now <= 3s; now += 10ms) {
        a.handshakes.handle_timeout(kStart + now);
        count += a.ground.take().sent.size();
    }
    CHECK(count == 1);
    a.collect();
    CHECK(a.failed.size() == 1);
}

TEST_CASE("a place is dialled once at a time, and not too many at once", "[handshake]") {
    Party a(1);
    CHECK(a.handshakes.dial(place(10), 4, kStart));
    CHECK_FALSE(a.handshakes.dial(place(10), 4, kStart));
    CHECK(a.ground.take().sent.size() == 1);
    for (unsigned i = 1; i < Handshakes::kDialsMax; ++i)
        CHECK(a.handshakes.dial(place(10 + i), 4, kStart));
    CHECK_FALSE(a.handshakes.has_room());
    CHECK_FALSE(a.handshakes.dial(place(1'000), 4, kStart));
    a.handshakes.handle_timeout(kStart + 2'500ms);
    CHECK(a.handshakes.has_room());
}

TEST_CASE("a node that dials itself finds out, on both sides", "[handshake]") {
    Party a(1);
    Wire wire(a, a);
    a.handshakes.dial(a.at, 4, kStart);
    wire.run(kStart);
    CHECK(a.established.empty());
    REQUIRE(a.failed.size() == 1);
    CHECK(a.failed[0].why == FailedDial::Why::self);
    CHECK(a.failed[0].epoch == ground::kEpoch);
    CHECK(a.counted(Counter::refused_self) == 1);
}

TEST_CASE("a node that answers with our key and another epoch is told of", "[handshake]") {
    Party a(1), clone(1);
    clone.at = place(2);
    clone.ground.core.epoch = 99;
    clone.ground.core.random = crypto::Random(ground::secret_of(9));
    clone.handshakes.reset();
    a.handshakes.dial(clone.at, 4, kStart);
    Wire(a, clone).run(kStart);
    REQUIRE(a.failed.size() == 1);
    CHECK(a.failed[0].why == FailedDial::Why::self);
    CHECK(a.failed[0].epoch == 99);
}

TEST_CASE("a check with no budget now is asked again at the next AUTH_R", "[handshake]") {
    config::Gossip config;
    config.limits.verify_per_second = 1;
    Party a(1, make_network(), config), b(2);
    CHECK(a.desk.ask(VerifyDesk::Purpose::batch, 0, {}, {}, {}, kStart));  // uses it up
    Wire wire(a, b);
    a.handshakes.dial(b.at, 4, kStart);
    CHECK(wire.run_until_established(2'400ms));
    CHECK(a.counted(Counter::refused_verify_busy) > 0);
}

TEST_CASE("new secrets end what is under way, and say so", "[handshake]") {
    Party a(1), b(2);
    a.handshakes.dial(b.at, 4, kStart);
    b.receive(a.at, a.ground.take().sent.at(0).datagram, kStart);
    a.receive(b.at, b.ground.take().sent.at(0).datagram, kStart);
    const Bytes hello2 = a.ground.take().sent.at(0).datagram;
    b.receive(a.at, hello2, kStart);
    a.receive(b.at, b.ground.take().sent.at(0).datagram, kStart);
    const ground::Put asked = a.ground.take();
    REQUIRE(asked.jobs.size() == 1);
    a.handshakes.reset();
    b.handshakes.reset();
    CHECK_FALSE(a.handshakes.is_dialling(b.at));
    CHECK(a.handshakes.next_deadline() == std::nullopt);
    CHECK(b.handshakes.next_deadline() == std::nullopt);
    a.verify(asked);  // a verdict that comes too late
    a.collect();
    CHECK(a.established.empty());
    REQUIRE(a.failed.size() == 1);
    CHECK(a.failed[0].at == b.at);
    CHECK(a.failed[0].why == FailedDial::Why::no_answer);
}

}  // namespace
}  // namespace hearsay::gossip
