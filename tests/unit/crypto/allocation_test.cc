// What runs for every datagram must not allocate. Every operator new of this program is counted.
#include "crypto/hash.h"
#include "crypto/network.h"
#include "crypto/session.h"
#include "crypto/short_hash.h"
#include "tests/support/allocations.h"
#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

using hearsay::test::allocations;

TEST_CASE("the counter of allocations counts") {
    if (!hearsay::test::counts_allocations()) return;
    const std::size_t before = allocations();
    const Bytes bytes(100);
    CHECK(allocations() - before >= 1);
}

TEST_CASE("hashing, short hashing and MACs allocate nothing") {
    const Bytes bytes = counting(0, 1200);
    const Secret key = counting_secret(1);
    const std::vector<Hash> path(11);
    const std::size_t before = allocations();
    blake2b({bytes, bytes});
    uid_of(bytes);
    const Hash leaf = leaf_hash({}, bytes);
    const bool is_whole = merkle_root_from_path(leaf, 3, 1200, path).has_value();
    short_hash(ShortHashKey{}, bytes);
    network_mac(key, kHelloLabel, NetworkId{}, bytes);
    network_tag(NetworkId{});
    CHECK(allocations() == before);
    CHECK(is_whole);
}

TEST_CASE("sealing and opening a datagram allocates nothing") {
    const ChaChaSealer sealer;
    Session alice(sealer, counting_secret(1), counting_secret(2));
    Session bob(sealer, counting_secret(2), counting_secret(1));
    const Bytes header = counting(0, 12);
    Bytes buffer(1200 + kTagSize);
    const std::size_t before = allocations();
    const std::uint64_t counter =
        alice.seal(header, ByteView(buffer).first(1200), buffer);
    const bool is_open = bob.open(counter, header, buffer, buffer).has_value();
    const bool is_replay_open = bob.open(counter, header, buffer, buffer).has_value();
    CHECK(allocations() == before);
    CHECK(is_open);
    CHECK_FALSE(is_replay_open);
}

TEST_CASE("drawing random numbers allocates nothing") {
    Random random = random_from(1);
    const std::size_t before = allocations();
    for (int i = 0; i < 1000; ++i) random.below(10);
    random.secret();
    random.fork().next();
    CHECK(allocations() == before);
}

}  // namespace hearsay::crypto::test
