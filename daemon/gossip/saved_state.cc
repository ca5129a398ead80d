#include "daemon/gossip/saved_state.h"

#include "base/byte_io.h"
#include "crypto/hash.h"

namespace hearsay::gossip {
namespace {

constexpr std::string_view kMagic = "hearsay-state-2\n";
constexpr std::size_t kRangesMax = 100'000;

bool read_member(ByteReader& reader, SavedState::Member& member) {
    member.id = reader.fixed<crypto::NodeId>();
    const std::size_t count = reader.u8();
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
        Endpoint at;
        const ByteView address = reader.bytes(at.address.size());
        std::copy(address.begin(), address.end(), at.address.begin());
        at.port = reader.u16();
        member.addresses.push_back(at);
    }
    return reader.ok();
}

bool read_stream(ByteReader& reader, SavedState::SettledStream& stream) {
    stream.key.publisher = reader.fixed<crypto::NodeId>();
    stream.key.epoch = reader.u64();
    stream.floor = reader.u64();
    const std::size_t count = reader.u32();
    if (count > kRangesMax) return false;
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
        const std::uint64_t first = reader.u64();
        const std::uint64_t last = reader.u64();
        if (first > last) return false;
        stream.ranges.push_back({first, last});
    }
    return reader.ok();
}

}  // namespace

Bytes encode_state(const SavedState& state) {
    Bytes out;
    ByteWriter writer(out);
    writer.bytes(bytes_of(kMagic));
    writer.u32(static_cast<std::uint32_t>(state.members.size()));
    for (const SavedState::Member& member : state.members) {
        writer.bytes(member.id.view());
        writer.u8(static_cast<std::uint8_t>(member.addresses.size()));
        for (const Endpoint& at : member.addresses) {
            writer.bytes(at.address);
            writer.u16(at.port);
        }
    }
    writer.u8(state.has_streams ? 1 : 0);
    writer.u64(state.repeats_until_ms);
    writer.u32(static_cast<std::uint32_t>(state.streams.size()));
    for (const SavedState::SettledStream& stream : state.streams) {
        writer.bytes(stream.key.publisher.view());
        writer.u64(stream.key.epoch);
        writer.u64(stream.floor);
        writer.u32(static_cast<std::uint32_t>(stream.ranges.size()));
        for (const wire::NumberRange& range : stream.ranges) {
            writer.u64(range.first);
            writer.u64(range.last);
        }
    }
    const crypto::Hash checksum = crypto::blake2b({out});
    writer.bytes(checksum.view());
    return out;
}

std::optional<SavedState> decode_state(ByteView bytes) {
    if (bytes.size() < kMagic.size() + crypto::Hash::kSize) return std::nullopt;
    const ByteView content = bytes.first(bytes.size() - crypto::Hash::kSize);
    if (crypto::Hash::from(bytes.last(crypto::Hash::kSize)) != crypto::blake2b({content}))
        return std::nullopt;
    ByteReader reader(content);
    if (text_of(reader.bytes(kMagic.size())) != kMagic) return std::nullopt;
    SavedState state;
    const std::uint32_t member_count = reader.u32();
    for (std::uint32_t i = 0; i < member_count; ++i)
        if (!read_member(reader, state.members.emplace_back())) return std::nullopt;
    state.has_streams = reader.u8() != 0;
    state.repeats_until_ms = reader.u64();
    const std::uint32_t stream_count = reader.u32();
    for (std::uint32_t i = 0; i < stream_count; ++i)
        if (!read_stream(reader, state.streams.emplace_back())) return std::nullopt;
    if (!reader.at_end()) return std::nullopt;
    return state;
}

}  // namespace hearsay::gossip
