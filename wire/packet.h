#pragma once

#include "base/result.h"
#include "crypto/handshake.h"
#include "wire/codec.h"

// The outer packets: fixed layout, little-endian, parsed before anything is trusted. Every
// packet begins with version u8 = 1 | type u8.
//
//   HELLO   256  1 1 | zero u16 | zero u32 | network_tag u64 | session u64 | nonce[16]
//                | ephemeral[32] | zeros to 240 | mac[16]
//   COOKIE   64  1 2 | zero u16 | zero u32 | session u64 (the caller's) | nonce[16] | cookie[32]
//   HELLO2  256  as HELLO with type 3 and cookie[32] after ephemeral
//   AUTH_R       1 4 | zero u16 | zero u32 | session u64 (the caller's) | own_session u64
//                | ephemeral[32] | sealed
//   AUTH_I       1 5 | zero u16 | zero u32 | session u64 (the responder's) | sealed
//   SEALED       1 6 | codec u8 | zero u8 | session u64 (the receiver's) | counter u64
//                | ciphertext | tag[16]
//   BEACON   96  1 7 | port u16 | zero u32 | network_tag u64 | wall_ms u64 | node_id[32]
//                | zeros to 80 | mac[16]
//
// `session` is a random 64-bit number chosen by the receiver of the packets it labels. The mac of
// HELLO, HELLO2 and BEACON covers everything before it. Bytes marked zero must be zero.
namespace hearsay::wire {

enum class PacketType : std::uint8_t {
    hello = 1,
    cookie = 2,
    hello2 = 3,
    auth_r = 4,
    auth_i = 5,
    sealed = 6,
    beacon = 7,
};

using SessionId = std::uint64_t;

inline constexpr std::size_t kHelloSize = 256;
inline constexpr std::size_t kCookieSize = 64;
inline constexpr std::size_t kBeaconSize = 96;
inline constexpr std::size_t kMacSize = 16;
inline constexpr std::size_t kAuthRClearSize = 56;
inline constexpr std::size_t kAuthIClearSize = 16;

struct Hello {                     // HELLO and HELLO2
    std::uint64_t network_tag = 0;
    SessionId session = 0;
    crypto::Nonce nonce;
    crypto::EphemeralKey ephemeral;
    crypto::Cookie cookie;         // zero in HELLO
    crypto::Mac mac;
    ByteView covered;              // parsed only: the bytes the mac covers
};

struct CookieReply {
    SessionId session = 0;
    crypto::Nonce nonce;
    crypto::Cookie cookie;
};

struct AuthR {
    SessionId session = 0;
    SessionId own_session = 0;
    crypto::EphemeralKey ephemeral;
    ByteView clear;                // parsed only: the part before `sealed`
    ByteView sealed;
};

struct AuthI {
    SessionId session = 0;
    ByteView sealed;
};

struct Sealed {
    CodecId codec = 0;
    SessionId session = 0;
    std::uint64_t counter = 0;
    ByteView associated;           // the first 12 bytes: what AEAD binds beside the counter
    ByteView sealed;
};

struct Beacon {
    std::uint16_t port = 0;
    std::uint64_t network_tag = 0;
    std::uint64_t wall_ms = 0;
    crypto::NodeId node;
    crypto::Mac mac;
    ByteView covered;
};

// What both sides tell each other inside AUTH_R and AUTH_I, under the handshake keys:
//   node_id[32] | signature[64] | epoch u64 | datagram_size u16 | flags u16 | codec_count u8
//   | codec u8 x count
// AUTH_R is at most 56 + 117 + 16 bytes, less than the HELLO2 it answers.
struct AuthPayload {
    crypto::NodeId node;
    crypto::Signature signature;   // over crypto::handshake_signed_bytes
    std::uint64_t epoch = 0;
    std::uint16_t datagram_size = 0;  // largest datagram the sender of this takes
    std::uint16_t flags = 0;          // sent as zero, ignored
    std::vector<CodecId> codecs;      // readable, most preferred first; 1 to kCodecsMax
};

enum class PacketError {
    too_short,
    bad_version,
    unknown_type,
    malformed,   // wrong size for its type, or a zero that is not
};

// Only version and type, so that the right parser can be called.
Result<PacketType, PacketError> packet_type(ByteView datagram);

// Views in the results point into `datagram`.
Result<Hello, PacketError> parse_hello(ByteView datagram);  // HELLO and HELLO2
Result<CookieReply, PacketError> parse_cookie(ByteView datagram);
Result<AuthR, PacketError> parse_auth_r(ByteView datagram);
Result<AuthI, PacketError> parse_auth_i(ByteView datagram);
Result<Sealed, PacketError> parse_sealed(ByteView datagram);
Result<Beacon, PacketError> parse_beacon(ByteView datagram);
Result<AuthPayload, PacketError> parse_auth_payload(ByteView plaintext);

// HELLO when the cookie is zero, else HELLO2; the last kMacSize bytes are left zero for set_mac().
Bytes write_hello(const Hello& hello);
Bytes write_beacon(const Beacon& beacon);
// Puts `mac` over the last 16 bytes; covered_part() is what it must cover.
void set_mac(Bytes& packet, const crypto::Mac& mac);
ByteView covered_part(const Bytes& packet);
Bytes write_cookie(const CookieReply& reply);
// The clear part alone: the sealed part is appended once the transcript over it is known.
Bytes write_auth_r_clear(SessionId session, SessionId own_session,
                         const crypto::EphemeralKey& ephemeral);
Bytes write_auth_i_clear(SessionId session);
Bytes write_auth_payload(const AuthPayload& payload);
// Writes the 20-byte header to the start of `out`.
void write_sealed_header(CodecId codec, SessionId session, std::uint64_t counter,
                         MutableBytes out);
inline constexpr std::size_t kSealedAssociatedSize = 12;

}  // namespace hearsay::wire
