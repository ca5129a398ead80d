#pragma once

#include "base/time.h"
#include "crypto/secret.h"

namespace hearsay::crypto {

// A stream of random bytes from one seed (ChaCha20, RFC 8439): unpredictable when the seed is
// secret, and the same stream again for the same seed, which is how the simulator replays.
// Not thread safe.
class Random {
public:
    explicit Random(const Secret& seed) : seed_(seed.clone()) {}

    void fill(MutableBytes out);
    std::uint64_t next();
    // Uniform in [0, bound), without modulo bias. Precondition: bound > 0.
    std::uint64_t below(std::uint64_t bound);
    // Uniform in [0, 1).
    double unit();
    // Uniform in [low, high]. Precondition: low <= high.
    Duration between(Duration low, Duration high);
    Secret secret();
    // A stream of its own, for a part that must not disturb the others' draws.
    Random fork();

private:
    void refill();

    Secret seed_;
    std::uint64_t block_ = 0;
    std::array<std::uint8_t, 512> buffer_{};
    std::size_t used_ = 512;
};

// Fresh entropy from the operating system. Only the shell and key generation call it.
Secret random_secret();

// Must run once before anything else here. False when the system gives no entropy.
bool initialise();

}  // namespace hearsay::crypto
