#include "daemon/gossip/saved_state.h"

#include "base/byte_io.h"
#include "crypto/hash.h"
#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

namespace hearsay::gossip {
namespace {

constexpr std::string_view kMagic = "hearsay-state-2\n";

SavedState sample() {
    SavedState state;
    state.members.push_back({ground::node_of(1), {ground::place(1), ground::place(2)}});
    state.members.push_back({ground::node_of(2), {}});
    state.has_streams = true;
    state.repeats_until_ms = 1'700'000'000'123;
    state.streams.push_back({{ground::node_of(1), 7}, 10, {{12, 15}, {20, 20}}});
    state.streams.push_back({{ground::node_of(3), 8}, 0, {}});
    return state;
}

Bytes with_checksum(Bytes content) {
    const crypto::Hash checksum = crypto::blake2b({content});
    content.insert(content.end(), checksum.bytes.begin(), checksum.bytes.end());
    return content;
}

TEST_CASE("saved state comes back as it was", "[saved]") {
    const auto read = decode_state(encode_state(sample()));
    REQUIRE(read);
    REQUIRE(read->members.size() == 2);
    CHECK(read->members[0].id == ground::node_of(1));
    CHECK(read->members[0].addresses == sample().members[0].addresses);
    CHECK(read->members[1].addresses.empty());
    CHECK(read->has_streams);
    CHECK(read->repeats_until_ms == sample().repeats_until_ms);
    REQUIRE(read->streams.size() == 2);
    CHECK(read->streams[0].key == sample().streams[0].key);
    CHECK(read->streams[0].floor == 10);
    CHECK(read->streams[0].ranges == sample().streams[0].ranges);
    CHECK(read->streams[1].ranges.empty());
}

TEST_CASE("members alone come back without streams", "[saved]") {
    SavedState state = sample();
    state.has_streams = false;
    state.streams.clear();
    const auto read = decode_state(encode_state(state));
    REQUIRE(read);
    CHECK_FALSE(read->has_streams);
    CHECK(read->members.size() == 2);
    CHECK(decode_state(encode_state({})));
}

TEST_CASE("saved state with any byte changed is no state", "[saved]") {
    Bytes bytes = encode_state(sample());
    for (std::size_t i = 0; i < bytes.size(); ++i)
        for (const std::uint8_t flip : Bytes{0x01, 0x80, 0xff}) {
            bytes[i] ^= flip;
            if (decode_state(bytes)) FAIL("byte " << i);
            bytes[i] ^= flip;
        }
    CHECK(decode_state(bytes));
}

TEST_CASE("saved state cut short or longer is no state", "[saved]") {
    Bytes bytes = encode_state(sample());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        if (decode_state(ByteView(bytes).first(size))) FAIL("size " << size);
    bytes.push_back(0);
    CHECK_FALSE(decode_state(bytes));
}

TEST_CASE("content that lies under a right checksum is no state", "[saved]") {
    // Another magic.
    Bytes foreign = encode_state({});
    foreign.resize(foreign.size() - crypto::Hash::kSize);
    CHECK(decode_state(with_checksum(foreign)));
    foreign[14] = '1';
    CHECK_FALSE(decode_state(with_checksum(foreign)));

    // More members than there are bytes: refused before memory is taken for them.
    Bytes boasting;
    ByteWriter writer(boasting);
    writer.bytes(bytes_of(kMagic));
    writer.u32(UINT32_MAX);
    CHECK_FALSE(decode_state(with_checksum(boasting)));

    // Bytes left over.
    Bytes longer = encode_state({});
    longer.resize(longer.size() - crypto::Hash::kSize);
    longer.push_back(0);
    CHECK_FALSE(decode_state(with_checksum(longer)));

    // A range the wrong way round.
    SavedState reversed = sample();
    reversed.streams[0].ranges[0] = {15, 12};
    CHECK_FALSE(decode_state(encode_state(reversed)));
}

}  // namespace
}  // namespace hearsay::gossip
