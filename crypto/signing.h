#pragma once

#include "crypto/ids.h"

namespace hearsay::crypto {

// The two seams through which every signature passes, so that a simulator can put a cheap
// keyed hash in their place. `message` always begins with one of the labels of labels.h.
class Signer {
public:
    virtual ~Signer() = default;
    virtual NodeId id() const = 0;
    virtual Signature sign(ByteView message) const = 0;
};

// verify() must be callable from several threads at once.
class Verifier {
public:
    virtual ~Verifier() = default;
    virtual bool verify(const NodeId& signer, ByteView message,
                        const Signature& signature) const = 0;
};

}  // namespace hearsay::crypto
