#pragma once

#include <numeric>
#include <string>

#include "base/bytes.h"

namespace hearsay::wire::test {

// The bytes of the golden vector `name` in tests/vectors/`file`: the hex that follows its name
// on indented lines, notes after '#' left out. Fails the test when there is none.
Bytes vector_of(const std::string& file, const std::string& name);

// S(first, N) in the words of the vector files: the bytes first, first + 1, first + 2, ...
template <typename Fixed>
Fixed counting(std::uint8_t first) {
    Fixed fixed;
    std::iota(fixed.bytes.begin(), fixed.bytes.end(), first);
    return fixed;
}

}  // namespace hearsay::wire::test
