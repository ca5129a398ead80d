#include <bit>

#include "crypto/hash.h"
#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

namespace {

// RFC 9162 2.1.1 and 2.1.3.1 word for word: recursive, from the top.
Hash naive_node(const Hash& left, const Hash& right) {
    return blake2b({Bytes{1}, left.view(), right.view()});
}

std::size_t split_of(std::size_t count) { return std::bit_floor(count - 1); }

Hash naive_root(std::span<const Hash> leaves) {
    if (leaves.size() == 1) return leaves[0];
    const std::size_t k = split_of(leaves.size());
    return naive_node(naive_root(leaves.first(k)), naive_root(leaves.subspan(k)));
}

std::vector<Hash> naive_path(std::span<const Hash> leaves, std::size_t index) {
    if (leaves.size() == 1) return {};
    const std::size_t k = split_of(leaves.size());
    const bool is_left = index < k;
    std::vector<Hash> path = is_left ? naive_path(leaves.first(k), index)
                                     : naive_path(leaves.subspan(k), index - k);
    path.push_back(naive_root(is_left ? leaves.subspan(k) : leaves.first(k)));
    return path;
}

std::vector<Hash> random_leaves(Random& random, std::size_t count) {
    std::vector<Hash> leaves(count);
    for (Hash& leaf : leaves) random.fill(leaf.mutable_view());
    return leaves;
}

}  // namespace

TEST_CASE("the Merkle root is that of RFC 9162 for every count from 1 to 200") {
    HEARSAY_RANDOM(random);
    for (std::size_t count = 1; count <= 200; ++count) {
        const std::vector<Hash> leaves = random_leaves(random, count);
        CAPTURE(count);
        CHECK(merkle_root(leaves) == naive_root(leaves));
    }
}

TEST_CASE("every audit path is that of RFC 9162 for every count from 1 to 70") {
    HEARSAY_RANDOM(random);
    for (std::size_t count = 1; count <= 70; ++count) {
        const std::vector<Hash> leaves = random_leaves(random, count);
        for (std::size_t i = 0; i < count; ++i) {
            CAPTURE(count, i);
            CHECK(merkle_path(leaves, i) == naive_path(leaves, i));
        }
    }
}

TEST_CASE("all audit paths at once are the audit paths one by one, for every count to 200") {
    HEARSAY_RANDOM(random);
    for (std::size_t count = 1; count <= 200; ++count) {
        const std::vector<Hash> leaves = random_leaves(random, count);
        const std::vector<std::vector<Hash>> paths = merkle_paths(leaves);
        REQUIRE(paths.size() == count);
        bool is_equal = true;
        for (std::size_t i = 0; i < count; ++i) is_equal &= paths[i] == merkle_path(leaves, i);
        CAPTURE(count);
        CHECK(is_equal);
    }
}

TEST_CASE("every leaf leads to the root by its path, for every count from 1 to 200") {
    HEARSAY_RANDOM(random);
    for (std::size_t count = 1; count <= 200; ++count) {
        const std::vector<Hash> leaves = random_leaves(random, count);
        const Hash root = merkle_root(leaves);
        const std::vector<std::vector<Hash>> paths = merkle_paths(leaves);
        bool is_right = true;
        for (std::size_t i = 0; i < count; ++i) {
            is_right &= merkle_root_from_path(leaves[i], i, count, paths[i]) == root;
            is_right &= paths[i].size() == merkle_path_size(i, count);
        }
        CAPTURE(count);
        CHECK(is_right);
    }
}

TEST_CASE("large trees agree with RFC 9162 too") {
    HEARSAY_RANDOM(random);
    for (int round = 0; round < 8; ++round) {
        const std::size_t count = 201 + random.below(3000);
        const std::vector<Hash> leaves = random_leaves(random, count);
        const Hash root = naive_root(leaves);
        CAPTURE(count);
        CHECK(merkle_root(leaves) == root);
        const std::vector<std::vector<Hash>> paths = merkle_paths(leaves);
        for (const std::size_t i : {std::size_t{0}, count / 2, count - 2, count - 1}) {
            CHECK(paths[i] == naive_path(leaves, i));
            CHECK(merkle_root_from_path(leaves[i], i, count, paths[i]) == root);
        }
    }
}

