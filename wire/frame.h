#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "base/endpoint.h"
#include "crypto/ids.h"

// The decoded frames: what neighbours say to each other inside SEALED packets. Plain values and
// views; a view lives as long as the buffer (and the FrameArena) it was decoded from. Codecs
// produce and consume these, and check the limits of wire/limits.h, nothing else: what a frame
// means is the protocol core's business.
namespace hearsay::wire {

// What a batch carries. A relay passes on kinds it does not know and delivers nothing.
enum class Kind : std::uint16_t {
    message = 0,   // what applications publish
    presence = 1,  // a member speaks of itself; seq is the version of the record
    suspect = 2,   // the publisher accuses another member of silence
    leave = 3,     // a member says goodbye; seq is the version, above its last presence
};

// Of a record: it says nothing but "still here", so it spreads by record repair and is not
// flooded.
inline constexpr std::uint16_t kFlagQuiet = 1;

// The signed facts of a batch (wire/signed_bytes.h says how they are signed).
struct BatchHeader {
    crypto::NodeId publisher;
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
    std::uint64_t created_ms = 0;   // publisher's wall clock, Unix time
    std::uint32_t lifetime_ms = 0;
    Kind kind = Kind::message;
    std::uint16_t flags = 0;        // kFlagQuiet; unknown bits are signed, relayed, ignored
    std::uint16_t chunk_count = 1;
    std::uint32_t body_size = 0;
    std::string_view topic;         // 1 to 255 bytes of UTF-8 for messages, empty for records
};

// One provable piece of a batch. With a header it stands alone; without one (`has_header`
// false) it is for a neighbour known to hold the header of `uid`.
struct Chunk {
    bool has_header = true;
    BatchHeader header;             // when has_header
    crypto::Signature signature;    // when has_header
    crypto::Uid uid;                // when not has_header
    std::uint16_t index = 0;
    std::uint32_t first_message = 0;
    std::uint16_t lead = 0;
    std::uint8_t hops = 0;          // saturating, diagnostic, unsigned
    ByteView bytes;
    std::span<const crypto::Hash> path;  // from the leaf upwards
};

struct NumberRange {                // inclusive; first <= last
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    bool operator==(const NumberRange&) const = default;
};

struct Credit {
    crypto::NodeId publisher;
    std::uint32_t bytes = 0;
    bool operator==(const Credit&) const = default;
};

// "These packets opened", nothing more. Ranges descend and are apart (no number is in two); the
// first holds the largest packet number.
struct Ack {
    std::uint32_t delay_us = 0;     // since the largest arrived
    std::span<const NumberRange> ranges;
    std::span<const Credit> credits;
};

// Part of a stream, by sequence number. Ranges ascend and are apart (no number is in two).
struct StreamRanges {
    crypto::NodeId publisher;
    std::uint64_t epoch = 0;
    std::uint64_t floor = 0;        // Have: at and below it nothing is to be had here. Want: 0
    std::uint64_t top = 0;          // Have: highest seq seen. Want: 0
    std::span<const NumberRange> ranges;
};

struct RecordVersion {              // the newest record held of a member
    crypto::NodeId member;
    std::uint64_t epoch = 0;
    std::uint64_t version = 0;
    bool operator==(const RecordVersion&) const = default;
};

// What the sender can supply.
struct Have {
    std::span<const StreamRanges> streams;
    std::span<const std::uint64_t> bucket_hashes;  // none, or kRecordBuckets
    // Buckets (bit i: bucket i) whose records are all listed in `records`.
    std::uint64_t expanded = 0;
    std::span<const RecordVersion> records;
};

struct WantedChunks {
    crypto::Uid uid;
    std::uint16_t first = 0;        // chunk indices, inclusive
    std::uint16_t last = 0;
    bool operator==(const WantedChunks&) const = default;
};

// What the sender asks for.
struct Want {
    std::span<const StreamRanges> streams;
    std::span<const WantedChunks> chunks;
    std::span<const crypto::NodeId> records;  // the newest record of each of these members
};

// Sign of life and measure of the path. Times are the sender's own, opaque to the receiver.
struct Heartbeat {
    std::uint64_t sent_us = 0;
    std::uint64_t echo_us = 0;        // sent_us of the last heartbeat received; 0: none yet
    std::uint32_t echo_delay_us = 0;  // how long that one waited here
    std::uint64_t wall_ms = 0;
    std::uint32_t lost = 0;           // packets of this session the sender believes lost, so far
    bool wants_reply = false;         // answer at once: a probe
    // The newest record the sender holds of the receiver, 0 for none: after a restart with old
    // state, a node learns here to ask for that record and rise above it.
    std::uint64_t known_epoch = 0;
    std::uint64_t known_version = 0;
};

struct Prune { crypto::NodeId publisher; };  // send me this publisher's batches lazily
struct Graft { crypto::NodeId publisher; };  // send them eagerly again

enum class CloseReason : std::uint8_t {
    leaving = 1,        // the sender stops
    replaced = 2,       // another session of the same pair is kept
    full = 3,           // room is made for a node that needs it more
    misbehaved = 4,     // the receiver of this frame sent what an honest node cannot
    secret_removed = 5, // the network secret of this session is no longer accepted
    asked = 6,          // an operator said so
    silent = 7,         // nothing was heard for so long that the link was given up
};

struct Close {
    CloseReason reason = CloseReason::leaving;
    std::span<const Endpoint> candidates;  // other members to try; scope is not sent
};

using Frame = std::variant<Chunk, Ack, Have, Want, Heartbeat, Prune, Graft, Close>;

}  // namespace hearsay::wire
