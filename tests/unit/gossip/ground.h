#pragma once

#include <deque>

#include "crypto/session.h"
#include "daemon/gossip/batch_builder.h"
#include "daemon/gossip/channel.h"
#include "daemon/gossip/core.h"
#include "daemon/gossip/presence.h"
#include "tests/sim/cheap_crypto.h"
#include "wire/plaintext.h"

// What tests of the engine's parts stand on: a core without an engine, publishers that sign, and
// far ends of links that open what is sent to them. Signatures are the simulator's cheap ones,
// sessions are sealed for real.
namespace hearsay::gossip::ground {

using namespace std::chrono_literals;

inline constexpr Instant kStart{std::chrono::hours(1)};
inline constexpr std::uint64_t kWallMs = 1'700'000'000'000;
inline constexpr std::uint64_t kCryptoSecret = 42;
inline constexpr std::uint64_t kEpoch = 7;

// Both clocks, so long after the start of the test.
constexpr Now after(Duration elapsed) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count();
    return {kStart + elapsed, {kWallMs + static_cast<std::uint64_t>(ms)}};
}

crypto::Secret secret_of(std::uint8_t number);
// The network `number`; secrets with alike numbers are alike.
crypto::Network make_network(std::initializer_list<std::uint8_t> secrets = {1},
                             std::uint8_t number = 1);
Endpoint place(unsigned number);          // 10.0.x.y:4327
crypto::NodeId node_of(unsigned number);  // the key of node `number`

// What one or more calls put out, copied.
struct Put {
    struct Sent {
        Endpoint to;
        Bytes datagram;
    };
    struct Delivered {
        Delivery facts;  // without its views
        std::string topic;
        std::string payload;
    };
    std::vector<Sent> sent;
    std::vector<VerifyJob> jobs;
    std::vector<Delivered> deliveries;
    std::vector<Event> events;

    void add(const Outputs& outputs);
    std::size_t count(EventKind kind) const;
    const Event* find(EventKind kind) const;
    std::vector<Bytes> sent_to(const Endpoint& to) const;
};

// The core of node `number`, and what it refers to.
struct Ground {
    explicit Ground(unsigned number = 1, const config::Gossip& config = {},
                    const crypto::Network& network = make_network());
    // What was put out since the last call.
    Put take();
    std::uint64_t counted(Counter counter) const { return core.counters[counter]; }

    sim::CheapSigner signer;
    crypto::ChaChaSealer sealer;
    wire::CodecRegistry codecs;
    Core core;
};

bool is_valid(const VerifyJob& job);

// Both ends' view of one made-up session between `near` and node `far` at place(far).
struct SessionEnds {
    Established near;
    Established far;
};
SessionEnds make_session(Ground& near, unsigned far, bool near_dialled,
                         std::uint64_t far_epoch = kEpoch);

// The neighbour's end of a session.
class FarEnd {
public:
    FarEnd(Ground& near, Established facts, Instant now = kStart)
        : channel_(near.sealer, std::move(facts), now) {}

    // The frames of those datagrams that belong to this session, in order. Views in them live as
    // long as this.
    std::vector<wire::Frame> hear(const std::vector<Bytes>& datagrams);
    // The same of what `put` holds for this end's place.
    std::vector<wire::Frame> hear(const Put& put);
    Bytes say(const std::vector<wire::Frame>& frames);
    Channel& channel() { return channel_; }
    const std::vector<std::uint64_t>& numbers() const { return numbers_; }  // of packets heard

private:
    struct Page {
        alignas(8) std::array<std::uint8_t, wire::kPlaintextSizeMax + crypto::kTagSize> bytes;
        wire::FrameArena arena;
    };
    Channel channel_;
    std::deque<Page> pages_;
    std::vector<std::uint64_t> numbers_;
};

template <typename Kind>
std::vector<Kind> only(const std::vector<wire::Frame>& frames) {
    std::vector<Kind> result;
    for (const wire::Frame& frame : frames)
        if (const auto* found = std::get_if<Kind>(&frame)) result.push_back(*found);
    return result;
}

// A batch as its publisher made it.
struct Batch {
    std::string topic;
    wire::BatchHeader header;  // topic: use chunk()
    BuiltBatch built;
    crypto::Signature signature;
    crypto::Uid uid;

    // Views into this.
    wire::Chunk chunk(std::size_t index = 0) const;
    wire::Chunk short_chunk(std::size_t index) const;  // without the header
};

struct BatchFacts {
    std::string topic = "news";
    std::uint64_t epoch = kEpoch;
    std::uint64_t created_ms = kWallMs;
    std::uint32_t lifetime_ms = 60'000;
};

// Somebody who signs.
class Author {
public:
    explicit Author(unsigned number) : signer_(kCryptoSecret, number) {}

    crypto::NodeId id() const { return signer_.id(); }
    Batch message(std::uint64_t seq, std::string_view payload, const BatchFacts& facts = {}) const;
    Batch messages(std::uint64_t seq, const std::vector<std::string>& payloads,
                   const BatchFacts& facts = {}) const;
    Batch record(wire::Kind kind, std::uint64_t epoch, std::uint64_t version, ByteView body,
                 std::uint32_t lifetime_ms = 120'000) const;
    Batch presence(std::uint64_t epoch, std::uint64_t version,
                   const Presence& presence = {}) const;
    Batch suspect(std::uint64_t number, const Suspect& suspect) const;
    Batch leave(std::uint64_t epoch, std::uint64_t version) const;
    // Makes uid and signature fit what was changed in the header.
    void sign(Batch& batch) const;

private:
    sim::CheapSigner signer_;
};

}  // namespace hearsay::gossip::ground
