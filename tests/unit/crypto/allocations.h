#pragma once

#include <cstddef>

namespace hearsay::crypto::test {

// How often this program has called operator new.
std::size_t allocations();

}  // namespace hearsay::crypto::test
