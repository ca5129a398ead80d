#include "wire/packet.h"

#include <algorithm>

#include "base/byte_io.h"
#include "base/insist.h"
#include "crypto/session.h"

namespace hearsay::wire {
namespace {

constexpr std::size_t kAuthPayloadFixedSize = 109;
constexpr std::size_t kAuthSealedMin = kAuthPayloadFixedSize + 1 + crypto::kTagSize;
constexpr std::size_t kAuthSealedMax = kAuthPayloadFixedSize + kCodecsMax + crypto::kTagSize;

bool is_all_zero(ByteView bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool is_within(std::size_t size, std::size_t least, std::size_t most) {
    return size >= least && size <= most;
}

// The type, when it is one of two the caller reads.
Result<PacketType, PacketError> expect_type(ByteView datagram, PacketType one, PacketType other) {
    const auto type = packet_type(datagram);
    if (!type || *type == one || *type == other) return type;
    return PacketError::malformed;
}

Result<PacketType, PacketError> expect_type(ByteView datagram, PacketType only) {
    return expect_type(datagram, only, only);
}

// After version and type. False: one of the next `count` bytes, which must be zero, is not.
bool skip_zeros(ByteReader& reader, std::size_t count) { return is_all_zero(reader.bytes(count)); }

void write_start(ByteWriter& writer, PacketType type) {
    writer.u8(kVersion);
    writer.u8(static_cast<std::uint8_t>(type));
}

}  // namespace

Result<PacketType, PacketError> packet_type(ByteView datagram) {
    if (datagram.size() < 2) return PacketError::too_short;
    if (datagram[0] != kVersion) return PacketError::bad_version;
    if (datagram[1] < static_cast<std::uint8_t>(PacketType::hello) ||
        datagram[1] > static_cast<std::uint8_t>(PacketType::beacon))
        return PacketError::unknown_type;
    return static_cast<PacketType>(datagram[1]);
}

Result<Hello, PacketError> parse_hello(ByteView datagram) {
    const auto type = expect_type(datagram, PacketType::hello, PacketType::hello2);
    if (!type) return type.error();
    if (datagram.size() != kHelloSize) return PacketError::malformed;
    ByteReader reader(datagram.subspan(2));
    if (!skip_zeros(reader, 6)) return PacketError::malformed;
    Hello hello;
    hello.network_tag = reader.u64();
    hello.session = reader.u64();
    hello.nonce = reader.fixed<crypto::Nonce>();
    hello.ephemeral = reader.fixed<crypto::EphemeralKey>();
    hello.cookie = reader.fixed<crypto::Cookie>();
    // The cookie is what tells the two apart, so a HELLO has none and a HELLO2 has one.
    if (hello.cookie.is_zero() != (*type == PacketType::hello)) return PacketError::malformed;
    if (!skip_zeros(reader, reader.rest().size() - kMacSize)) return PacketError::malformed;
    hello.mac = reader.fixed<crypto::Mac>();
    hello.covered = datagram.first(kHelloSize - kMacSize);
    return hello;
}

Result<CookieReply, PacketError> parse_cookie(ByteView datagram) {
    const auto type = expect_type(datagram, PacketType::cookie);
    if (!type) return type.error();
    if (datagram.size() != kCookieSize) return PacketError::malformed;
    ByteReader reader(datagram.subspan(2));
    if (!skip_zeros(reader, 6)) return PacketError::malformed;
    CookieReply reply;
    reply.session = reader.u64();
    reply.nonce = reader.fixed<crypto::Nonce>();
    reply.cookie = reader.fixed<crypto::Cookie>();
    // A HELLO2 could not carry it.
    if (reply.cookie.is_zero()) return PacketError::malformed;
    return reply;
}

Result<AuthR, PacketError> parse_auth_r(ByteView datagram) {
    const auto type = expect_type(datagram, PacketType::auth_r);
    if (!type) return type.error();
    if (!is_within(datagram.size(), kAuthRClearSize + kAuthSealedMin,
                   kAuthRClearSize + kAuthSealedMax))
        return PacketError::malformed;
    ByteReader reader(datagram.subspan(2));
    if (!skip_zeros(reader, 6)) return PacketError::malformed;
    AuthR auth;
    auth.session = reader.u64();
    auth.own_session = reader.u64();
    auth.ephemeral = reader.fixed<crypto::EphemeralKey>();
    auth.clear = datagram.first(kAuthRClearSize);
    auth.sealed = reader.rest();
    return auth;
}

Result<AuthI, PacketError> parse_auth_i(ByteView datagram) {
    const auto type = expect_type(datagram, PacketType::auth_i);
    if (!type) return type.error();
    if (!is_within(datagram.size(), kAuthIClearSize + kAuthSealedMin,
                   kAuthIClearSize + kAuthSealedMax))
        return PacketError::malformed;
    ByteReader reader(datagram.subspan(2));
    if (!skip_zeros(reader, 6)) return PacketError::malformed;
    AuthI auth;
    auth.session = reader.u64();
    auth.sealed = reader.rest();
    return auth;
}

Result<Sealed, PacketError> parse_sealed(ByteView datagram) {
    const auto type = expect_type(datagram, PacketType::sealed);
    if (!type) return type.error();
    if (!is_within(datagram.size(), kSealedOverhead, kDatagramSizeMax))
        return PacketError::malformed;
    ByteReader reader(datagram.subspan(2));
    Sealed sealed;
    sealed.codec = reader.u8();
    if (reader.u8() != 0) return PacketError::malformed;
    sealed.session = reader.u64();
    sealed.counter = reader.u64();
    sealed.associated = datagram.first(kSealedAssociatedSize);
    sealed.sealed = reader.rest();
    return sealed;
}

Result<Beacon, PacketError> parse_beacon(ByteView datagram) {
    const auto type = expect_type(datagram, PacketType::beacon);
    if (!type) return type.error();
    if (datagram.size() != kBeaconSize) return PacketError::malformed;
    ByteReader reader(datagram.subspan(2));
    Beacon beacon;
    beacon.port = reader.u16();
    if (!skip_zeros(reader, 4)) return PacketError::malformed;
    beacon.network_tag = reader.u64();
    beacon.wall_ms = reader.u64();
    beacon.node = reader.fixed<crypto::NodeId>();
    if (!skip_zeros(reader, reader.rest().size() - kMacSize)) return PacketError::malformed;
    beacon.mac = reader.fixed<crypto::Mac>();
    beacon.covered = datagram.first(kBeaconSize - kMacSize);
    return beacon;
}

Result<AuthPayload, PacketError> parse_auth_payload(ByteView plaintext) {
    if (plaintext.size() < kAuthPayloadFixedSize) return PacketError::too_short;
    ByteReader reader(plaintext);
    AuthPayload payload;
    payload.node = reader.fixed<crypto::NodeId>();
    payload.signature = reader.fixed<crypto::Signature>();
    payload.epoch = reader.u64();
    payload.datagram_size = reader.u16();
    payload.flags = reader.u16();
    const std::size_t count = reader.u8();
    if (!is_within(count, 1, kCodecsMax) || reader.rest().size() != count)
        return PacketError::malformed;
    payload.codecs.assign(reader.rest().begin(), reader.rest().end());
    return payload;
}

Bytes write_hello(const Hello& hello) {
    Bytes packet;
    packet.reserve(kHelloSize);
    ByteWriter writer(packet);
    write_start(writer, hello.cookie.is_zero() ? PacketType::hello : PacketType::hello2);
    writer.zeros(6);
    writer.u64(hello.network_tag);
    writer.u64(hello.session);
    writer.bytes(hello.nonce.view());
    writer.bytes(hello.ephemeral.view());
    writer.bytes(hello.cookie.view());
    writer.zeros(kHelloSize - packet.size());
    return packet;
}

Bytes write_beacon(const Beacon& beacon) {
    Bytes packet;
    packet.reserve(kBeaconSize);
    ByteWriter writer(packet);
    write_start(writer, PacketType::beacon);
    writer.u16(beacon.port);
    writer.zeros(4);
    writer.u64(beacon.network_tag);
    writer.u64(beacon.wall_ms);
    writer.bytes(beacon.node.view());
    writer.zeros(kBeaconSize - packet.size());
    return packet;
}

void set_mac(Bytes& packet, const crypto::Mac& mac) {
    INSIST(packet.size() >= kMacSize);
    std::copy(mac.bytes.begin(), mac.bytes.end(), packet.end() - kMacSize);
}

ByteView covered_part(const Bytes& packet) {
    INSIST(packet.size() >= kMacSize);
    return ByteView(packet).first(packet.size() - kMacSize);
}

Bytes write_cookie(const CookieReply& reply) {
    Bytes packet;
    packet.reserve(kCookieSize);
    ByteWriter writer(packet);
    write_start(writer, PacketType::cookie);
    writer.zeros(6);
    writer.u64(reply.session);
    writer.bytes(reply.nonce.view());
    writer.bytes(reply.cookie.view());
    return packet;
}

Bytes write_auth_r_clear(SessionId session, SessionId own_session,
                         const crypto::EphemeralKey& ephemeral) {
    Bytes packet;
    packet.reserve(kAuthRClearSize + kAuthSealedMax);
    ByteWriter writer(packet);
    write_start(writer, PacketType::auth_r);
    writer.zeros(6);
    writer.u64(session);
    writer.u64(own_session);
    writer.bytes(ephemeral.view());
    return packet;
}

Bytes write_auth_i_clear(SessionId session) {
    Bytes packet;
    packet.reserve(kAuthIClearSize + kAuthSealedMax);
    ByteWriter writer(packet);
    write_start(writer, PacketType::auth_i);
    writer.zeros(6);
    writer.u64(session);
    return packet;
}

Bytes write_auth_payload(const AuthPayload& payload) {
    INSIST(is_within(payload.codecs.size(), 1, kCodecsMax));
    Bytes out;
    out.reserve(kAuthPayloadFixedSize + payload.codecs.size());
    ByteWriter writer(out);
    writer.bytes(payload.node.view());
    writer.bytes(payload.signature.view());
    writer.u64(payload.epoch);
    writer.u16(payload.datagram_size);
    writer.u16(payload.flags);
    writer.u8(static_cast<std::uint8_t>(payload.codecs.size()));
    writer.bytes(payload.codecs);
    return out;
}

void write_sealed_header(CodecId codec, SessionId session, std::uint64_t counter,
                         MutableBytes out) {
    INSIST(out.size() >= kSealedHeaderSize);
    out[0] = kVersion;
    out[1] = static_cast<std::uint8_t>(PacketType::sealed);
    out[2] = codec;
    out[3] = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        out[4 + i] = static_cast<std::uint8_t>(session >> (8 * i));
        out[12 + i] = static_cast<std::uint8_t>(counter >> (8 * i));
    }
}

}  // namespace hearsay::wire
