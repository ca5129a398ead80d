#include "wire/packet.h"

#include <numeric>
#include <optional>

#include "tests/catch.h"

namespace hearsay::wire {
namespace {

// N bytes counting up from `first`.
template <typename Fixed>
Fixed counting(std::uint8_t first) {
    Fixed fixed;
    std::iota(fixed.bytes.begin(), fixed.bytes.end(), first);
    return fixed;
}

Bytes sized(Bytes packet, std::size_t size) {
    packet.resize(size, 0x77);
    return packet;
}

Hello a_hello() {
    Hello hello;
    hello.network_tag = 0x1122334455667788;
    hello.session = 0x99aabbccddeeff00;
    hello.nonce = counting<crypto::Nonce>(1);
    hello.ephemeral = counting<crypto::EphemeralKey>(40);
    return hello;
}

Hello a_hello2() {
    Hello hello = a_hello();
    hello.cookie = counting<crypto::Cookie>(90);
    return hello;
}

Bytes hello_packet(const Hello& hello) {
    Bytes packet = write_hello(hello);
    set_mac(packet, counting<crypto::Mac>(200));
    return packet;
}

Bytes cookie_packet() {
    return write_cookie({7, counting<crypto::Nonce>(1), counting<crypto::Cookie>(60)});
}

Bytes auth_r_packet() {
    return sized(write_auth_r_clear(7, 8, counting<crypto::EphemeralKey>(3)), 56 + 110 + 16);
}

Bytes auth_i_packet() { return sized(write_auth_i_clear(9), 16 + 110 + 16); }

Bytes sealed_packet() {
    Bytes packet(100, 0x77);
    write_sealed_header(3, 0x0102030405060708, 0x1112131415161718, packet);
    return packet;
}

Beacon a_beacon() {
    Beacon beacon;
    beacon.port = 4327;
    beacon.network_tag = 0x1122334455667788;
    beacon.wall_ms = 1'700'000'000'000;
    beacon.node = counting<crypto::NodeId>(10);
    return beacon;
}

Bytes beacon_packet() {
    Bytes packet = write_beacon(a_beacon());
    set_mac(packet, counting<crypto::Mac>(200));
    return packet;
}

// What a parser says to bytes, whichever parser it is: nullopt when it accepts them.
template <auto parse>
std::optional<PacketError> refusal(const Bytes& bytes) {
    const auto result = parse(bytes);
    if (result) return std::nullopt;
    return result.error();
}

using Refusal = std::optional<PacketError> (*)(const Bytes&);

// Only the sizes from `least` to `most` are right.
void check_sizes(Refusal refusal_of, const Bytes& packet, std::size_t least, std::size_t most) {
    for (std::size_t size = 2; size < 2000; ++size) {
        const bool is_right = size >= least && size <= most;
        const auto expected = is_right ? std::nullopt : std::optional(PacketError::malformed);
        INFO(size);
        REQUIRE(refusal_of(sized(packet, size)) == expected);
    }
}

// Every byte from `first` to before `end` must be zero.
void check_zeros(Refusal refusal_of, const Bytes& packet, std::size_t first, std::size_t end) {
    REQUIRE(refusal_of(packet) == std::nullopt);
    for (std::size_t i = first; i < end; ++i) {
        for (const int bit : {0, 7}) {
            Bytes spoiled = packet;
            spoiled[i] = static_cast<std::uint8_t>(1 << bit);
            INFO(i);
            REQUIRE(refusal_of(spoiled) == PacketError::malformed);
        }
    }
}

TEST_CASE("a datagram too short for version and type is too short", "[packet]") {
    CHECK(packet_type({}).error() == PacketError::too_short);
    CHECK(packet_type(Bytes{1}).error() == PacketError::too_short);
    CHECK(parse_hello({}).error() == PacketError::too_short);
    CHECK(parse_sealed(Bytes{1}).error() == PacketError::too_short);
}

TEST_CASE("version 1 alone is read", "[packet]") {
    for (int version = 0; version < 256; ++version) {
        const Bytes datagram{static_cast<std::uint8_t>(version), 6};
        const auto type = packet_type(datagram);
        REQUIRE(type.has_value() == (version == 1));
        if (version != 1) REQUIRE(type.error() == PacketError::bad_version);
    }
}

TEST_CASE("the seven types are known and no other", "[packet]") {
    for (int type = 0; type < 256; ++type) {
        const auto read = packet_type(Bytes{1, static_cast<std::uint8_t>(type)});
        REQUIRE(read.has_value() == (type >= 1 && type <= 7));
        if (read) REQUIRE(static_cast<int>(*read) == type);
        if (!read) REQUIRE(read.error() == PacketError::unknown_type);
    }
}

TEST_CASE("the version is judged before the type", "[packet]") {
    CHECK(packet_type(Bytes{2, 99}).error() == PacketError::bad_version);
}

TEST_CASE("every parser refuses another version", "[packet]") {
    const auto with_version_2 = [](Bytes packet) {
        packet[0] = 2;
        return packet;
    };
    const auto error = PacketError::bad_version;
    CHECK(parse_hello(with_version_2(hello_packet(a_hello()))).error() == error);
    CHECK(parse_cookie(with_version_2(cookie_packet())).error() == error);
    CHECK(parse_auth_r(with_version_2(auth_r_packet())).error() == error);
    CHECK(parse_auth_i(with_version_2(auth_i_packet())).error() == error);
    CHECK(parse_sealed(with_version_2(sealed_packet())).error() == error);
    CHECK(parse_beacon(with_version_2(beacon_packet())).error() == error);
}

TEST_CASE("every parser refuses another type of the same size", "[packet]") {
    for (std::uint8_t type = 1; type <= 7; ++type) {
        const auto retyped = [type](Bytes packet) {
            packet[1] = type;
            return packet;
        };
        CHECK(parse_hello(retyped(hello_packet(a_hello()))).has_value() == (type == 1));
        CHECK(parse_hello(retyped(hello_packet(a_hello2()))).has_value() == (type == 3));
        CHECK(parse_cookie(retyped(cookie_packet())).has_value() == (type == 2));
        CHECK(parse_auth_r(retyped(auth_r_packet())).has_value() == (type == 4));
        CHECK(parse_auth_i(retyped(auth_i_packet())).has_value() == (type == 5));
        CHECK(parse_sealed(retyped(sealed_packet())).has_value() == (type == 6));
        CHECK(parse_beacon(retyped(beacon_packet())).has_value() == (type == 7));
    }
}

TEST_CASE("a HELLO comes back as it was written", "[packet]") {
    const Bytes packet = hello_packet(a_hello());
    REQUIRE(packet.size() == kHelloSize);
    CHECK(*packet_type(packet) == PacketType::hello);
    const auto hello = parse_hello(packet);
    REQUIRE(hello);
    CHECK(hello->network_tag == a_hello().network_tag);
    CHECK(hello->session == a_hello().session);
    CHECK(hello->nonce == a_hello().nonce);
    CHECK(hello->ephemeral == a_hello().ephemeral);
    CHECK(hello->cookie.is_zero());
    CHECK(hello->mac == counting<crypto::Mac>(200));
}

TEST_CASE("a HELLO with a cookie is a HELLO2", "[packet]") {
    const Bytes packet = hello_packet(a_hello2());
    REQUIRE(packet.size() == kHelloSize);
    CHECK(*packet_type(packet) == PacketType::hello2);
    const auto hello = parse_hello(packet);
    REQUIRE(hello);
    CHECK(hello->cookie == a_hello2().cookie);
    CHECK(hello->ephemeral == a_hello().ephemeral);
}

TEST_CASE("the mac of a HELLO covers all before it", "[packet]") {
    Bytes packet = write_hello(a_hello());
    CHECK(covered_part(packet).size() == kHelloSize - kMacSize);
    CHECK(covered_part(packet).data() == packet.data());
    CHECK(crypto::Mac::from(ByteView(packet).last(kMacSize)).is_zero());
    const Bytes before(covered_part(packet).begin(), covered_part(packet).end());

    set_mac(packet, counting<crypto::Mac>(200));

    CHECK(std::equal(before.begin(), before.end(), covered_part(packet).begin()));
    const auto parsed = parse_hello(packet);
    REQUIRE(parsed);
    CHECK(parsed->covered.data() == packet.data());
    CHECK(parsed->covered.size() == before.size());
}

TEST_CASE("a HELLO has one size", "[packet]") {
    check_sizes(refusal<parse_hello>, hello_packet(a_hello()), 256, 256);
}

TEST_CASE("a HELLO2 has one size", "[packet]") {
    check_sizes(refusal<parse_hello>, hello_packet(a_hello2()), 256, 256);
}

TEST_CASE("the zeros of a HELLO are zero", "[packet]") {
    check_zeros(refusal<parse_hello>, hello_packet(a_hello()), 2, 8);
    check_zeros(refusal<parse_hello>, hello_packet(a_hello()), 72, 240);
}

TEST_CASE("the zeros of a HELLO2 are zero", "[packet]") {
    check_zeros(refusal<parse_hello>, hello_packet(a_hello2()), 2, 8);
    check_zeros(refusal<parse_hello>, hello_packet(a_hello2()), 104, 240);
}

TEST_CASE("a COOKIE comes back as it was written", "[packet]") {
    const Bytes packet = cookie_packet();
    REQUIRE(packet.size() == kCookieSize);
    CHECK(*packet_type(packet) == PacketType::cookie);
    const auto reply = parse_cookie(packet);
    REQUIRE(reply);
    CHECK(reply->session == 7);
    CHECK(reply->nonce == counting<crypto::Nonce>(1));
    CHECK(reply->cookie == counting<crypto::Cookie>(60));
}

TEST_CASE("a COOKIE has one size and zeros", "[packet]") {
    check_sizes(refusal<parse_cookie>, cookie_packet(), 64, 64);
    check_zeros(refusal<parse_cookie>, cookie_packet(), 2, 8);
}

TEST_CASE("a COOKIE without a cookie is refused", "[packet]") {
    CHECK(parse_cookie(write_cookie({7, {}, {}})).error() == PacketError::malformed);
}

TEST_CASE("a COOKIE is smaller than the HELLO it answers", "[packet]") {
    CHECK(cookie_packet().size() < hello_packet(a_hello()).size());
}

TEST_CASE("an AUTH_R comes back as it was written", "[packet]") {
    const Bytes packet = auth_r_packet();
    CHECK(*packet_type(packet) == PacketType::auth_r);
    const auto auth = parse_auth_r(packet);
    REQUIRE(auth);
    CHECK(auth->session == 7);
    CHECK(auth->own_session == 8);
    CHECK(auth->ephemeral == counting<crypto::EphemeralKey>(3));
    CHECK(auth->clear.data() == packet.data());
    CHECK(auth->clear.size() == kAuthRClearSize);
    CHECK(auth->sealed.data() == packet.data() + kAuthRClearSize);
    CHECK(auth->sealed.size() == packet.size() - kAuthRClearSize);
}

TEST_CASE("an AUTH_R has room for one to eight codecs", "[packet]") {
    check_sizes(refusal<parse_auth_r>, auth_r_packet(), 56 + 110 + 16, 56 + 117 + 16);
    check_zeros(refusal<parse_auth_r>, auth_r_packet(), 2, 8);
}

TEST_CASE("the largest AUTH_R is smaller than the HELLO2 it answers", "[packet]") {
    AuthPayload payload;
    payload.codecs.assign(kCodecsMax, 1);
    const std::size_t sealed = write_auth_payload(payload).size() + 16;
    CHECK(write_auth_r_clear(1, 2, {}).size() + sealed < kHelloSize);
}

TEST_CASE("an AUTH_I comes back as it was written", "[packet]") {
    const Bytes packet = auth_i_packet();
    CHECK(*packet_type(packet) == PacketType::auth_i);
    const auto auth = parse_auth_i(packet);
    REQUIRE(auth);
    CHECK(auth->session == 9);
    CHECK(auth->sealed.data() == packet.data() + kAuthIClearSize);
    CHECK(auth->sealed.size() == packet.size() - kAuthIClearSize);
}

TEST_CASE("an AUTH_I has room for one to eight codecs", "[packet]") {
    check_sizes(refusal<parse_auth_i>, auth_i_packet(), 16 + 110 + 16, 16 + 117 + 16);
    check_zeros(refusal<parse_auth_i>, auth_i_packet(), 2, 8);
}

TEST_CASE("a SEALED header comes back as it was written", "[packet]") {
    const Bytes packet = sealed_packet();
    CHECK(*packet_type(packet) == PacketType::sealed);
    const auto sealed = parse_sealed(packet);
    REQUIRE(sealed);
    CHECK(sealed->codec == 3);
    CHECK(sealed->session == 0x0102030405060708);
    CHECK(sealed->counter == 0x1112131415161718);
    CHECK(sealed->sealed.data() == packet.data() + kSealedHeaderSize);
    CHECK(sealed->sealed.size() == packet.size() - kSealedHeaderSize);
}

TEST_CASE("the associated bytes of a SEALED packet are its header without the counter",
          "[packet]") {
    const Bytes packet = sealed_packet();
    const auto sealed = parse_sealed(packet);
    REQUIRE(sealed);
    CHECK(sealed->associated.data() == packet.data());
    CHECK(sealed->associated.size() == 12);
}

TEST_CASE("a SEALED packet holds at least a tag and at most the largest datagram", "[packet]") {
    check_sizes(refusal<parse_sealed>, sealed_packet(), kSealedOverhead, kDatagramSizeMax);
    check_zeros(refusal<parse_sealed>, sealed_packet(), 3, 4);
}

TEST_CASE("writing a SEALED header leaves what follows alone", "[packet]") {
    Bytes out(30, 0x5a);
    write_sealed_header(1, 2, 3, out);
    CHECK(Bytes(out.begin() + 20, out.end()) == Bytes(10, 0x5a));
}

TEST_CASE("a BEACON comes back as it was written", "[packet]") {
    const Bytes packet = beacon_packet();
    REQUIRE(packet.size() == kBeaconSize);
    CHECK(*packet_type(packet) == PacketType::beacon);
    const auto beacon = parse_beacon(packet);
    REQUIRE(beacon);
    CHECK(beacon->port == 4327);
    CHECK(beacon->network_tag == a_beacon().network_tag);
    CHECK(beacon->wall_ms == a_beacon().wall_ms);
    CHECK(beacon->node == a_beacon().node);
    CHECK(beacon->mac == counting<crypto::Mac>(200));
    CHECK(beacon->covered.size() == kBeaconSize - kMacSize);
    CHECK(beacon->covered.data() == packet.data());
}

TEST_CASE("a BEACON has one size and zeros", "[packet]") {
    check_sizes(refusal<parse_beacon>, beacon_packet(), 96, 96);
    check_zeros(refusal<parse_beacon>, beacon_packet(), 4, 8);
    check_zeros(refusal<parse_beacon>, beacon_packet(), 56, 80);
}

AuthPayload a_payload(std::size_t codecs) {
    AuthPayload payload;
    payload.node = counting<crypto::NodeId>(1);
    payload.signature = counting<crypto::Signature>(100);
    payload.epoch = 0x0102030405060708;
    payload.datagram_size = 1452;
    payload.flags = 0x8001;
    payload.codecs.resize(codecs);
    std::iota(payload.codecs.begin(), payload.codecs.end(), std::uint8_t{1});
    return payload;
}

TEST_CASE("an auth payload comes back as it was written", "[packet]") {
    for (std::size_t codecs = 1; codecs <= kCodecsMax; ++codecs) {
        const AuthPayload sent = a_payload(codecs);
        const Bytes bytes = write_auth_payload(sent);
        CHECK(bytes.size() == 109 + codecs);
        const auto payload = parse_auth_payload(bytes);
        REQUIRE(payload);
        CHECK(payload->node == sent.node);
        CHECK(payload->signature == sent.signature);
        CHECK(payload->epoch == sent.epoch);
        CHECK(payload->datagram_size == sent.datagram_size);
        CHECK(payload->flags == sent.flags);
        CHECK(payload->codecs == sent.codecs);
    }
}

TEST_CASE("an auth payload of any other size is refused", "[packet]") {
    const Bytes bytes = write_auth_payload(a_payload(3));
    for (std::size_t size = 0; size < 200; ++size) {
        INFO(size);
        REQUIRE(parse_auth_payload(sized(bytes, size)).has_value() == (size == bytes.size()));
    }
    CHECK(parse_auth_payload(sized(bytes, 108)).error() == PacketError::too_short);
    CHECK(parse_auth_payload(sized(bytes, 111)).error() == PacketError::malformed);
}

TEST_CASE("an auth payload names one to eight codecs", "[packet]") {
    Bytes none = write_auth_payload(a_payload(1));
    none.pop_back();
    none.back() = 0;
    CHECK(parse_auth_payload(none).error() == PacketError::malformed);

    Bytes nine = write_auth_payload(a_payload(8));
    nine.push_back(9);
    nine[108] = 9;
    CHECK(parse_auth_payload(nine).error() == PacketError::malformed);
}

}  // namespace
}  // namespace hearsay::wire
