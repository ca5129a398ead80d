#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "config/config.h"
#include "crypto/ids.h"

// The bodies of records, fixed layout, little-endian: signed, so independent of any codec.
//   presence: name_size u8 | name | software_size u8 | software | address_count u8
//             | (address[16] | port u16) x count | tag_count u8
//             | (key_size u8 | key | value_size u8 | value) x count
//   suspect:  target[32] | epoch u64 | version u64
//   leave:    nothing
namespace hearsay::gossip {

inline constexpr std::size_t kNameSizeMax = 63;
inline constexpr std::size_t kSoftwareSizeMax = 63;
inline constexpr std::size_t kAddressesMax = 8;
inline constexpr std::size_t kTagsMax = 16;
// A record is one chunk: wire::chunk_bytes_max(0, 1).
inline constexpr std::size_t kRecordSizeMax = 900;

struct Presence {
    std::string name;
    std::string software;
    std::vector<Endpoint> addresses;  // scope is not told: it means nothing elsewhere
    std::vector<config::Tag> tags;
    bool operator==(const Presence&) const = default;
};

struct Suspect {
    crypto::NodeId target;
    std::uint64_t epoch = 0;
    std::uint64_t version = 0;
};

// What does not fit kRecordSizeMax is left out from the end: tags first, then addresses.
Bytes encode_presence(const Presence& presence);
// nullopt for anything but exactly this layout, texts with control characters, and lists over
// their limits. Addresses that cannot be dialled are left out.
std::optional<Presence> decode_presence(ByteView body);

Bytes encode_suspect(const Suspect& suspect);
std::optional<Suspect> decode_suspect(ByteView body);

}  // namespace hearsay::gossip
