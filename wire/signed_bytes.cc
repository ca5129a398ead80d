#include "wire/signed_bytes.h"

#include "base/byte_io.h"
#include "crypto/hash.h"
#include "crypto/labels.h"
#include "wire/limits.h"

namespace hearsay::wire {
namespace {

bool is_record(Kind kind) {
    return kind == Kind::presence || kind == Kind::suspect || kind == Kind::leave;
}

bool is_topic_of(Kind kind, std::string_view topic) {
    if (kind == Kind::message) return is_valid_topic(topic);
    if (is_record(kind)) return topic.empty();
    return topic.empty() || is_valid_topic(topic);  // a later version's kind: either shape
}

bool is_header_consistent(const BatchHeader& header) {
    if (header.chunk_count == 0 || header.chunk_count > kChunksPerBatchMax) return false;
    // A record is asked for by its member alone, so there is no way to ask for a second chunk.
    if (is_record(header.kind) && header.chunk_count != 1) return false;
    if (header.lifetime_ms < kLifetimeMsMin || header.lifetime_ms > kLifetimeMsMax) return false;
    if (!is_topic_of(header.kind, header.topic)) return false;
    if (header.kind == Kind::message && header.body_size < kMessageOverhead) return false;
    const std::size_t most = chunk_bytes_max(header.topic.size(), header.chunk_count);
    return header.body_size <= kBodySizeMax && header.body_size <= most * header.chunk_count;
}

bool is_size_consistent(const BatchHeader& header, const Chunk& chunk) {
    const std::size_t size = chunk.bytes.size();
    if (header.chunk_count == 1) return size == header.body_size;
    // Every other chunk has at least one byte, or nothing would bound their number by the body.
    if (size == 0 || size + header.chunk_count - 1 > header.body_size) return false;
    return size <= chunk_bytes_max(header.topic.size(), header.chunk_count);
}

// A message takes at least its length field, which bounds how many can come before a chunk.
bool is_place_consistent(const BatchHeader& header, const Chunk& chunk) {
    if (chunk.lead > chunk.bytes.size()) return false;
    if (chunk.index == 0) return chunk.lead == 0 && chunk.first_message == 0;
    if (chunk.lead == 0 && chunk.first_message == 0) return false;
    return chunk.first_message < header.body_size / kMessageOverhead;
}

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 when there is none
// (RFC 3629 4: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_sequence_size(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto is_between = [&](std::size_t i, int low, int high) {
        return i < text.size() && byte(i) >= low && byte(i) <= high;
    };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead < 0xc2) return 0;
    if (lead < 0xe0) return is_between(1, 0x80, 0xbf) ? 2 : 0;
    if (lead < 0xf0) {
        const int low = lead == 0xe0 ? 0xa0 : 0x80;
        const int high = lead == 0xed ? 0x9f : 0xbf;
        return is_between(1, low, high) && is_between(2, 0x80, 0xbf) ? 3 : 0;
    }
    if (lead > 0xf4) return 0;
    const int low = lead == 0xf0 ? 0x90 : 0x80;
    const int high = lead == 0xf4 ? 0x8f : 0xbf;
    return is_between(1, low, high) && is_between(2, 0x80, 0xbf) && is_between(3, 0x80, 0xbf) ? 4
                                                                                              : 0;
}

}  // namespace

void write_signed_bytes(const crypto::NetworkId& network, const BatchHeader& header,
                        const crypto::Hash& root, Bytes& out) {
    out.clear();
    out.reserve(kSignedBytesFixedSize + header.topic.size());
    ByteWriter writer(out);
    writer.bytes(crypto::kBatchLabel.view());
    writer.bytes(network.view());
    writer.bytes(header.publisher.view());
    writer.u64(header.epoch);
    writer.u64(header.seq);
    writer.u64(header.created_ms);
    writer.u32(header.lifetime_ms);
    writer.u16(static_cast<std::uint16_t>(header.kind));
    writer.u16(header.flags);
    writer.u16(header.chunk_count);
    writer.u16(static_cast<std::uint16_t>(header.topic.size()));
    writer.u32(header.body_size);
    writer.bytes(root.view());
    writer.bytes(bytes_of(header.topic));
}

bool is_consistent(const BatchHeader& header, const Chunk& chunk) {
    if (!is_header_consistent(header) || chunk.index >= header.chunk_count) return false;
    return is_size_consistent(header, chunk) && is_place_consistent(header, chunk) &&
           chunk.path.size() == crypto::merkle_path_size(chunk.index, header.chunk_count);
}

bool is_valid_topic(std::string_view topic) {
    if (topic.empty() || topic.size() > kTopicSizeMax) return false;
    while (!topic.empty()) {
        const auto lead = static_cast<std::uint8_t>(topic.front());
        if (lead < 0x20 || lead == 0x7f) return false;
        const std::size_t size = utf8_sequence_size(topic);
        if (size == 0) return false;
        topic.remove_prefix(size);
    }
    return true;
}

}  // namespace hearsay::wire
