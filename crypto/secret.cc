#include "crypto/secret.h"

#include <sodium.h>

#include "base/insist.h"

namespace hearsay::crypto {

Secret::Secret(ByteView source) {
    INSIST(source.size() == kSize);
    std::copy(source.begin(), source.end(), bytes_.begin());
}

Secret::Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        bytes_ = other.bytes_;
        wipe(other.bytes_);
    }
    return *this;
}

Secret::~Secret() { wipe(bytes_); }

bool Secret::equals(const Secret& other) const {
    return equal_in_constant_time(bytes_, other.bytes_);
}

void wipe(MutableBytes bytes) { sodium_memzero(bytes.data(), bytes.size()); }

bool equal_in_constant_time(ByteView a, ByteView b) {
    INSIST(a.size() == b.size());
    return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace hearsay::crypto
