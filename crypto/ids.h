#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace hearsay::crypto {

// A node is its Ed25519 public key (RFC 8032): whoever can sign as it, is it.
using NodeId = FixedBytes<32, struct NodeIdTag>;
using NetworkId = FixedBytes<32, struct NetworkIdTag>;
using Signature = FixedBytes<64, struct SignatureTag>;
// BLAKE2b-256 (RFC 7693).
using Hash = FixedBytes<32, struct HashTag>;
// Names a batch: the first half of the hash of its signed bytes.
using Uid = FixedBytes<16, struct UidTag>;

// RFC 4648 base32, lower case, no padding. A node id takes 52 characters.
std::string base32(ByteView bytes);
// nullopt for a character outside the alphabet, an impossible length or stray low bits; case
// is ignored.
std::optional<Bytes> from_base32(std::string_view text);

std::string to_text(const NodeId& id);
// The first 16 characters: what people read. 80 bits, so two in one network are no accident.
std::string short_text(const NodeId& id);
std::optional<NodeId> node_id_from_text(std::string_view text);
std::string to_hex(ByteView bytes);
std::optional<Bytes> from_hex(std::string_view text);

}  // namespace hearsay::crypto
