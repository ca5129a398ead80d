#pragma once

#include <map>

#include "daemon/gossip/channel.h"
#include "daemon/gossip/verify_desk.h"

namespace hearsay::gossip {

// How a dial ended without a session.
struct FailedDial {
    enum class Why : std::uint8_t { no_answer, refused, self };
    Endpoint at;
    Why why{};
    std::uint64_t epoch = 0;  // self: of whoever answered with our key
};

// The cookie + SIGMA handshake of wire/packet.h, both sides.
//
//   caller                         called
//   HELLO  --------------------->  (no state, no signature; MAC of the network secret checked)
//          <---------------------  COOKIE, a quarter of the size
//   HELLO2 --------------------->  (cookie proves the address; now X25519 and one signature)
//          <---------------------  AUTH_R, never larger
//   AUTH_I --------------------->  session
//
// Who shares no codec with the other side is told so by AUTH_I or AUTH_R all the same, and no
// session comes of it: both know why.
//
// Bounds: nothing is remembered before a valid HELLO2, and of those at most kAcceptsMax, made at
// most kAcceptRate a second, the oldest giving way (counted); dials are ours to bound. A repeated
// HELLO2 gets the AUTH_R already made. The peer's signature is the verify desk's.
class Handshakes {
public:
    static constexpr std::size_t kAcceptsMax = 256;
    static constexpr std::size_t kDialsMax = 64;
    static constexpr double kAcceptRate = 500;
    static constexpr Duration kAcceptWait = std::chrono::seconds(5);
    static constexpr Duration kDialWait = std::chrono::milliseconds(2500);
    static constexpr Duration kRetryFirst = std::chrono::milliseconds(250);
    // Where nothing but loss explains silence, as at a seed that an operator named or once a
    // cookie has come, the next packet leaves after kRetryQuick or a quarter of the time so far.
    static constexpr Duration kRetryQuick = std::chrono::milliseconds(100);
    static constexpr unsigned kHellosToSeed = 16;

    Handshakes(Core& core, VerifyDesk& desk);

    // `hello_max` 1 sends a single HELLO whatever happens: for places only hinted at. False when
    // that place is being dialled already or kDialsMax are.
    bool dial(const Endpoint& at, unsigned hello_max, Instant now);
    // One HELLO, for which nothing is kept: whoever answers it is told by take_answers() and can
    // then be dialled. All probes are one packet, so any of the places may answer for any other.
    void probe(const Endpoint& at, std::size_t secret_place);
    bool is_dialling(const Endpoint& at) const { return dial_of_.contains(at); }
    bool has_room() const { return dials_.size() < kDialsMax; }
    std::size_t dialling() const { return dials_.size(); }

    void handle_hello(const Endpoint& from, ByteView datagram, Instant now);  // and HELLO2
    void handle_cookie(const Endpoint& from, ByteView datagram, Instant now);
    void handle_auth_r(const Endpoint& from, ByteView datagram, Instant now);
    void handle_auth_i(const Endpoint& from, ByteView datagram, Instant now);
    void handle_verdict(std::uint64_t key, bool is_valid);

    std::vector<Established> take_established() { return std::exchange(established_, {}); }
    std::vector<FailedDial> take_failed() { return std::exchange(failed_, {}); }

    std::vector<Endpoint> take_answers() { return std::exchange(answers_, {}); }

    void handle_timeout(Instant now);
    std::optional<Instant> next_deadline() const;
    // The network's secrets changed: what is under way was made with the old ones, and names them
    // by their place. The dials have failed.
    void reset();

private:
    struct Peer {                      // what the other side's AUTH said
        wire::AuthPayload payload;
        wire::Codec* codec = nullptr;  // none: nothing could be said
        Instant read_at;
    };
    struct Dial {
        Endpoint at;
        crypto::Ephemeral ephemeral;
        crypto::Nonce nonce;
        wire::SessionId session = 0;
        unsigned hello_max = 0;
        unsigned hello_count = 0;
        std::size_t secret_place = 0;
        Bytes hello2;                  // once the cookie is here
        Instant sent_at;
        Instant begun_at;
        Instant again_at;
        Duration pause{};
        Instant expires_at;
        std::optional<Duration> round_trip;
        crypto::EphemeralKey theirs;
        std::optional<crypto::HandshakeKeys> keys;  // being verified
        wire::SessionId their_session = 0;
        Peer peer;
    };
    struct Accept {
        Endpoint at;
        crypto::Nonce nonce;
        crypto::EphemeralKey theirs;
        crypto::Ephemeral ephemeral;
        wire::SessionId their_session = 0;
        std::size_t secret_place = 0;
        crypto::HandshakeKeys keys;
        Bytes auth_r;
        Instant expires_at;
        bool is_verifying = false;
        Peer peer;
    };

    struct Probe {
        wire::SessionId session = 0;
        crypto::Nonce nonce;
        std::size_t secret_place = 0;
        Bytes hello;
    };

    static Instant soon_again(const Dial& dial, Instant now) {
        return now + std::max<Duration>(kRetryQuick, (now - dial.begun_at) / 4);
    }
    Bytes make_hello(wire::Hello hello, std::size_t secret_place) const;
    void send_hello(Dial& dial, Instant now);
    std::optional<std::size_t> secret_of(const wire::Hello& hello, const Endpoint& from,
                                         Instant now);
    void answer_hello2(const Endpoint& from, ByteView datagram, const wire::Hello& hello,
                       std::size_t secret_place, Instant now);
    Bytes seal_auth(crypto::Role role, const crypto::Secret& key, const crypto::Hash& transcript,
                    const crypto::EphemeralKey& initiator, const crypto::EphemeralKey& responder);
    // Reads the other side's AUTH; counts what is wrong with it.
    std::optional<Peer> open_auth(const crypto::Secret& key, const crypto::Hash& transcript,
                                  ByteView sealed, Instant now);
    // Whether we have a codec that the peer, who has proved itself, reads; else it is noted.
    bool has_codec_for(const Peer& peer, const Endpoint& at);
    void finish_dial(wire::SessionId session, Dial& dial, bool is_valid);
    void finish_accept(wire::SessionId session, Accept& accept, bool is_valid);
    Established facts_of(const Peer& peer, const Endpoint& at, std::size_t secret_place) const;
    void fail(const Dial& dial, FailedDial::Why why);
    void erase_accept(wire::SessionId session);

    Core& core_;
    VerifyDesk& desk_;
    crypto::CookieJar cookies_;
    TokenBucket accept_rate_;
    std::map<wire::SessionId, Dial> dials_;       // our session numbers
    std::map<Endpoint, wire::SessionId> dial_of_;
    std::map<wire::SessionId, Accept> accepts_;
    std::map<crypto::Nonce, wire::SessionId> accept_of_;
    std::vector<Established> established_;
    std::vector<FailedDial> failed_;
    std::optional<Probe> probe_;
    std::vector<Endpoint> answers_;  // to the probe
};

}  // namespace hearsay::gossip
