#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace hearsay::load {

// How every payload begins, in this host's byte order: only this process reads it.
struct Stamp {
    std::uint64_t sent_ns = 0;    // CLOCK_MONOTONIC
    std::uint32_t publisher = 0;  // index of the plan
    std::uint32_t number = 0;     // from 0; kWarmUp is not counted
};
inline constexpr std::size_t kStampSize = 16;
inline constexpr std::uint32_t kWarmUp = 0xffffffff;
static_assert(sizeof(Stamp) == kStampSize);

inline void append_stamped(std::string& out, const Stamp& stamp, std::size_t size) {
    const std::size_t at = out.size();
    out.resize(at + size, 'x');
    std::memcpy(out.data() + at, &stamp, kStampSize);
}

// Precondition: at least kStampSize bytes.
inline Stamp stamp_of(std::string_view payload) {
    Stamp stamp;
    std::memcpy(&stamp, payload.data(), kStampSize);
    return stamp;
}

}  // namespace hearsay::load
