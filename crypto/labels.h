#pragma once

#include <string_view>

#include "base/bytes.h"

namespace hearsay::crypto {

// One label per purpose, in front of everything that is signed, hashed into a key or MACed, so
// that bytes made for one purpose mean nothing for another. 32 bytes, zero-padded.
using Label = FixedBytes<32, struct LabelTag>;

constexpr Label label(std::string_view text) {
    Label result;
    for (std::size_t i = 0; i < text.size() && i < Label::kSize; ++i)
        result.bytes[i] = static_cast<std::uint8_t>(text[i]);
    return result;
}

inline constexpr Label kBatchLabel = label("hearsay/v1/batch");
inline constexpr Label kInitiatorLabel = label("hearsay/v1/handshake/initiator");
inline constexpr Label kResponderLabel = label("hearsay/v1/handshake/responder");
inline constexpr Label kTranscriptLabel = label("hearsay/v1/transcript");
inline constexpr Label kHelloLabel = label("hearsay/v1/hello");
inline constexpr Label kBeaconLabel = label("hearsay/v1/beacon");
inline constexpr Label kCookieLabel = label("hearsay/v1/cookie");
inline constexpr Label kNetworkTagLabel = label("hearsay/v1/network-tag");
inline constexpr Label kOpenNetworkLabel = label("hearsay/v1/open-network");
inline constexpr Label kTokenLabel = label("hearsay/v1/token");
inline constexpr Label kHandshakeKeyLabel = label("hearsay/v1/key/handshake");
inline constexpr Label kSessionKeyLabel = label("hearsay/v1/key/session");

}  // namespace hearsay::crypto
