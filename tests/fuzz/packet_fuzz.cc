#include <cstdlib>

#include "wire/packet.h"

namespace hearsay::wire {
namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

bool is_within(ByteView part, ByteView whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

// What a parser accepts, a writer must be able to say again, byte for byte: no packet has two
// spellings.
void check_hello(ByteView datagram) {
    const auto hello = parse_hello(datagram);
    if (!hello) return;
    require(is_within(hello->covered, datagram));
    Bytes again = write_hello(*hello);
    set_mac(again, hello->mac);
    require(std::equal(again.begin(), again.end(), datagram.begin(), datagram.end()));
}

void check_cookie(ByteView datagram) {
    const auto reply = parse_cookie(datagram);
    if (!reply) return;
    const Bytes again = write_cookie(*reply);
    require(std::equal(again.begin(), again.end(), datagram.begin(), datagram.end()));
}

void check_auth(ByteView datagram) {
    if (const auto auth = parse_auth_r(datagram)) {
        require(is_within(auth->clear, datagram) && is_within(auth->sealed, datagram));
        const Bytes again = write_auth_r_clear(auth->session, auth->own_session, auth->ephemeral);
        require(std::equal(again.begin(), again.end(), auth->clear.begin(), auth->clear.end()));
    }
    if (const auto auth = parse_auth_i(datagram)) {
        require(is_within(auth->sealed, datagram));
        const Bytes again = write_auth_i_clear(auth->session);
        require(std::equal(again.begin(), again.end(), datagram.begin()));
    }
}

void check_sealed(ByteView datagram) {
    const auto sealed = parse_sealed(datagram);
    if (!sealed) return;
    require(is_within(sealed->associated, datagram) && is_within(sealed->sealed, datagram));
    Bytes again(kSealedHeaderSize);
    write_sealed_header(sealed->codec, sealed->session, sealed->counter, again);
    require(std::equal(again.begin(), again.end(), datagram.begin()));
}

void check_beacon(ByteView datagram) {
    const auto beacon = parse_beacon(datagram);
    if (!beacon) return;
    Bytes again = write_beacon(*beacon);
    set_mac(again, beacon->mac);
    require(std::equal(again.begin(), again.end(), datagram.begin(), datagram.end()));
}

void check_auth_payload(ByteView plaintext) {
    const auto payload = parse_auth_payload(plaintext);
    if (!payload) return;
    const Bytes again = write_auth_payload(*payload);
    require(std::equal(again.begin(), again.end(), plaintext.begin(), plaintext.end()));
}

}  // namespace
}  // namespace hearsay::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hearsay::wire;
    const hearsay::ByteView datagram(data, size);
    check_hello(datagram);
    check_cookie(datagram);
    check_auth(datagram);
    check_sealed(datagram);
    check_beacon(datagram);
    check_auth_payload(datagram);
    return 0;
}

// Start near the truth: a random datagram almost never has the right size and type.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned int seed) {
    static constexpr std::size_t kSizes[] = {256, 64, 256, 173, 133, 60, 96};
    size = LLVMFuzzerMutate(data, size, most);
    const std::size_t type = seed % 14;
    if (type >= std::size(kSizes) || most < kSizes[type]) return size;
    std::fill(data + std::min(size, kSizes[type]), data + kSizes[type], std::uint8_t{0});
    data[0] = hearsay::wire::kVersion;
    data[1] = static_cast<std::uint8_t>(type + 1);
    std::fill(data + 2, data + 8, std::uint8_t{0});
    return kSizes[type];
}
