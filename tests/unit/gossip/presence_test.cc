#include "daemon/gossip/presence.h"

#include "base/byte_io.h"
#include "config/validate.h"
#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

namespace hearsay::gossip {
namespace {

using ground::place;

Presence sample() {
    Presence presence;
    presence.name = "alpha \xc3\xa4";
    presence.software = "hearsay 0.1.0";
    presence.addresses = {place(1), place(2).with_port(9)};
    presence.addresses.push_back({{0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}, 4327, 0});
    presence.tags = {{"role", "db"}, {"empty", ""}};
    return presence;
}

// The fields of a presence with any counts and texts, right or wrong.
struct Raw {
    std::string name = "n";
    std::string software = "s";
    std::vector<Endpoint> addresses;
    std::vector<config::Tag> tags;

    Bytes bytes() const {
        Bytes out;
        ByteWriter writer(out);
        text(writer, name);
        text(writer, software);
        writer.u8(static_cast<std::uint8_t>(addresses.size()));
        for (const Endpoint& at : addresses) {
            writer.bytes(at.address);
            writer.u16(at.port);
        }
        writer.u8(static_cast<std::uint8_t>(tags.size()));
        for (const config::Tag& tag : tags) {
            text(writer, tag.key);
            text(writer, tag.value);
        }
        return out;
    }
    static void text(ByteWriter& writer, const std::string& value) {
        writer.u8(static_cast<std::uint8_t>(value.size()));
        writer.bytes(bytes_of(value));
    }
};

TEST_CASE("a presence comes back as it was", "[presence]") {
    CHECK(decode_presence(encode_presence(sample())) == sample());
    CHECK(decode_presence(encode_presence({})) == Presence{});
}

TEST_CASE("the layout of a presence is the protocol's", "[presence]") {
    Presence presence;
    presence.name = "a";
    presence.software = "bc";
    presence.addresses = {Endpoint::ipv4(10, 0, 0, 1, 0x1234)};
    presence.tags = {{"k", "vw"}};
    const Bytes expected{1, 'a', 2, 'b', 'c', 1,    0,    0,  0, 0, 0, 0, 0,    0,    0, 0,
                         0xff, 0xff, 10, 0, 0, 1, 0x34, 0x12, 1, 1, 'k', 2, 'v', 'w'};
    CHECK(encode_presence(presence) == expected);
}

TEST_CASE("every truncation of a presence and every byte more is refused", "[presence]") {
    Bytes body = encode_presence(sample());
    for (std::size_t size = 0; size < body.size(); ++size)
        CHECK_FALSE(decode_presence(ByteView(body).first(size)));
    body.push_back(0);
    CHECK_FALSE(decode_presence(body));
}

TEST_CASE("lists and texts over their limits are refused", "[presence]") {
    Raw raw;
    CHECK(decode_presence(raw.bytes()));
    raw.name = std::string(kNameSizeMax, 'x');
    raw.software = std::string(kSoftwareSizeMax, 'x');
    raw.addresses.assign(kAddressesMax, place(1));
    raw.tags.assign(kTagsMax, {"k", "v"});
    CHECK(decode_presence(raw.bytes()));
    Raw long_name = raw;
    long_name.name += 'x';
    CHECK_FALSE(decode_presence(long_name.bytes()));
    Raw long_software = raw;
    long_software.software += 'x';
    CHECK_FALSE(decode_presence(long_software.bytes()));
    Raw many_addresses = raw;
    many_addresses.addresses.push_back(place(2));
    CHECK_FALSE(decode_presence(many_addresses.bytes()));
    Raw many_tags = raw;
    many_tags.tags.push_back({"k", "v"});
    CHECK_FALSE(decode_presence(many_tags.bytes()));
}

TEST_CASE("control characters in any text of a presence are refused", "[presence]") {
    for (const char bad : {'\0', '\n', '\x1b', '\x1f', '\x7f'}) {
        Raw raw;
        raw.name = std::string(1, bad);
        CHECK_FALSE(decode_presence(raw.bytes()));
        raw = {};
        raw.software = std::string(1, bad);
        CHECK_FALSE(decode_presence(raw.bytes()));
        raw = {};
        raw.tags = {{std::string(1, bad), "v"}};
        CHECK_FALSE(decode_presence(raw.bytes()));
        raw = {};
        raw.tags = {{"k", std::string(1, bad)}};
        CHECK_FALSE(decode_presence(raw.bytes()));
    }
}

TEST_CASE("addresses nobody could dial are left out, the others stay", "[presence]") {
    Raw raw;
    Endpoint link_local{{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 4327, 0};
    Endpoint multicast{{0xff, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 4327, 0};
    raw.addresses = {Endpoint::ipv4(0, 0, 0, 0, 4327), place(1).with_port(0), place(1),
                     Endpoint::ipv4(239, 1, 1, 1, 4327), Endpoint{{}, 4327, 0}, link_local,
                     multicast};
    const auto presence = decode_presence(raw.bytes());
    REQUIRE(presence);
    CHECK(presence->addresses == std::vector<Endpoint>{place(1)});
}

TEST_CASE("what does not fit a record is left out from the end, tags first", "[presence]") {
    Presence presence = sample();
    presence.tags.clear();
    for (std::size_t i = 0; i < kTagsMax; ++i)
        presence.tags.push_back({"key" + std::to_string(i), std::string(100, 'v')});
    const Bytes body = encode_presence(presence);
    CHECK(body.size() <= kRecordSizeMax);
    CHECK(body.size() > kRecordSizeMax - 107);  // not one tag more would have fitted
    const auto read = decode_presence(body);
    REQUIRE(read);
    CHECK(read->name == presence.name);
    CHECK(read->addresses == presence.addresses);
    REQUIRE(read->tags.size() < kTagsMax);
    CHECK(std::equal(read->tags.begin(), read->tags.end(), presence.tags.begin()));
}

TEST_CASE("all tags that a configuration may have fit beside the rest", "[presence]") {
    Presence presence;
    presence.name = std::string(kNameSizeMax, 'n');
    presence.software = std::string(kSoftwareSizeMax, 's');
    presence.addresses.assign(kAddressesMax, Endpoint::ipv4(10, 0, 0, 1, 1));
    for (int i = 0; i < 16; ++i) presence.tags.push_back({"k", std::string(34, 'v')});
    presence.tags.back().value += std::string(8, 'v');
    REQUIRE(config::size_of(presence.tags) == config::kTagsSizeMax);
    CHECK(decode_presence(encode_presence(presence)) == presence);
}

TEST_CASE("lists and texts that are too long are cut when written", "[presence]") {
    Presence presence;
    presence.name = std::string(200, 'n');
    presence.software = std::string(200, 's');
    presence.addresses.assign(20, place(1));
    presence.tags.assign(40, {"k", "v"});
    const auto read = decode_presence(encode_presence(presence));
    REQUIRE(read);
    CHECK(read->name == std::string(kNameSizeMax, 'n'));
    CHECK(read->software == std::string(kSoftwareSizeMax, 's'));
    CHECK(read->addresses.size() == kAddressesMax);
    CHECK(read->tags.size() == kTagsMax);
}

TEST_CASE("a suspect record comes back as it was, and no other size is one", "[presence]") {
    const Suspect suspect{ground::node_of(3), 0x0102030405060708, 9};
    Bytes body = encode_suspect(suspect);
    CHECK(body.size() == 48);
    const auto read = decode_suspect(body);
    REQUIRE(read);
    CHECK(read->target == suspect.target);
    CHECK(read->epoch == suspect.epoch);
    CHECK(read->version == suspect.version);
    for (std::size_t size = 0; size < body.size(); ++size)
        CHECK_FALSE(decode_suspect(ByteView(body).first(size)));
    body.push_back(0);
    CHECK_FALSE(decode_suspect(body));
}

}  // namespace
}  // namespace hearsay::gossip
