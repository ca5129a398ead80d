// Golden bytes, computed apart from this project: whoever changes what these say breaks every
// host of an older version.
#include <fstream>
#include <map>

#include "crypto/ed25519.h"
#include "crypto/handshake.h"
#include "crypto/hash.h"
#include "crypto/session.h"
#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

namespace {

class Vectors {
public:
    explicit Vectors(const std::string& name) {
        std::ifstream file(std::string(HEARSAY_VECTORS) + "/crypto_" + name + ".txt");
        std::string line;
        while (std::getline(file, line)) {
            if (line.empty() || line[0] == '#') continue;
            const std::size_t space = line.find(' ');
            REQUIRE(space != std::string::npos);
            REQUIRE(values_.emplace(line.substr(0, space), line.substr(space + 1)).second);
        }
        REQUIRE_FALSE(values_.empty());
    }
    const std::string& text(const std::string& name) const {
        INFO(name);
        REQUIRE(values_.contains(name));
        return values_.at(name);
    }
    Bytes bytes(const std::string& name) const { return hex(text(name)); }

private:
    std::map<std::string, std::string> values_;
};

const NetworkId kNetwork = NetworkId::from(counting(0x10, 32));

Network network_of(std::string name, std::initializer_list<std::uint8_t> secrets) {
    Network network;
    network.name = std::move(name);
    network.id = kNetwork;
    for (const std::uint8_t first : secrets) network.secrets.push_back(counting_secret(first));
    return network;
}

}  // namespace

TEST_CASE("golden: the uid of a batch") {
    const Vectors vectors("hash");
    CHECK(to_hex(uid_of(vectors.bytes("uid.signed")).view()) == vectors.text("uid"));
}

TEST_CASE("golden: leaf hashes") {
    const Vectors vectors("hash");
    for (int i = 0; i < 5; ++i) {
        const std::string name = "leaf." + std::to_string(i);
        const Bytes position = vectors.bytes(name + ".position");
        ByteReader reader(position);
        LeafPosition at;
        at.index = reader.u16();
        at.first_message = reader.u32();
        at.lead = reader.u16();
        REQUIRE(reader.at_end());
        CHECK(to_hex(leaf_hash(at, vectors.bytes(name + ".bytes")).view()) == vectors.text(name));
    }
}

TEST_CASE("golden: root and audit paths of a tree of five leaves") {
    const Vectors vectors("hash");
    std::vector<Hash> leaves;
    for (std::uint16_t i = 0; i < 5; ++i) {
        const Bytes bytes = counting(static_cast<std::uint8_t>(16 * i), 16);
        leaves.push_back(leaf_hash({.index = i, .first_message = i}, bytes));
        CHECK(to_hex(leaves[i].view()) == vectors.text("merkle.leaf." + std::to_string(i)));
    }
    CHECK(to_hex(merkle_root(leaves).view()) == vectors.text("merkle.root"));
    const std::vector<std::vector<Hash>> paths = merkle_paths(leaves);
    for (std::size_t i = 0; i < 5; ++i) {
        std::string path;
        for (const Hash& hash : paths[i]) path += to_hex(hash.view());
        CHECK(path == vectors.text("merkle.path." + std::to_string(i)));
    }
}

TEST_CASE("golden: network tokens, written and read") {
    const Vectors vectors("network");
    const std::string one = vectors.text("token.one.text");
    const std::string two = vectors.text("token.two.text");
    CHECK(encode_token(network_of("home", {0x40})) == one);
    CHECK(encode_token(network_of("plant-7", {0x40, 0x80})) == two);
    CHECK("hearsay1-" + base32(vectors.bytes("token.one.bytes")) == one);
    CHECK("hearsay1-" + base32(vectors.bytes("token.two.bytes")) == two);
    const Result<Network, TokenError> decoded = decode_token(two);
    REQUIRE(decoded.has_value());
    CHECK(decoded->name == "plant-7");
    CHECK(decoded->id == kNetwork);
    CHECK(decoded->secrets.at(1).equals(counting_secret(0x80)));
}

