#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "crypto/network.h"
#include "crypto/session.h"
#include "crypto/signing.h"
#include "daemon/gossip/batch_builder.h"
#include "daemon/gossip/snapshot.h"
#include "wire/packet.h"
#include "wire/plaintext.h"

namespace hearsay::sim {

// How a member with a valid secret and key misbehaves.
enum class Lie : std::uint8_t {
    silent_relay,   // takes everything, says it has it, passes nothing on
    censor,         // passes on everything but what one member says
    replayer,       // repeats old chunks with everything it sends
    equivocator,    // signs two messages with one number, one for each half of its neighbours
    flooder,        // publishes in bursts of a hundred messages
    false_accuser,  // accuses everybody of silence, all the time
    announcer,      // says that it is reached at ever new addresses, eight a time
    babbler,        // frames that contradict the protocol in every way we know
    forger,         // messages that its key has not signed
};
inline constexpr std::size_t kLieCount = 9;
std::string_view name_of(Lie lie);

// What a liar puts on the wire instead of what its engine, which is a real one, says: every sealed
// datagram is taken apart and sealed anew, under the same number, with frames left out or added.
class Liar {
public:
    Liar(Lie lie, const crypto::Signer& signer, const crypto::NetworkId& network,
         const crypto::Sealer& sealer, wire::Codec& codec, crypto::Random random);

    Lie lie() const { return lie_; }
    // For its engine: seals as the real one, and remembers what was sealed.
    const crypto::Sealer& sealer() const { return sealer_; }
    // What it knows of the network, and the time.
    void look(gossip::Snapshot snapshot, WallTime now);
    // Nothing of it: the datagram goes out as it is.
    std::optional<Bytes> rewrite(ByteView datagram);
    // The call of the engine is over.
    void end_call() { sealer_.forget(); }

    // Told of each message it is about to sign behind its engine's back.
    std::function<void(std::string_view topic, ByteView payload)> on_publish;
    std::uint64_t addresses_announced() const { return addresses_; }
    std::uint64_t lies_told() const { return lies_; }
    // Frames added between two looks: without a bound, each lie that comes back as an
    // acknowledgement would carry the next.
    static constexpr std::uint64_t kLiesPerLook = 12;

private:
    struct Sealing {
        crypto::Secret key;
        std::uint64_t counter = 0;
        Bytes associated;
        Bytes plaintext;
    };
    class RememberingSealer final : public crypto::Sealer {
    public:
        explicit RememberingSealer(const crypto::Sealer& real) : real_(real) {}
        void seal(const crypto::Secret& key, std::uint64_t counter, ByteView associated,
                  ByteView plaintext, MutableBytes out) const override;
        bool open(const crypto::Secret& key, std::uint64_t counter, ByteView associated,
                  ByteView sealed, MutableBytes out) const override {
            return real_.open(key, counter, associated, sealed, out);
        }
        const Sealing* find(std::uint64_t counter, ByteView associated) const;
        void forget() const { sealings_.clear(); }
        const crypto::Sealer& real() const { return real_; }

    private:
        const crypto::Sealer& real_;
        mutable std::vector<Sealing> sealings_;
    };

    bool keeps(const wire::Frame& frame);
    void add_lies(wire::PlaintextWriter& writer, wire::SessionId session);
    void equivocate();
    void accuse(wire::PlaintextWriter& writer);
    void announce(wire::PlaintextWriter& writer);
    void forge(wire::PlaintextWriter& writer);
    void babble(wire::PlaintextWriter& writer);
    void babble_batches(wire::PlaintextWriter& writer, std::uint64_t what);
    bool tell(wire::PlaintextWriter& writer, const wire::Frame& frame);
    wire::BatchHeader header_of(wire::Kind kind, std::uint64_t seq,
                                const gossip::BuiltBatch& built);
    // The frame of one chunk, signed; views into `built`.
    wire::Chunk chunk_of(const wire::BatchHeader& header, const gossip::BuiltBatch& built,
                         std::size_t index = 0);
    Bytes message(std::string_view payload, std::uint64_t seq);
    Bytes encode(const wire::Frame& frame);

    Lie lie_;
    const crypto::Signer& signer_;
    crypto::NetworkId network_;
    RememberingSealer sealer_;
    wire::Codec& codec_;
    crypto::Random random_;
    wire::FrameArena arena_;
    gossip::Snapshot view_;
    WallTime now_;
    bool has_other_codec_ = false;  // this datagram claims a codec nobody agreed on
    std::deque<Bytes> heard_;       // chunks it has passed on
    std::array<Bytes, 2> versions_;  // of the message it equivocates about
    std::uint64_t number_ = 0;
    std::uint64_t addresses_ = 0;
    std::uint64_t lies_ = 0;
    std::uint64_t lies_before_look_ = 0;
};

}  // namespace hearsay::sim
