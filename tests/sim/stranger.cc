#include "tests/sim/stranger.h"

#include "wire/packet.h"

namespace hearsay::sim {
namespace {

constexpr std::size_t kManyHellos = 150;
constexpr std::size_t kManyBeacons = 250;

Endpoint somewhere(Network& network) {
    const auto byte = [&] { return static_cast<std::uint8_t>(network.random().below(256)); };
    return Endpoint::ipv4(203, 0, byte(), byte(), 4327);
}

Bytes hello(Network& network, std::uint64_t tag, bool has_mac, bool has_cookie) {
    wire::Hello hello;
    hello.network_tag = tag;
    hello.session = network.random().next();
    network.random().fill(hello.nonce.bytes);
    network.random().fill(hello.ephemeral.bytes);
    if (has_cookie) network.random().fill(hello.cookie.bytes);
    Bytes packet = wire::write_hello(hello);
    if (!has_mac) return packet;
    const crypto::Label& label = crypto::kHelloLabel;
    wire::set_mac(packet, crypto::network_mac(network.secrets().secrets[0], label,
                                              network.secrets().id, wire::covered_part(packet)));
    return packet;
}

Bytes beacon(Network& network, std::uint64_t wall_ms) {
    wire::Beacon beacon;
    beacon.port = 4327;
    beacon.network_tag = crypto::network_tag(network.secrets().id);
    beacon.wall_ms = wall_ms;
    network.random().fill(beacon.node.bytes);
    Bytes packet = wire::write_beacon(beacon);
    wire::set_mac(packet,
                  crypto::network_mac(network.secrets().secrets[0], crypto::kBeaconLabel,
                                      network.secrets().id, wire::covered_part(packet)));
    return packet;
}

void send_garbage(Network& network, std::size_t node) {
    Bytes garbage(network.random().below(1300));
    network.random().fill(garbage);
    if (garbage.size() >= 2 && network.random().below(4) != 0) {
        garbage[0] = wire::kVersion;
        garbage[1] = static_cast<std::uint8_t>(network.random().below(10));
    }
    network.inject(node, somewhere(network), garbage);
}

}  // namespace

std::string_view name_of(Pest pest) {
    switch (pest) {
        case Pest::garbage: return "garbage";
        case Pest::other_network: return "packets of another network";
        case Pest::no_secret: return "a HELLO without the secret";
        case Pest::bad_cookie: return "a made-up cookie";
        case Pest::unknown_session: return "an unknown session";
        case Pest::unknown_handshake: return "an unknown handshake";
        case Pest::many_hellos: return "many HELLOs of one source";
        case Pest::stale_beacon: return "a stale beacon";
        case Pest::many_beacons: return "many beacons";
    }
    return "unknown";
}

void pester(Network& network, std::size_t node, Pest pest) {
    const std::uint64_t tag = crypto::network_tag(network.secrets().id);
    const Endpoint from = somewhere(network);
    const auto on_link = [&] { return address_of(5000 + network.random().below(1000), 0, false); };
    switch (pest) {
        case Pest::garbage:
            for (int i = 0; i < 50; ++i) send_garbage(network, node);
            return;
        case Pest::other_network:
            network.inject(node, from, hello(network, tag + 1, false, false));
            return;
        case Pest::no_secret:
            network.inject(node, from, hello(network, tag, false, false));
            return;
        case Pest::bad_cookie:
            network.inject(node, from, hello(network, tag, true, true));
            return;
        case Pest::unknown_session: {
            Bytes packet(100);
            wire::write_sealed_header(1, network.random().next(), 7, packet);
            network.inject(node, from, packet);
            return;
        }
        case Pest::unknown_handshake: {
            Bytes packet = wire::write_auth_i_clear(network.random().next());
            packet.resize(200);
            network.inject(node, from, packet);
            return;
        }
        case Pest::many_hellos:
            for (std::size_t i = 0; i < kManyHellos; ++i)
                network.inject(node, from, hello(network, tag, false, false));
            return;
        case Pest::stale_beacon:
            network.inject(node, on_link(), beacon(network, network.wall_ms(node) - 3'600'000));
            return;
        case Pest::many_beacons:
            for (std::size_t i = 0; i < kManyBeacons; ++i)
                network.inject(node, on_link(), beacon(network, network.wall_ms(node)));
            return;
    }
}

}  // namespace hearsay::sim
