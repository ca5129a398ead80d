#pragma once

#include "base/time.h"
#include "crypto/secret.h"

namespace hearsay::crypto {

// A stream of random bytes from one seed (ChaCha20, RFC 8439, in runs of 512 bytes, the number of
// the run as the low 8 bytes of the nonce, little-endian): unpredictable when the seed is secret,
// and the same stream again for the same seed, which is how the simulator replays. Draws join
// without gaps: two of 4 bytes are one of 8. Bytes handed out are wiped here, so that a look at
// this memory does not give away keys drawn before. Drawing from a moved-from Random aborts.
// Not thread safe.
class Random {
public:
    explicit Random(const Secret& seed) : seed_(seed.clone()) {}
    Random(Random&& other) noexcept;
    Random& operator=(Random&& other) noexcept;
    ~Random();

    void fill(MutableBytes out);
    std::uint64_t next();
    // Uniform in [0, bound), without modulo bias. Precondition: bound > 0.
    std::uint64_t below(std::uint64_t bound);
    // Uniform in [0, 1).
    double unit();
    // Uniform in [low, high]. Precondition: low <= high.
    Duration between(Duration low, Duration high);
    Secret secret();
    // A stream of its own, for a part that must not disturb the others' draws. Its seed is drawn
    // from this stream.
    Random fork();

private:
    static constexpr std::size_t kRun = 512;

    void refill();

    Secret seed_;
    std::uint64_t run_ = 0;  // the next one; the last number there is means moved from
    std::array<std::uint8_t, kRun> buffer_{};
    std::size_t used_ = kRun;
};

// Fresh entropy from the operating system. Only the shell and key generation call it.
Secret random_secret();

// Must run once before anything else here. False when the system gives no entropy.
bool initialise();

}  // namespace hearsay::crypto
