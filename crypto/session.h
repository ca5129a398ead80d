#pragma once

#include "base/result.h"
#include "crypto/secret.h"

namespace hearsay::crypto {

inline constexpr std::size_t kTagSize = 16;

// The seam behind every SEALED packet, so that a simulator can seal cheaply. Stateless.
class Sealer {
public:
    virtual ~Sealer() = default;
    // Writes plaintext.size() + kTagSize bytes to `out`, which may begin where `plaintext` does.
    virtual void seal(const Secret& key, std::uint64_t counter, ByteView associated,
                      ByteView plaintext, MutableBytes out) const = 0;
    // Writes sealed.size() - kTagSize bytes; false when the tag is wrong or sealed is too short,
    // and then nothing in `out` may be used. `out` may begin where `sealed` does, but then a
    // failure leaves nothing to try another key on.
    virtual bool open(const Secret& key, std::uint64_t counter, ByteView associated,
                      ByteView sealed, MutableBytes out) const = 0;
};

// ChaCha20-Poly1305 (RFC 8439), the counter as the first 8 bytes of the nonce, little-endian, and
// zeros as its last 4.
class ChaChaSealer final : public Sealer {
public:
    void seal(const Secret& key, std::uint64_t counter, ByteView associated, ByteView plaintext,
              MutableBytes out) const override;
    bool open(const Secret& key, std::uint64_t counter, ByteView associated, ByteView sealed,
              MutableBytes out) const override;
};

// RFC 6479 sliding window over the last 8,192 counters: each is accepted once, older ones never.
class ReplayWindow {
public:
    static constexpr std::uint64_t kWidth = 8192;

    // Whether `counter` could still be accepted. Marks nothing: ask before the (expensive) AEAD.
    // The highest 64-bit counter never is: nothing could follow it.
    bool is_fresh(std::uint64_t counter) const;
    // Only after the packet has opened, or a forger could close the window.
    void mark(std::uint64_t counter);

private:
    static constexpr std::size_t kWords = kWidth / 64 + 1;
    std::array<std::uint64_t, kWords> words_{};
    std::uint64_t next_ = 0;  // one above the highest marked
};

enum class OpenError {
    replayed,   // seen before, or too old to tell
    forged,     // does not open, or has the counter 0, which no session uses
    exhausted,  // has the highest 64-bit counter
};

// One direction pair of keys with its counters. The counter starts at 1 and is the packet number
// that acks name. Never sends under the same counter twice.
class Session {
public:
    Session(const Sealer& sealer, Secret send_key, Secret receive_key);

    // Returns the counter used. `out` as in Sealer. `associated` is the packet header *without*
    // the counter, which is bound as the nonce.
    std::uint64_t seal(ByteView associated, ByteView plaintext, MutableBytes out);
    // The next counter seal() will use.
    std::uint64_t next_counter() const { return next_counter_; }

    // On success `out` holds the plaintext and its size is returned; the counter is spent.
    // Anything refused leaves the session as it was.
    Result<std::size_t, OpenError> open(std::uint64_t counter, ByteView associated,
                                        ByteView sealed, MutableBytes out);

private:
    const Sealer* sealer_;
    Secret send_key_;
    Secret receive_key_;
    ReplayWindow window_;
    std::uint64_t next_counter_ = 1;
};

}  // namespace hearsay::crypto
