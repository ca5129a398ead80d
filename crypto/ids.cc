#include "crypto/ids.h"

namespace hearsay::crypto {

namespace {

constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kNodeIdText = 52;
constexpr std::size_t kShortText = 16;

// -1 outside the alphabet.
int base32_value(char c) {
    if (c >= 'a' && c <= 'z') return c - 'a';
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= '2' && c <= '7') return c - '2' + 26;
    return -1;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Bits left over at the end must be fewer than a character: 5 or more means that the last
// character carries no byte at all.
bool is_base32_length(std::size_t characters) { return characters * 5 % 8 < 5; }

}  // namespace

std::string base32(ByteView bytes) {
    std::string text;
    text.reserve((bytes.size() * 8 + 4) / 5);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const std::uint8_t byte : bytes) {
        bits = (bits << 8) | byte;
        count += 8;
        while (count >= 5) {
            count -= 5;
            text.push_back(kBase32[(bits >> count) & 31]);
        }
    }
    if (count > 0) text.push_back(kBase32[(bits << (5 - count)) & 31]);
    return text;
}

std::optional<Bytes> from_base32(std::string_view text) {
    if (!is_base32_length(text.size())) return std::nullopt;
    Bytes bytes;
    bytes.reserve(text.size() * 5 / 8);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const int value = base32_value(c);
        if (value < 0) return std::nullopt;
        bits = (bits << 5) | static_cast<std::uint32_t>(value);
        count += 5;
        if (count >= 8) {
            count -= 8;
            bytes.push_back(static_cast<std::uint8_t>(bits >> count));
        }
    }
    // Two texts for one value would let one node go by two names.
    if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
    return bytes;
}

std::string to_text(const NodeId& id) { return base32(id.view()); }

std::string short_text(const NodeId& id) { return base32(id.view()).substr(0, kShortText); }

std::optional<NodeId> node_id_from_text(std::string_view text) {
    if (text.size() != kNodeIdText) return std::nullopt;
    const std::optional<Bytes> bytes = from_base32(text);
    if (!bytes) return std::nullopt;
    return NodeId::from(*bytes);
}

std::string to_hex(ByteView bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        text.push_back(kHex[byte >> 4]);
        text.push_back(kHex[byte & 15]);
    }
    return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return bytes;
}

}  // namespace hearsay::crypto
