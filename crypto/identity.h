#pragma once

#include <stdexcept>
#include <string>

#include "crypto/secret.h"

namespace hearsay::crypto {

// The identity file cannot be used; what() says what is wrong, where, and how to mend it.
class IdentityError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Loads the seed of this node's key from `path`, or makes it there first when nothing is there.
//
// The file is one line, "hearsay-identity-1 " + base32(seed[32] | checksum[4]), where checksum =
// BLAKE2b-256(seed)[0:4]. It is created with mode 0600 under a temporary name in the same folder
// (exclusive), synced, and linked to its name, which unlike a rename never replaces anything: of
// two processes that make it at once both get the same key. The folder is synced too. A file that
// others can read, that is a link, that belongs to another user than the effective one, or that
// is damaged is refused, never replaced.
// Throws IdentityError.
Secret load_or_create_identity(const std::string& path);
Secret load_identity(const std::string& path);

}  // namespace hearsay::crypto
