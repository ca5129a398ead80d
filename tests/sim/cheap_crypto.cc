#include "tests/sim/cheap_crypto.h"

#include <cstring>

#include "base/insist.h"

namespace hearsay::sim {
namespace {

constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio

// The finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection that mixes well.
constexpr std::uint64_t scramble(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

// Both halves of the 128-bit product: every bit of both factors reaches the result.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t word_at(ByteView bytes, std::size_t at) {
    std::uint64_t word = 0;
    if (at + 8 <= bytes.size())
        std::memcpy(&word, bytes.data() + at, 8);
    else
        std::memcpy(&word, bytes.data() + at, bytes.size() - at);
    return word;
}

crypto::Signature signature_of(std::uint64_t secret, const crypto::NodeId& signer,
                               ByteView message) {
    crypto::Signature signature;
    std::uint64_t word = mix_hash(mix_hash(secret, signer.view()), message);
    for (std::size_t at = 0; at < crypto::Signature::kSize; at += 8) {
        std::memcpy(signature.bytes.data() + at, &word, 8);
        word = scramble(word + kOdd);
    }
    return signature;
}

std::array<std::uint64_t, 2> tag_of(const crypto::Secret& key, std::uint64_t counter,
                                    ByteView associated, ByteView plaintext) {
    const std::uint64_t header = mix_hash(mix_hash(counter, key.view()), associated);
    const std::uint64_t tag = mix_hash(header, plaintext);
    return {tag, scramble(tag + kOdd)};
}

}  // namespace

std::uint64_t mix_hash(std::uint64_t seed, ByteView bytes) {
    std::uint64_t state = seed + bytes.size() * kOdd + 1;
    std::size_t at = 0;
    for (; at + 16 <= bytes.size(); at += 16)
        state = fold(state ^ word_at(bytes, at), kOdd ^ word_at(bytes, at + 8));
    for (; at < bytes.size(); at += 8) state = fold(state ^ word_at(bytes, at), kOdd);
    return scramble(state);
}

CheapSigner::CheapSigner(std::uint64_t secret, std::uint64_t name) : secret_(secret) {
    std::uint64_t word = scramble(secret + name * kOdd);
    for (std::size_t at = 0; at < crypto::NodeId::kSize; at += 8) {
        word = scramble(word + kOdd);
        std::memcpy(id_.bytes.data() + at, &word, 8);
    }
}

crypto::Signature CheapSigner::sign(ByteView message) const {
    return signature_of(secret_, id_, message);
}

bool CheapVerifier::verify(const crypto::NodeId& signer, ByteView message,
                           const crypto::Signature& signature) const {
    return signature == signature_of(secret_, signer, message);
}

void CheapSealer::seal(const crypto::Secret& key, std::uint64_t counter, ByteView associated,
                       ByteView plaintext, MutableBytes out) const {
    INSIST(out.size() >= plaintext.size() + crypto::kTagSize);
    const auto tag = tag_of(key, counter, associated, plaintext);
    if (!plaintext.empty()) std::memmove(out.data(), plaintext.data(), plaintext.size());
    std::memcpy(out.data() + plaintext.size(), tag.data(), crypto::kTagSize);
}

bool CheapSealer::open(const crypto::Secret& key, std::uint64_t counter, ByteView associated,
                       ByteView sealed, MutableBytes out) const {
    if (sealed.size() < crypto::kTagSize) return false;
    const ByteView plaintext = sealed.first(sealed.size() - crypto::kTagSize);
    INSIST(out.size() >= plaintext.size());
    const auto tag = tag_of(key, counter, associated, plaintext);
    if (std::memcmp(tag.data(), sealed.data() + plaintext.size(), crypto::kTagSize) != 0)
        return false;
    if (!plaintext.empty()) std::memmove(out.data(), plaintext.data(), plaintext.size());
    return true;
}

}  // namespace hearsay::sim
