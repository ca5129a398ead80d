#include "daemon/gossip/presence.h"

#include "base/byte_io.h"
#include "wire/limits.h"

namespace hearsay::gossip {
namespace {

static_assert(kRecordSizeMax <= wire::chunk_bytes_max(0, 1));

bool is_plain_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x20 && byte != 0x7f;
    });
}

void write_text(ByteWriter& writer, std::string_view text, std::size_t size_max) {
    const std::string_view kept = text.substr(0, size_max);
    writer.u8(static_cast<std::uint8_t>(kept.size()));
    writer.bytes(bytes_of(kept));
}

bool read_text(ByteReader& reader, std::string& text, std::size_t size_max) {
    const std::size_t size = reader.u8();
    text = text_of(reader.bytes(size));
    return reader.ok() && size <= size_max && is_plain_text(text);
}

Bytes encode(const Presence& presence, std::size_t address_count, std::size_t tag_count) {
    Bytes out;
    ByteWriter writer(out);
    write_text(writer, presence.name, kNameSizeMax);
    write_text(writer, presence.software, kSoftwareSizeMax);
    writer.u8(static_cast<std::uint8_t>(address_count));
    for (std::size_t i = 0; i < address_count; ++i) {
        writer.bytes(presence.addresses[i].address);
        writer.u16(presence.addresses[i].port);
    }
    writer.u8(static_cast<std::uint8_t>(tag_count));
    for (std::size_t i = 0; i < tag_count; ++i) {
        write_text(writer, presence.tags[i].key, 255);
        write_text(writer, presence.tags[i].value, 255);
    }
    return out;
}

}  // namespace

Bytes encode_presence(const Presence& presence) {
    std::size_t addresses = std::min(presence.addresses.size(), kAddressesMax);
    std::size_t tags = std::min(presence.tags.size(), kTagsMax);
    Bytes out = encode(presence, addresses, tags);
    while (out.size() > kRecordSizeMax) {
        if (tags > 0)
            --tags;
        else
            --addresses;
        out = encode(presence, addresses, tags);
    }
    return out;
}

std::optional<Presence> decode_presence(ByteView body) {
    ByteReader reader(body);
    Presence presence;
    if (!read_text(reader, presence.name, kNameSizeMax)) return std::nullopt;
    if (!read_text(reader, presence.software, kSoftwareSizeMax)) return std::nullopt;
    const std::size_t address_count = reader.u8();
    if (address_count > kAddressesMax) return std::nullopt;
    for (std::size_t i = 0; i < address_count && reader.ok(); ++i) {
        Endpoint at;
        const ByteView address = reader.bytes(at.address.size());
        std::copy(address.begin(), address.end(), at.address.begin());
        at.port = reader.u16();
        if (at.is_dialable() && !at.is_link_local()) presence.addresses.push_back(at);
    }
    const std::size_t tag_count = reader.u8();
    if (tag_count > kTagsMax) return std::nullopt;
    for (std::size_t i = 0; i < tag_count; ++i) {
        config::Tag tag;
        if (!read_text(reader, tag.key, 255) || !read_text(reader, tag.value, 255))
            return std::nullopt;
        presence.tags.push_back(std::move(tag));
    }
    if (!reader.at_end()) return std::nullopt;
    return presence;
}

Bytes encode_suspect(const Suspect& suspect) {
    Bytes out;
    ByteWriter writer(out);
    writer.bytes(suspect.target.view());
    writer.u64(suspect.epoch);
    writer.u64(suspect.version);
    return out;
}

std::optional<Suspect> decode_suspect(ByteView body) {
    ByteReader reader(body);
    Suspect suspect;
    suspect.target = reader.fixed<crypto::NodeId>();
    suspect.epoch = reader.u64();
    suspect.version = reader.u64();
    if (!reader.at_end()) return std::nullopt;
    return suspect;
}

}  // namespace hearsay::gossip
