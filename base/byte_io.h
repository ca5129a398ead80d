#pragma once

#include <cstring>
#include <type_traits>

#include "base/bytes.h"

namespace hearsay {

// Reads fixed-layout little-endian fields. Running past the end is not undefined: the reader
// turns not ok(), and every later read yields zeros. Check ok() once, at the end.
class ByteReader {
public:
    explicit ByteReader(ByteView source) : rest_(source) {}

    std::uint8_t u8() { return integer<std::uint8_t>(); }
    std::uint16_t u16() { return integer<std::uint16_t>(); }
    std::uint32_t u32() { return integer<std::uint32_t>(); }
    std::uint64_t u64() { return integer<std::uint64_t>(); }

    // A view into the source, which must outlive it. Empty when too short.
    ByteView bytes(std::size_t size) {
        if (size > rest_.size()) {
            ok_ = false;
            rest_ = {};
            return {};
        }
        const ByteView taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }

    template <typename Fixed>
    Fixed fixed() {
        const ByteView taken = bytes(Fixed::kSize);
        return ok_ ? Fixed::from(taken) : Fixed{};
    }

    ByteView rest() const { return rest_; }
    bool ok() const { return ok_; }
    bool at_end() const { return ok_ && rest_.empty(); }

private:
    template <typename T>
    T integer() {
        const ByteView taken = bytes(sizeof(T));
        if (!ok_) return 0;
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) value |= std::uint64_t{taken[i]} << (8 * i);
        return static_cast<T>(value);
    }

    ByteView rest_;
    bool ok_ = true;
};

// Appends fixed-layout little-endian fields to a buffer it does not own.
class ByteWriter {
public:
    explicit ByteWriter(Bytes& out) : out_(out) {}

    void u8(std::uint8_t value) { out_.push_back(value); }
    void u16(std::uint16_t value) { integer(value); }
    void u32(std::uint32_t value) { integer(value); }
    void u64(std::uint64_t value) { integer(value); }
    void bytes(ByteView source) { out_.insert(out_.end(), source.begin(), source.end()); }
    void zeros(std::size_t count) { out_.insert(out_.end(), count, 0); }

private:
    template <typename T>
    void integer(T value) {
        static_assert(std::is_unsigned_v<T>);
        for (std::size_t i = 0; i < sizeof(T); ++i)
            out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }

    Bytes& out_;
};

}  // namespace hearsay
