// In a file of its own: where the compiler sees into these, it takes free() for a mistake.
#include "tests/support/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> count{0};

}  // namespace

// clang's ThreadSanitizer defines these itself, and cannot be linked with others.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HEARSAY_NEW_IS_TAKEN
#endif
#endif

#ifndef HEARSAY_NEW_IS_TAKEN
void* operator new(std::size_t size) {
    ++count;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++count;
    return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace hearsay::test {

std::size_t allocations() { return count; }

bool counts_allocations() {
#ifdef HEARSAY_NEW_IS_TAKEN
    return false;
#else
    return true;
#endif
}

}  // namespace hearsay::test
