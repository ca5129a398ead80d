#include "tests/unit/crypto/reference_aead.h"

#include <bit>

#include "base/byte_io.h"

namespace hearsay::crypto::test {

namespace {

using State = std::array<std::uint32_t, 16>;

void quarter_round(State& s, std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    s[a] += s[b], s[d] = std::rotl(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = std::rotl(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = std::rotl(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = std::rotl(s[b] ^ s[c], 7);
}

Bytes chacha20_block(ByteView key, std::uint32_t counter, const ReferenceNonce& nonce) {
    State start{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    ByteReader key_reader(key);
    for (std::size_t i = 4; i < 12; ++i) start[i] = key_reader.u32();
    start[12] = counter;
    ByteReader nonce_reader(nonce);
    for (std::size_t i = 13; i < 16; ++i) start[i] = nonce_reader.u32();
    State s = start;
    for (int round = 0; round < 10; ++round) {
        for (std::size_t i = 0; i < 4; ++i) quarter_round(s, i, i + 4, i + 8, i + 12);
        for (std::size_t i = 0; i < 4; ++i)
            quarter_round(s, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12);
    }
    Bytes block;
    for (std::size_t i = 0; i < 16; ++i) ByteWriter(block).u32(s[i] + start[i]);
    return block;
}

// Numbers in digits of 8 bits, lowest first.
using Digits = std::vector<std::uint32_t>;

void carry(Digits& x) {
    for (std::size_t i = 0; i + 1 < x.size(); ++i) x[i + 1] += x[i] >> 8, x[i] &= 0xff;
}

// x modulo 2^130 - 5, though perhaps that much too high: 2^130 counts as 5.
Digits fold(Digits x) {
    carry(x);
    Digits low(x.begin(), x.begin() + 17);
    low[16] &= 3;
    low.resize(std::max<std::size_t>(18, x.size() - 15));
    for (std::size_t i = 16; i < x.size(); ++i) {
        const std::uint32_t next = i + 1 < x.size() ? x[i + 1] : 0;
        low[i - 16] += 5 * ((x[i] >> 2) | (next & 3) << 6);
    }
    carry(low);
    return low;
}

Digits multiply(const Digits& a, const Digits& b) {
    Digits product(a.size() + b.size() + 1);
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (std::size_t j = 0; j < b.size(); ++j) product[i + j] += a[i] * b[j];
        carry(product);
    }
    return product;
}

Bytes poly1305(ByteView key, ByteView message) {
    Digits r(key.begin(), key.begin() + 16);
    for (const std::size_t i : {3U, 7U, 11U, 15U}) r[i] &= 15;
    for (const std::size_t i : {4U, 8U, 12U}) r[i] &= 252;
    Digits sum(18);
    while (!message.empty()) {
        const std::size_t size = std::min<std::size_t>(message.size(), 16);
        for (std::size_t i = 0; i < size; ++i) sum[i] += message[i];
        sum[size] += 1;
        carry(sum);
        sum = fold(fold(multiply(sum, r)));
        sum.resize(18);
        message = message.subspan(size);
    }
    // The last subtraction of 2^130 - 5: adding 5 shows at bit 130 whether it is due.
    Digits reduced = sum;
    reduced[0] += 5;
    carry(reduced);
    const bool is_due = reduced[16] >> 2 != 0 || reduced[17] != 0;
    Digits result = is_due ? reduced : sum;
    for (std::size_t i = 0; i < 16; ++i) result[i] += key[16 + i];
    carry(result);
    Bytes tag;
    for (std::size_t i = 0; i < 16; ++i) tag.push_back(static_cast<std::uint8_t>(result[i]));
    return tag;
}

void pad16(Bytes& bytes) { bytes.resize((bytes.size() + 15) / 16 * 16); }

}  // namespace

Bytes reference_seal(ByteView key, const ReferenceNonce& nonce, ByteView associated,
                     ByteView plaintext) {
    Bytes sealed(plaintext.begin(), plaintext.end());
    for (std::size_t i = 0; i < sealed.size(); ++i)
        sealed[i] ^= chacha20_block(key, static_cast<std::uint32_t>(1 + i / 64), nonce)[i % 64];
    Bytes authenticated(associated.begin(), associated.end());
    pad16(authenticated);
    authenticated.insert(authenticated.end(), sealed.begin(), sealed.end());
    pad16(authenticated);
    ByteWriter writer(authenticated);
    writer.u64(associated.size());
    writer.u64(plaintext.size());
    const Bytes one_time_key = chacha20_block(key, 0, nonce);
    const Bytes tag = poly1305(ByteView(one_time_key).first(32), authenticated);
    sealed.insert(sealed.end(), tag.begin(), tag.end());
    return sealed;
}

}  // namespace hearsay::crypto::test
