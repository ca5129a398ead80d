#pragma once

#include <string>

#include "base/result.h"
#include "crypto/ids.h"
#include "crypto/labels.h"
#include "crypto/random.h"

namespace hearsay::crypto {

inline constexpr std::size_t kNetworkSecretsMax = 3;
inline constexpr std::size_t kNetworkNameMax = 32;

enum class TokenError {
    not_a_token,    // no "hearsay1-" in front, characters outside the alphabet, or nonsense inside
    truncated,      // too short: part of it was not copied
    bad_checksum,   // a character was changed
    bad_version,    // whole, but made by a version this one does not know
};

// What the hosts of one network have in common: a public id and one to three secrets. The first
// secret is the one used; the others are still accepted, which is how secrets are rotated.
struct Network {
    std::string name;  // 1 to 32 characters of [a-z0-9-], not secret: a label for people
    NetworkId id;
    std::vector<Secret> secrets;
    bool is_open = false;  // id and secret follow from the name: anyone can join

    Network clone() const;

    // Both: precondition is_valid_network_name(name).
    static Network create(std::string name, Random& random);
    // Same name, same network, everywhere: anyone on the LAN can join it.
    // id = H(kOpenNetworkLabel | 0x00 | name), its only secret H(kOpenNetworkLabel | 0x01 | name).
    static Network open(std::string name);
};

bool is_valid_network_name(std::string_view name);

// The network as one line of text with a checksum: what `hearsay network create` prints and
// what the network file holds. It carries the secrets.
//   "hearsay1-" base32( version u8=1 | flags u8 (bit 0: open) | name_size u8 | name | id[32]
//                       | secret_count u8 | secrets | checksum[4] )
// checksum = BLAKE2b-256(label | everything before)[0:4]
// Precondition: a valid name and 1 to kNetworkSecretsMax secrets.
std::string encode_token(const Network& network);
// White space around and inside the token is ignored: it may have been wrapped by a terminal.
// A token that says "open" when its id and secret do not follow from its name, or the other way
// round, is not_a_token: what `status` says about who can join must be true.
Result<Network, TokenError> decode_token(std::string_view text);

// Names the network to strangers without telling its id: the first 8 bytes of
// H(label | id), little-endian. Not secret, not proof of anything.
std::uint64_t network_tag(const NetworkId& id);

using Mac = FixedBytes<16, struct MacTag>;
// Keyed BLAKE2b-128 over label | network id | bytes.
Mac network_mac(const Secret& secret, const Label& purpose, const NetworkId& id, ByteView bytes);

}  // namespace hearsay::crypto