TEST_CASE("golden: an open network") {
    const Vectors vectors("network");
    const Network network = Network::open("office-lan");
    CHECK(to_hex(network.id.view()) == vectors.text("open.id"));
    CHECK(to_hex(network.secrets.at(0).view()) == vectors.text("open.secret"));
    CHECK(encode_token(network) == vectors.text("open.token.text"));
}

TEST_CASE("golden: network tag and MAC") {
    const Vectors vectors("network");
    CHECK(network_tag(kNetwork) == ByteReader(vectors.bytes("tag")).u64());
    const auto mac = [](const Label& label) {
        return to_hex(
            network_mac(counting_secret(0x40), label, kNetwork, bytes_of("some bytes")).view());
    };
    CHECK(mac(kHelloLabel) == vectors.text("mac.hello"));
    CHECK(mac(kBeaconLabel) == vectors.text("mac.beacon"));
}

TEST_CASE("golden: handshake keys from fixed ephemerals, for both roles") {
    const Vectors vectors("handshake");
    const auto ephemeral = [&](const std::string& role) {
        return Ephemeral{EphemeralKey::from(vectors.bytes(role + ".public")),
                         Secret(vectors.bytes(role + ".secret"))};
    };
    const Ephemeral initiator = ephemeral("initiator");
    const Ephemeral responder = ephemeral("responder");
    const Hash transcript =
        handshake_transcript(kNetwork, {bytes_of("HELLO2"), bytes_of("AUTH_R clear")});
    CHECK(to_hex(transcript.view()) == vectors.text("transcript"));
    for (const Role role : {Role::initiator, Role::responder}) {
        const bool is_initiator = role == Role::initiator;
        const auto keys = derive_keys(role, is_initiator ? initiator : responder,
                                      (is_initiator ? responder : initiator).public_key,
                                      counting_secret(0x60), transcript);
        REQUIRE(keys.has_value());
        CHECK(to_hex(keys->handshake_initiator.view()) == vectors.text("handshake.initiator"));
        CHECK(to_hex(keys->handshake_responder.view()) == vectors.text("handshake.responder"));
        CHECK(to_hex(keys->session_initiator.view()) == vectors.text("session.initiator"));
        CHECK(to_hex(keys->session_responder.view()) == vectors.text("session.responder"));
    }
}

TEST_CASE("golden: what both sides sign, and their signatures") {
    const Vectors vectors("handshake");
    const Ed25519Signer signer{counting_secret(0xc0)};
    CHECK(to_hex(signer.id().view()) == vectors.text("signer.id"));
    for (const auto& [role, name] : {std::pair{Role::initiator, std::string("initiator")},
                                     std::pair{Role::responder, std::string("responder")}}) {
        const Bytes bytes = handshake_signed_bytes(
            role, kNetwork, EphemeralKey::from(vectors.bytes("initiator.public")),
            EphemeralKey::from(vectors.bytes("responder.public")),
            Hash::from(vectors.bytes("transcript")));
        CHECK(to_hex(bytes) == vectors.text("signed." + name));
        CHECK(to_hex(signer.sign(bytes).view()) == vectors.text("signature." + name));
    }
}

TEST_CASE("golden: sealed packets of a handshake and of a session") {
    const Vectors vectors("handshake");
    const Hash transcript = Hash::from(vectors.bytes("transcript"));
    const Secret key(vectors.bytes("handshake.initiator"));
    CHECK(to_hex(seal_handshake(key, transcript, bytes_of("who I am"))) ==
          vectors.text("sealed.handshake"));
    const Bytes sealed = vectors.bytes("sealed.session");
    Bytes out(sealed.size() - kTagSize);
    REQUIRE(ChaChaSealer().open(Secret(vectors.bytes("session.initiator")), 0x0102030405060708,
                                bytes_of("header"), sealed, out));
    CHECK(text_of(out) == "a datagram");
}

}  // namespace hearsay::crypto::test
