#include "crypto/session.h"

#include <sodium.h>

#include <limits>

#include "base/insist.h"

namespace hearsay::crypto {

namespace {

constexpr std::uint64_t kLastCounter = std::numeric_limits<std::uint64_t>::max();

using AeadNonce = std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;
static_assert(kTagSize == crypto_aead_chacha20poly1305_ietf_ABYTES);
static_assert(Secret::kSize == crypto_aead_chacha20poly1305_ietf_KEYBYTES);

AeadNonce nonce_of(std::uint64_t counter) {
    AeadNonce nonce{};
    for (unsigned i = 0; i < 8; ++i) nonce[i] = static_cast<std::uint8_t>(counter >> (8 * i));
    return nonce;
}

}  // namespace

void ChaChaSealer::seal(const Secret& key, std::uint64_t counter, ByteView associated,
                        ByteView plaintext, MutableBytes out) const {
    INSIST(out.size() >= plaintext.size() + kTagSize);
    crypto_aead_chacha20poly1305_ietf_encrypt(
        out.data(), nullptr, plaintext.data(), plaintext.size(), associated.data(),
        associated.size(), nullptr, nonce_of(counter).data(), key.view().data());
}

bool ChaChaSealer::open(const Secret& key, std::uint64_t counter, ByteView associated,
                        ByteView sealed, MutableBytes out) const {
    if (sealed.size() < kTagSize) return false;
    INSIST(out.size() >= sealed.size() - kTagSize);
    return crypto_aead_chacha20poly1305_ietf_decrypt(
               out.data(), nullptr, nullptr, sealed.data(), sealed.size(), associated.data(),
               associated.size(), nonce_of(counter).data(), key.view().data()) == 0;
}

bool ReplayWindow::is_fresh(std::uint64_t counter) const {
    if (counter == kLastCounter) return false;
    if (counter >= next_) return true;
    if (next_ - counter > kWidth) return false;
    return (words_[counter / 64 % kWords] >> (counter % 64) & 1) == 0;
}

void ReplayWindow::mark(std::uint64_t counter) {
    if (counter == kLastCounter) return;
    if (counter >= next_) {
        // One word more than the window is wide, so that words can be cleared whole: bits of
        // the oldest, half-used word never alias those of the newest.
        const std::uint64_t newest = next_ == 0 ? 0 : (next_ - 1) / 64;
        const std::uint64_t steps = std::min<std::uint64_t>(counter / 64 - newest, kWords);
        for (std::uint64_t i = 1; i <= steps; ++i) words_[(newest + i) % kWords] = 0;
        next_ = counter + 1;
    }
    if (next_ - counter > kWidth) return;
    words_[counter / 64 % kWords] |= std::uint64_t{1} << (counter % 64);
}

Session::Session(const Sealer& sealer, Secret send_key, Secret receive_key)
    : sealer_(&sealer), send_key_(std::move(send_key)), receive_key_(std::move(receive_key)) {}

std::uint64_t Session::seal(ByteView associated, ByteView plaintext, MutableBytes out) {
    INSIST(next_counter_ != kLastCounter);  // one counter twice would give the plaintexts away
    sealer_->seal(send_key_, next_counter_, associated, plaintext, out);
    return next_counter_++;
}

Result<std::size_t, OpenError> Session::open(std::uint64_t counter, ByteView associated,
                                             ByteView sealed, MutableBytes out) {
    if (counter == kLastCounter) return OpenError::exhausted;
    if (counter == 0 || sealed.size() < kTagSize) return OpenError::forged;
    if (!window_.is_fresh(counter)) return OpenError::replayed;
    if (!sealer_->open(receive_key_, counter, associated, sealed, out)) return OpenError::forged;
    window_.mark(counter);
    return sealed.size() - kTagSize;
}

}  // namespace hearsay::crypto
