#include "crypto/network.h"

#include "crypto/hash.h"
#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t kPrefix = 9;

Network network_of(std::string name, std::size_t secrets) {
    Network network;
    network.name = std::move(name);
    network.id = NetworkId::from(counting(0x10, 32));
    for (std::size_t i = 0; i < secrets; ++i)
        network.secrets.push_back(counting_secret(static_cast<std::uint8_t>(0x40 + 0x40 * i)));
    return network;
}

void check_equal(const Network& a, const Network& b) {
    CHECK(a.name == b.name);
    CHECK(a.id == b.id);
    CHECK(a.is_open == b.is_open);
    REQUIRE(a.secrets.size() == b.secrets.size());
    for (std::size_t i = 0; i < a.secrets.size(); ++i) CHECK(a.secrets[i].equals(b.secrets[i]));
}

// A token of any bytes, with the checksum that belongs to them.
std::string sealed_token(Bytes bytes) {
    const Hash hash = blake2b({kTokenLabel.view(), bytes});
    bytes.insert(bytes.end(), hash.bytes.begin(), hash.bytes.begin() + 4);
    return "hearsay1-" + base32(bytes);
}

struct Parts {
    std::uint8_t version = 1;
    std::uint8_t flags = 0;
    std::string name = "home";
    std::uint8_t secrets = 1;
    std::size_t secret_bytes = 32;
};

std::string token_of(const Parts& parts) {
    Bytes bytes{parts.version, parts.flags, static_cast<std::uint8_t>(parts.name.size())};
    ByteWriter writer(bytes);
    writer.bytes(bytes_of(parts.name));
    writer.bytes(counting(0x10, 32));
    writer.u8(parts.secrets);
    writer.bytes(counting(0x40, parts.secret_bytes));
    return sealed_token(bytes);
}

TokenError refusal(std::string_view text) {
    const Result<Network, TokenError> result = decode_token(text);
    REQUIRE_FALSE(result.has_value());
    return result.error();
}

}  // namespace

TEST_CASE("a token brings back the network, with one, two or three secrets and any name") {
    for (std::size_t secrets = 1; secrets <= kNetworkSecretsMax; ++secrets) {
        for (const std::size_t size : {1U, 4U, 31U, 32U}) {
            const Network network = network_of(std::string(size, 'x'), secrets);
            const Result<Network, TokenError> decoded = decode_token(encode_token(network));
            REQUIRE(decoded.has_value());
            check_equal(*decoded, network);
        }
    }
}

TEST_CASE("the token of an open network says that it is open") {
    const Network network = Network::open("office-lan");
    const Result<Network, TokenError> decoded = decode_token(encode_token(network));
    REQUIRE(decoded.has_value());
    CHECK(decoded->is_open);
    check_equal(*decoded, network);
}

TEST_CASE("a token with any single character changed is refused") {
    const std::string token = encode_token(network_of("home", 2));
    for (std::size_t i = 0; i < token.size(); ++i) {
        for (const char c : kAlphabet) {
            if (c == token[i]) continue;
            std::string changed = token;
            changed[i] = c;
            const TokenError error = refusal(changed);
            const bool is_prefix = i < kPrefix;
            if (is_prefix != (error == TokenError::not_a_token)) FAIL_CHECK(changed);
        }
    }
}

TEST_CASE("a changed secret is told as a changed character") {
    std::string token = encode_token(network_of("home", 1));
    char& c = token[token.size() - 20];
    c = c == 'a' ? 'b' : 'a';
    CHECK(refusal(token) == TokenError::bad_checksum);
    std::string longer = encode_token(network_of("home", 1)) + "aaaaaaaa";
    CHECK(refusal(longer) == TokenError::bad_checksum);
}

TEST_CASE("a token with any character left out or two exchanged is refused") {
    const std::string token = encode_token(network_of("home", 2));
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string shorter = token;
        shorter.erase(i, 1);
        CHECK_FALSE(decode_token(shorter).has_value());
        if (i + 1 == token.size() || token[i] == token[i + 1]) continue;
        std::string swapped = token;
        std::swap(swapped[i], swapped[i + 1]);
        CHECK_FALSE(decode_token(swapped).has_value());
    }
}

TEST_CASE("a token cut short anywhere is told as cut short") {
    const std::string token = encode_token(network_of("plant-7", 3));
    for (std::size_t size = 1; size < token.size(); ++size) {
        CAPTURE(size);
        CHECK(refusal(token.substr(0, size)) == TokenError::truncated);
    }
}

TEST_CASE("a token wrapped by a terminal is accepted") {
    const Network network = network_of("home", 1);
    const std::string token = encode_token(network);
    std::string wrapped = " \t";
    for (std::size_t i = 0; i < token.size(); ++i) {
        if (i % 20 == 19) wrapped += "\r\n  ";
        wrapped += token[i];
    }
    const Result<Network, TokenError> decoded = decode_token(wrapped + " \v\f\n");
    REQUIRE(decoded.has_value());
    check_equal(*decoded, network);
}

TEST_CASE("other text is not a token") {
    const std::string token = encode_token(network_of("home", 1));
    CHECK(refusal("") == TokenError::not_a_token);
    CHECK(refusal(" \n ") == TokenError::not_a_token);
    CHECK(refusal("hello") == TokenError::not_a_token);
    CHECK(refusal("hearsay2-" + token.substr(kPrefix)) == TokenError::not_a_token);
    CHECK(refusal(token.substr(kPrefix)) == TokenError::not_a_token);
    for (const char c : {'0', '1', '8', '-', '.', '\0', '\x80'})
        CHECK(refusal(token + c) == TokenError::not_a_token);
}

