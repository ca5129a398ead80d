#include "crypto/secret.h"

#include <memory>
#include <new>
#include <type_traits>

#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);

namespace {

bool is_wiped(const Secret& secret) {
    const ByteView bytes = secret.view();
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

}  // namespace

TEST_CASE("a secret wipes its memory when it goes") {
    alignas(Secret) std::array<unsigned char, sizeof(Secret)> memory{};
    Secret* secret = new (memory.data()) Secret(counting(1, 32));
    REQUIRE(memory[0] == 1);
    std::destroy_at(secret);
    // volatile: the bytes of an object that is gone are ours to look at, not the optimiser's.
    const volatile unsigned char* left = memory.data();
    for (std::size_t i = 0; i < memory.size(); ++i) CHECK(left[i] == 0);
}

TEST_CASE("a secret moved away leaves nothing behind") {
    Secret first(counting(1, 32));
    Secret second(std::move(first));
    CHECK(is_wiped(first));  // NOLINT: what moving leaves is the point
    Secret third;
    third = std::move(second);
    CHECK(is_wiped(second));  // NOLINT
    CHECK(third.equals(counting_secret(1)));
}

TEST_CASE("a secret moved to itself stays what it is") {
    Secret secret(counting(1, 32));
    Secret& same = secret;
    secret = std::move(same);
    CHECK(secret.equals(counting_secret(1)));
}

TEST_CASE("a clone is equal and separate") {
    Secret secret(counting(1, 32));
    const Secret clone = secret.clone();
    CHECK(clone.equals(secret));
    secret.mutable_view()[0] ^= 1;
    CHECK_FALSE(clone.equals(secret));
}

TEST_CASE("secrets that differ in any one bit are not equal") {
    const Secret secret(counting(1, 32));
    for (std::size_t bit = 0; bit < 256; ++bit) {
        Secret other = secret.clone();
        other.mutable_view()[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        CHECK_FALSE(secret.equals(other));
    }
}

TEST_CASE("wiping clears every byte and nothing beside them") {
    Bytes bytes = counting(1, 20);
    wipe(MutableBytes(bytes).subspan(5, 10));
    CHECK(to_hex(bytes) == "0102030405000000000000000000001011121314");
}

TEST_CASE("comparing in constant time tells equal from different") {
    CHECK(equal_in_constant_time(Bytes{1, 2, 3}, Bytes{1, 2, 3}));
    CHECK_FALSE(equal_in_constant_time(Bytes{1, 2, 3}, Bytes{1, 2, 4}));
    CHECK_FALSE(equal_in_constant_time(Bytes{1, 2, 3}, Bytes{0, 2, 3}));
    CHECK(equal_in_constant_time({}, {}));
}

}  // namespace hearsay::crypto::test
