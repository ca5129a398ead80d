#pragma once

#include <cstddef>

namespace hearsay::test {

// How often this program has called operator new.
std::size_t allocations();
// False where a sanitizer has an operator new of its own: then the count stays 0.
bool counts_allocations();

}  // namespace hearsay::test