TEST_CASE("a whole token of another version is told as that") {
    CHECK(decode_token(token_of({})).has_value());
    CHECK(refusal(token_of({.version = 0})) == TokenError::bad_version);
    CHECK(refusal(token_of({.version = 2})) == TokenError::bad_version);
    CHECK(refusal(token_of({.flags = 2})) == TokenError::bad_version);
    CHECK(refusal(sealed_token({9})) == TokenError::bad_version);
}

TEST_CASE("a token with nonsense under a right checksum is refused") {
    CHECK(refusal(token_of({.name = ""})) == TokenError::not_a_token);
    CHECK(refusal(token_of({.name = "Home"})) == TokenError::not_a_token);
    CHECK(refusal(token_of({.name = std::string(33, 'a')})) == TokenError::not_a_token);
    CHECK(refusal(token_of({.secrets = 0, .secret_bytes = 0})) == TokenError::not_a_token);
    CHECK(refusal(token_of({.secrets = 4, .secret_bytes = 128})) == TokenError::not_a_token);
    CHECK(refusal(token_of({.secrets = 2})) == TokenError::not_a_token);
    CHECK(refusal(token_of({.secret_bytes = 33})) == TokenError::not_a_token);
    CHECK(refusal(sealed_token({1, 0})) == TokenError::not_a_token);
}

TEST_CASE("a token cannot lie about being open") {
    CHECK(refusal(token_of({.flags = 1})) == TokenError::not_a_token);
    Network network = Network::open("office-lan");
    network.is_open = false;
    CHECK(refusal(encode_token(network)) == TokenError::not_a_token);
}

TEST_CASE("an open network follows from its name alone") {
    check_equal(Network::open("lan"), Network::open("lan"));
    const Network lan = Network::open("lan");
    const Network other = Network::open("lan2");
    CHECK(lan.id != other.id);
    CHECK_FALSE(lan.secrets[0].equals(other.secrets[0]));
    CHECK(to_hex(lan.id.view()) != to_hex(lan.secrets[0].view()));
}

TEST_CASE("a created network has an id and a secret that nothing but the random knows") {
    Random random = random_from(7);
    const Network first = Network::create("home", random);
    const Network second = Network::create("home", random);
    CHECK_FALSE(first.is_open);
    CHECK(first.secrets.size() == 1);
    CHECK(first.id != second.id);
    CHECK_FALSE(first.secrets[0].equals(second.secrets[0]));
    CHECK(to_hex(first.id.view()) != to_hex(first.secrets[0].view()));
}

TEST_CASE("a clone of a network is whole and separate") {
    const Network network = network_of("home", 3);
    Network clone = network.clone();
    check_equal(clone, network);
    clone.secrets[0].mutable_view()[0] ^= 1;
    CHECK_FALSE(clone.secrets[0].equals(network.secrets[0]));
}

TEST_CASE("network names are 1 to 32 lower-case letters, digits and hyphens") {
    for (const char* good : {"a", "home", "plant-7", "0", "-"}) CHECK(is_valid_network_name(good));
    CHECK(is_valid_network_name(std::string(32, 'z')));
    CHECK_FALSE(is_valid_network_name(std::string(33, 'z')));
    for (const char* bad : {"", "Home", "a b", "a_b", "a.b", "\xc3\xa4", "a\n"})
        CHECK_FALSE(is_valid_network_name(bad));
}

TEST_CASE("a network MAC depends on the secret, the purpose, the network and every byte") {
    const Secret secret = counting_secret(1);
    const NetworkId id = NetworkId::from(counting(2, 32));
    Bytes bytes = counting(3, 40);
    const Mac mac = network_mac(secret, kHelloLabel, id, bytes);
    CHECK(network_mac(secret, kHelloLabel, id, bytes) == mac);
    CHECK(network_mac(counting_secret(2), kHelloLabel, id, bytes) != mac);
    CHECK(network_mac(secret, kBeaconLabel, id, bytes) != mac);
    CHECK(network_mac(secret, kHelloLabel, NetworkId{}, bytes) != mac);
    for (std::uint8_t& byte : bytes) {
        byte ^= 1;
        CHECK(network_mac(secret, kHelloLabel, id, bytes) != mac);
        byte ^= 1;
    }
    bytes.push_back(0);
    CHECK(network_mac(secret, kHelloLabel, id, bytes) != mac);
}

TEST_CASE("a network tag differs between networks and does not contain the id") {
    const NetworkId id = NetworkId::from(counting(1, 32));
    CHECK(network_tag(id) == network_tag(id));
    CHECK(network_tag(id) != network_tag(NetworkId{}));
    CHECK(network_tag(id) != ByteReader(id.view()).u64());
}

TEST_CASE("no two labels are alike and none is cut off") {
    const Label labels[] = {kBatchLabel,     kInitiatorLabel,    kResponderLabel,
                            kTranscriptLabel, kHelloLabel,       kBeaconLabel,
                            kCookieLabel,    kNetworkTagLabel,   kOpenNetworkLabel,
                            kTokenLabel,     kHandshakeKeyLabel, kSessionKeyLabel};
    for (const Label& a : labels) {
        CHECK(std::count(std::begin(labels), std::end(labels), a) == 1);
        CHECK(a.bytes.back() == 0);
        CHECK(text_of(a.view()).starts_with("hearsay/v1/"));
    }
}

}  // namespace hearsay::crypto::test
