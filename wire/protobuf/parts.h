#pragma once

#include <google/protobuf/io/coded_stream.h>

#include "wire/codec.h"

// The two halves of the Protocol Buffers codec, for its own files alone. hearsay.proto says what
// is written and what is refused.
namespace hearsay::wire::pb {

// The numbers of the fields in hearsay.proto.
enum FrameField : std::uint32_t {
    kChunk = 1, kAck, kHave, kWant, kHeartbeat, kPrune, kGraft, kClose
};
namespace header {
enum Field : std::uint32_t {
    kPublisher = 1, kEpoch, kSeq, kCreatedMs, kLifetimeMs, kKind, kFlags, kChunkCount, kBodySize,
    kSignature, kTopic
};
}
namespace chunk {
enum Field : std::uint32_t {
    kHeader = 1, kUid, kIndex, kFirstMessage, kLead, kHops, kBody, kPath
};
}
namespace credit {
enum Field : std::uint32_t { kPublisher = 1, kBytes };
}
namespace ack {
enum Field : std::uint32_t { kDelayUs = 1, kRangeSteps, kCredits };
}
namespace stream {
enum Field : std::uint32_t { kPublisher = 1, kEpoch, kFloor, kTop, kRangeSteps };
}
namespace record {
enum Field : std::uint32_t { kMember = 1, kEpoch, kVersion };
}
namespace have {
enum Field : std::uint32_t { kStreams = 1, kBucketHashes, kExpanded, kRecords };
}
namespace wanted {
enum Field : std::uint32_t { kUid = 1, kFirst, kLast };
}
namespace want {
enum Field : std::uint32_t { kStreams = 1, kChunks, kRecords };
}
namespace heartbeat {
enum Field : std::uint32_t {
    kSentUs = 1, kEchoUs, kEchoDelayUs, kWallMs, kLost, kWantsReply, kKnownEpoch, kKnownVersion
};
}
namespace publisher {
enum Field : std::uint32_t { kId = 1 };  // of Prune and Graft
}
namespace address {
enum Field : std::uint32_t { kAddress = 1, kPort };
}
namespace close {
enum Field : std::uint32_t { kReason = 1, kCandidates };
}

// The low three bits of a tag.
enum class Type : std::uint32_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

// Writes fields to memory that is large enough, or only adds up how much they need.
class Writer {
public:
    Writer() = default;
    explicit Writer(std::uint8_t* out) : at_(out) {}

    void number(std::uint32_t field, std::uint64_t value);  // 0 is left out
    void fixed64(std::uint32_t field, std::uint64_t value);
    void bytes(std::uint32_t field, ByteView value);
    void bytes_if_any(std::uint32_t field, ByteView value);

    // A field of what `put` writes, which is the same each time it is called.
    template <typename Put>
    void message(std::uint32_t field, Put put) {
        Writer measure;
        put(measure);
        tag(field, Type::bytes);
        varint(measure.size());
        if (at_ == nullptr)
            size_ += measure.size();
        else
            put(*this);
    }

    void varint(std::uint64_t value);
    void raw64(std::uint64_t value);
    std::size_t size() const { return size_; }  // written or needed so far

private:
    void tag(std::uint32_t field, Type type) {
        varint(field << 3 | static_cast<std::uint32_t>(type));
    }

    std::uint8_t* at_ = nullptr;
    std::size_t size_ = 0;
};

// Walks the fields of one message. What is asked of the field at hand is checked: its type, that
// it is the first of its number, its size.
class Reader {
public:
    explicit Reader(ByteView message);

    // The number of the next field; 0 at the end, and when the message is malformed.
    std::uint32_t next();
    // Whether next() has come to the end of a message that is in order.
    bool is_at_end() const { return is_good_ && is_all_read(); }
    bool has(std::uint32_t field) const { return field < 32 && (seen_ >> field & 1) != 0; }

    template <typename Number>
    bool number(Number& value, std::uint64_t most = std::numeric_limits<Number>::max()) {
        std::uint64_t read = 0;
        if (!once() || !varint(read) || read > most) return false;
        value = static_cast<Number>(read);
        return true;
    }
    bool fixed64(std::uint64_t& value);
    bool bytes(ByteView& value) { return once() && entry(value); }
    template <typename Fixed>
    bool fixed(Fixed& value) {
        ByteView read;
        if (!bytes(read) || read.size() != Fixed::kSize) return false;
        value = Fixed::from(read);
        return true;
    }
    // One of a repeated field.
    bool entry(ByteView& value);
    bool skip();

    // Of a packed list.
    bool raw_varint(std::uint64_t& value) { return input_.ReadVarint64(&value); }

private:
    bool is_all_read() const {
        return static_cast<std::size_t>(input_.CurrentPosition()) == message_.size();
    }
    bool once();
    bool varint(std::uint64_t& value);

    google::protobuf::io::CodedInputStream input_;
    ByteView message_;
    std::uint32_t field_ = 0;
    Type type_ = Type::varint;
    std::uint32_t seen_ = 0;  // bit i: field i has been read
    bool is_good_ = true;
};

void write(const Frame& frame, Writer& writer);

// False when the bytes say something that no frame says; counts and order are left to
// keeps_limits(). Views in `frame` point into `bytes` and `arena`.
bool read(ByteView bytes, FrameArena& arena, Frame& frame);

}  // namespace hearsay::wire::pb