TEST_CASE("the largest batch has paths of at most 16 hashes") {
    std::size_t longest = 0;
    for (std::size_t i = 0; i < 65535; ++i) longest = std::max(longest, merkle_path_size(i, 65535));
    CHECK(longest == 16);
    CHECK(merkle_path_size(0, 1) == 0);
    CHECK(merkle_path_size(65535, 65536) == 16);
    CHECK(merkle_path_size(32768, 32769) == 1);
}

TEST_CASE("a leaf under another index does not lead to the root") {
    HEARSAY_RANDOM(random);
    for (std::size_t count = 2; count <= 40; ++count) {
        const std::vector<Hash> leaves = random_leaves(random, count);
        const Hash root = merkle_root(leaves);
        for (std::size_t i = 0; i < count; ++i) {
            const std::vector<Hash> path = merkle_path(leaves, i);
            for (std::size_t other = 0; other < count; ++other) {
                if (other == i) continue;
                const std::optional<Hash> reached =
                    merkle_root_from_path(leaves[i], other, count, path);
                CHECK((!reached || *reached != root));
            }
        }
    }
}

TEST_CASE("an index outside the tree is refused") {
    const Hash leaf = blake2b({});
    CHECK_FALSE(merkle_root_from_path(leaf, 0, 0, {}).has_value());
    CHECK_FALSE(merkle_root_from_path(leaf, 1, 1, {}).has_value());
    const std::vector<Hash> path(3);
    CHECK(merkle_root_from_path(leaf, 7, 8, path).has_value());
    CHECK_FALSE(merkle_root_from_path(leaf, 8, 8, path).has_value());
    CHECK_FALSE(merkle_root_from_path(leaf, SIZE_MAX, 8, path).has_value());
}

TEST_CASE("a path of any other length than the shape asks for is refused") {
    const Hash leaf = blake2b({});
    for (std::size_t count = 1; count <= 70; ++count) {
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t size = 0; size < 20; ++size) {
                const bool is_accepted =
                    merkle_root_from_path(leaf, i, count, std::vector<Hash>(size)).has_value();
                if (is_accepted != (size == merkle_path_size(i, count))) FAIL_CHECK(count);
            }
        }
    }
    SUCCEED();
}

TEST_CASE("a path or leaf with any bit flipped leads elsewhere") {
    HEARSAY_RANDOM(random);
    const std::vector<Hash> leaves = random_leaves(random, 11);
    const Hash root = merkle_root(leaves);
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        const std::vector<Hash> path = merkle_path(leaves, i);
        for (std::size_t bit = 0; bit < 256; ++bit) {
            const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
            Hash leaf = leaves[i];
            leaf.bytes[bit / 8] ^= mask;
            CHECK(merkle_root_from_path(leaf, i, leaves.size(), path) != root);
            std::vector<Hash> other = path;
            other[bit % path.size()].bytes[bit / 8] ^= mask;
            CHECK(merkle_root_from_path(leaves[i], i, leaves.size(), other) != root);
        }
    }
}

TEST_CASE("an inner node cannot pass for a leaf") {
    // The prefix 0x00 or 0x01 keeps them apart: bytes that look like two children hash
    // differently as a leaf.
    const Hash left = blake2b({Bytes{1}});
    const Hash right = blake2b({Bytes{2}});
    const Hash root = merkle_root(std::vector<Hash>{left, right});
    Bytes children(left.bytes.begin(), left.bytes.end());
    children.insert(children.end(), right.bytes.begin(), right.bytes.end());
    CHECK(blake2b({Bytes{1}, children}) == root);
    CHECK(leaf_hash({}, children) != root);
}

}  // namespace hearsay::crypto::test
