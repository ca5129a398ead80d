#include "crypto/random.h"

#include <sodium.h>
#include <sys/random.h>

#include <limits>
#include <utility>

#include "base/byte_io.h"
#include "base/insist.h"

namespace hearsay::crypto {

namespace {

constexpr std::uint64_t kMovedFrom = std::numeric_limits<std::uint64_t>::max();

}  // namespace

Random::Random(Random&& other) noexcept
    : seed_(std::move(other.seed_)), run_(other.run_), buffer_(other.buffer_), used_(other.used_) {
    other.run_ = kMovedFrom;
    other.used_ = kRun;
    wipe(other.buffer_);
}

Random& Random::operator=(Random&& other) noexcept {
    if (this == &other) return *this;
    seed_ = std::move(other.seed_);
    run_ = std::exchange(other.run_, kMovedFrom);
    buffer_ = other.buffer_;
    used_ = std::exchange(other.used_, kRun);
    wipe(other.buffer_);
    return *this;
}

Random::~Random() { wipe(buffer_); }

void Random::fill(MutableBytes out) {
    while (!out.empty()) {
        if (used_ == kRun) refill();
        const std::size_t size = std::min(out.size(), kRun - used_);
        const MutableBytes drawn = MutableBytes(buffer_).subspan(used_, size);
        std::copy(drawn.begin(), drawn.end(), out.begin());
        std::fill(drawn.begin(), drawn.end(), std::uint8_t{0});
        used_ += size;
        out = out.subspan(size);
    }
}

std::uint64_t Random::next() {
    std::array<std::uint8_t, 8> bytes{};
    fill(bytes);
    return ByteReader(bytes).u64();
}

std::uint64_t Random::below(std::uint64_t bound) {
    INSIST(bound > 0);
    // 2^64 mod bound: draws below it are the remainder that would favour small results.
    const std::uint64_t excess = (0 - bound) % bound;
    std::uint64_t draw = next();
    while (draw < excess) draw = next();
    return draw % bound;
}

double Random::unit() {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;  // as many bits as a double holds
}

Duration Random::between(Duration low, Duration high) {
    INSIST(low <= high);
    // Unsigned throughout: the span of two signed numbers need not fit a signed one.
    const auto start = static_cast<std::uint64_t>(low.count());
    const std::uint64_t span = static_cast<std::uint64_t>(high.count()) - start;
    const bool is_everything = span == std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t draw = is_everything ? next() : below(span + 1);
    return Duration(static_cast<Duration::rep>(start + draw));
}

Secret Random::secret() {
    Secret result;
    fill(result.mutable_view());
    return result;
}

Random Random::fork() { return Random(secret()); }

void Random::refill() {
    INSIST(run_ != kMovedFrom);
    std::array<std::uint8_t, crypto_stream_chacha20_ietf_NONCEBYTES> nonce{};
    for (unsigned i = 0; i < 8; ++i) nonce[i] = static_cast<std::uint8_t>(run_ >> (8 * i));
    crypto_stream_chacha20_ietf(buffer_.data(), buffer_.size(), nonce.data(), seed_.view().data());
    ++run_;
    used_ = 0;
}

Secret random_secret() {
    Secret result;
    randombytes_buf(result.mutable_view().data(), Secret::kSize);
    return result;
}

bool initialise() {
    // Asked first because libsodium aborts the process when there is none.
    std::uint8_t probe = 0;
    if (getentropy(&probe, 1) != 0) return false;
    return sodium_init() >= 0;
}

}  // namespace hearsay::crypto
