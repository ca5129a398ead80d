#include "crypto/network.h"

#include "base/byte_io.h"
#include "base/insist.h"
#include "crypto/hash.h"
#include "crypto/keyed_hash.h"

namespace hearsay::crypto {

namespace {

constexpr std::string_view kPrefix = "hearsay1-";
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kOpenFlag = 1;
constexpr std::size_t kChecksum = 4;
constexpr std::size_t kHead = 3;  // version, flags, name size
constexpr std::size_t kTokenBytesMax =
    kHead + kNetworkNameMax + NetworkId::kSize + 1 + kNetworkSecretsMax * Secret::kSize + kChecksum;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

Hash derive_open(std::uint8_t purpose, std::string_view name) {
    return blake2b({kOpenNetworkLabel.view(), ByteView(&purpose, 1), bytes_of(name)});
}

bool follows_from_name(const Network& network) {
    if (network.secrets.size() != 1) return false;
    const Network open = Network::open(network.name);
    return network.id == open.id && network.secrets.front().equals(open.secrets.front());
}

bool is_checksum_right(ByteView token) {
    if (token.size() <= kChecksum) return false;
    const ByteView body = token.first(token.size() - kChecksum);
    const Hash hash = blake2b({kTokenLabel.view(), body});
    return std::equal(hash.bytes.begin(), hash.bytes.begin() + kChecksum, token.end() - kChecksum);
}

// How many characters a token of this version that begins with `start` has; nullopt when it
// ends before it says so.
std::optional<std::size_t> characters_promised(ByteView start) {
    ByteReader reader(start);
    reader.bytes(kHead - 1);
    reader.bytes(reader.u8());
    reader.bytes(NetworkId::kSize);
    const std::size_t secrets = reader.u8();
    if (!reader.ok()) return std::nullopt;
    const std::size_t bytes =
        start.size() - reader.rest().size() + secrets * Secret::kSize + kChecksum;
    return (bytes * 8 + 4) / 5;
}

// What went wrong with a token whose checksum does not hold: the end missing, or a character
// changed. Whole groups of eight characters decode whatever follows them.
TokenError blame(std::string_view characters) {
    std::optional<Bytes> start = from_base32(characters.substr(0, characters.size() / 8 * 8));
    if (!start) return TokenError::not_a_token;
    const std::optional<std::size_t> promised = characters_promised(*start);
    wipe(*start);
    const bool is_short = !promised || characters.size() < *promised;
    return is_short ? TokenError::truncated : TokenError::bad_checksum;
}

bool is_base32_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); });
}

Result<Network, TokenError> parse(ByteView token) {
    ByteReader reader(token.first(token.size() - kChecksum));
    const std::uint8_t version = reader.u8();
    const std::uint8_t flags = reader.u8();
    if (version != kVersion || (flags & ~kOpenFlag) != 0) return TokenError::bad_version;
    Network network;
    network.is_open = (flags & kOpenFlag) != 0;
    network.name = std::string(text_of(reader.bytes(reader.u8())));
    network.id = reader.fixed<NetworkId>();
    const std::size_t count = reader.u8();
    if (!reader.ok() || !is_valid_network_name(network.name)) return TokenError::not_a_token;
    if (count == 0 || count > kNetworkSecretsMax) return TokenError::not_a_token;
    if (reader.rest().size() != count * Secret::kSize) return TokenError::not_a_token;
    for (std::size_t i = 0; i < count; ++i)
        network.secrets.emplace_back(reader.bytes(Secret::kSize));
    if (network.is_open != follows_from_name(network)) return TokenError::not_a_token;
    return network;
}

}  // namespace

Network Network::clone() const {
    Network copy;
    copy.name = name;
    copy.id = id;
    copy.is_open = is_open;
    for (const Secret& secret : secrets) copy.secrets.push_back(secret.clone());
    return copy;
}

Network Network::create(std::string name, Random& random) {
    INSIST(is_valid_network_name(name));
    Network network;
    network.name = std::move(name);
    random.fill(network.id.mutable_view());
    network.secrets.push_back(random.secret());
    return network;
}

Network Network::open(std::string name) {
    INSIST(is_valid_network_name(name));
    Network network;
    network.id = NetworkId::from(derive_open(0, name).view());
    network.secrets.emplace_back(derive_open(1, name).view());
    network.name = std::move(name);
    network.is_open = true;
    return network;
}

bool is_valid_network_name(std::string_view name) {
    if (name.empty() || name.size() > kNetworkNameMax) return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

std::string encode_token(const Network& network) {
    INSIST(is_valid_network_name(network.name));
    INSIST(!network.secrets.empty() && network.secrets.size() <= kNetworkSecretsMax);
    Bytes token;
    token.reserve(kTokenBytesMax);  // growing would leave unwiped copies of the secrets behind
    ByteWriter writer(token);
    writer.u8(kVersion);
    writer.u8(network.is_open ? kOpenFlag : 0);
    writer.u8(static_cast<std::uint8_t>(network.name.size()));
    writer.bytes(bytes_of(network.name));
    writer.bytes(network.id.view());
    writer.u8(static_cast<std::uint8_t>(network.secrets.size()));
    for (const Secret& secret : network.secrets) writer.bytes(secret.view());
    const Hash checksum = blake2b({kTokenLabel.view(), token});
    writer.bytes(checksum.view().first(kChecksum));
    std::string text(kPrefix);
    text += base32(token);
    wipe(token);
    return text;
}

Result<Network, TokenError> decode_token(std::string_view text) {
    std::string token;
    token.reserve(text.size());
    std::copy_if(text.begin(), text.end(), std::back_inserter(token),
                 [](char c) { return !is_space(c); });
    const MutableBytes token_bytes(reinterpret_cast<std::uint8_t*>(token.data()), token.size());
    for (char& c : token)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');  // base32 has no case
    if (!token.starts_with(kPrefix)) {
        const bool is_start = !token.empty() && kPrefix.starts_with(token);
        wipe(token_bytes);
        return is_start ? TokenError::truncated : TokenError::not_a_token;
    }
    const std::string_view characters = std::string_view(token).substr(kPrefix.size());
    std::optional<Bytes> bytes = from_base32(characters);
    const bool is_whole = bytes && is_checksum_right(*bytes);
    Result<Network, TokenError> result = TokenError::not_a_token;
    if (is_whole)
        result = parse(*bytes);
    else if (is_base32_text(characters))
        result = blame(characters);
    if (bytes) wipe(*bytes);
    wipe(token_bytes);
    return result;
}

std::uint64_t network_tag(const NetworkId& id) {
    return ByteReader(blake2b({kNetworkTagLabel.view(), id.view()}).view()).u64();
}

Mac network_mac(const Secret& secret, const Label& purpose, const NetworkId& id, ByteView bytes) {
    Mac mac;
    keyed_blake2b(mac.mutable_view(), secret.view(), {purpose.view(), id.view(), bytes});
    return mac;
}

}  // namespace hearsay::crypto
