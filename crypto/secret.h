#pragma once

#include "base/bytes.h"

namespace hearsay::crypto {

// 32 secret bytes that wipe themselves. Moved, never copied by accident: clone() is explicit.
class Secret {
public:
    static constexpr std::size_t kSize = 32;

    Secret() = default;
    // Precondition: source.size() == 32.
    explicit Secret(ByteView source);
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret();

    Secret clone() const { return Secret(view()); }
    ByteView view() const { return bytes_; }
    MutableBytes mutable_view() { return bytes_; }
    // In constant time.
    bool equals(const Secret& other) const;

private:
    std::array<std::uint8_t, kSize> bytes_{};
};

// Overwrites memory in a way the compiler may not remove.
void wipe(MutableBytes bytes);
// Compares equally long byte strings in constant time.
bool equal_in_constant_time(ByteView a, ByteView b);

}  // namespace hearsay::crypto
