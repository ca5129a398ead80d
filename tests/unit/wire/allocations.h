#pragma once

#include <cstddef>

namespace hearsay::wire::test {

// How often this program has called operator new.
std::size_t allocations();

}  // namespace hearsay::wire::test
