#pragma once

#include "base/bytes.h"

namespace hearsay::fuzz {

// The fuzzer's bytes read as a program: whatever they are, each question has an answer, and when
// they are used up all answers are zero.
class Program {
public:
    explicit Program(ByteView bytes) : rest_(bytes) {}

    bool is_over() const { return rest_.empty(); }
    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        const std::uint8_t first = rest_.front();
        rest_ = rest_.subspan(1);
        return first;
    }
    bool coin() { return (byte() & 1) != 0; }
    // In [0, bound). Precondition: 0 < bound <= 65,536.
    std::size_t below(std::size_t bound) {
        std::size_t value = byte();
        if (bound > 256) value = value << 8 | byte();
        return value % bound;
    }
    ByteView bytes(std::size_t size) {
        const ByteView taken = rest_.first(std::min(size, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    // Small numbers, numbers near an end, and now and then any.
    std::uint64_t number() {
        const std::uint8_t what = byte();
        const std::uint64_t small = what & 0x1f;
        switch (what >> 5) {
            case 0:
            case 1:
            case 2: return small;
            case 3: return UINT64_MAX - small;
            case 4: return (std::uint64_t{1} << 63) - 16 + small;
            case 5: return 65'536 - 16 + small;
            case 6: return small * 256 + byte();
            default: break;
        }
        std::uint64_t any = 0;
        for (int i = 0; i < 8; ++i) any = any << 8 | byte();
        return any;
    }

private:
    ByteView rest_;
};

}  // namespace hearsay::fuzz
