// Datagrams that cross the kernel together, against what the same datagrams do one by one.
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <random>

#include "daemon/host/socket_address.h"
#include "daemon/host/udp_socket.h"
#include "tests/catch.h"

using namespace hearsay;
using namespace hearsay::host;

namespace {

const Endpoint kLoopback = Endpoint::ipv4(127, 0, 0, 1, 0);
const Endpoint kOtherLoopback = Endpoint::ipv4(127, 0, 0, 2, 0);
Endpoint loopback_v6() {
    Endpoint endpoint;
    endpoint.address[15] = 1;
    return endpoint;
}

struct Received {
    Endpoint from;
    Endpoint to;
    Bytes bytes;
    bool operator==(const Received&) const = default;
};

struct Socket {
    Socket(Loop& loop, const Endpoint& at, bool may_offload)
        : udp(
              loop, bind_udp(at, {.receive = 4 << 20}),
              [this](const Datagram& d) {
                  received.push_back(
                      {d.from, d.to.address, Bytes(d.bytes.begin(), d.bytes.end())});
              },
              UdpShape{.may_offload = may_offload}) {}
    std::vector<Received> received;
    UdpSocket udp;
};

void turn(Loop& loop) {
    for (int i = 0; i < 8; ++i) loop.run_once();
}

// Runs of equal sizes, shorter and longer ones, and empty ones.
std::vector<Bytes> mixed_datagrams(std::size_t count, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<Bytes> datagrams;
    std::size_t size = 1200;
    for (std::size_t i = 0; i < count; ++i) {
        if (random() % 8 == 0) size = random() % (UdpSocket::kDatagramMax + 1);
        datagrams.emplace_back(size, static_cast<std::uint8_t>(i));
    }
    return datagrams;
}

bool kernel_offloads() {
    Loop loop;
    const Socket socket(loop, kLoopback, true);
    return socket.udp.sends_together() && socket.udp.receives_together();
}

}  // namespace

TEST_CASE("together or one by one, the same datagrams arrive in the same order", "[host][udp]") {
    const bool sends_together = GENERATE(false, true);
    const bool receives_together = GENERATE(false, true);
    const std::uint32_t seed = GENERATE(1u, 2u, 3u);
    Loop loop;
    Socket a(loop, kLoopback, sends_together);
    Socket b(loop, kLoopback, receives_together);
    const auto datagrams = mixed_datagrams(300, seed);
    for (const Bytes& datagram : datagrams) REQUIRE(a.udp.send(b.udp.bound(), {}, datagram));
    a.udp.flush();
    turn(loop);
    REQUIRE(b.received.size() == datagrams.size());
    for (std::size_t i = 0; i < datagrams.size(); ++i)
        REQUIRE(b.received[i] == Received{a.udp.bound(), kLoopback, datagrams[i]});
    REQUIRE(a.udp.counts().sent == datagrams.size());
    REQUIRE(b.udp.counts().received == datagrams.size());
    if (!kernel_offloads()) return;
    REQUIRE((a.udp.counts().sent_together > 0) == sends_together);
    REQUIRE((b.udp.counts().received_together > 0) == (sends_together && receives_together));
}

TEST_CASE("turns about, each peer gets its own in order", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback, true);
    Socket b(loop, kLoopback, true);
    Socket c(loop, kOtherLoopback, true);
    const auto datagrams = mixed_datagrams(200, 4);
    for (std::size_t i = 0; i < datagrams.size(); ++i)
        a.udp.send((i % 2 == 0 ? b : c).udp.bound(), {}, datagrams[i]);
    a.udp.flush();
    turn(loop);
    REQUIRE(b.received.size() == 100);
    REQUIRE(c.received.size() == 100);
    for (std::size_t i = 0; i < datagrams.size(); ++i)
        REQUIRE((i % 2 == 0 ? b : c).received[i / 2].bytes == datagrams[i]);
    if (kernel_offloads()) REQUIRE(a.udp.counts().send_calls == 1);
}

TEST_CASE("many answers together come from the address that was asked", "[host][udp]") {
    Loop loop;
    Socket dual(loop, Endpoint{}, true);
    const bool is_v6 = GENERATE(false, true);
    Socket peer(loop, is_v6 ? loopback_v6() : kLoopback, true);
    const Endpoint asked =
        (is_v6 ? loopback_v6() : kOtherLoopback).with_port(dual.udp.bound().port);
    for (int i = 0; i < 10; ++i) peer.udp.send(asked, {}, Bytes(100, 1));
    peer.udp.flush();
    turn(loop);
    REQUIRE(dual.received.size() == 10);
    REQUIRE(dual.received[9].to == asked.with_port(0));
    for (int i = 0; i < 10; ++i)
        dual.udp.send(peer.udp.bound(), {dual.received[0].to, 0}, Bytes(100, 2));
    dual.udp.flush();
    turn(loop);
    REQUIRE(peer.received.size() == 10);
    for (const Received& one : peer.received) REQUIRE(one.from == asked);
    if (kernel_offloads()) REQUIRE(dual.udp.counts().sent_together == 10);
}

TEST_CASE("where segments are refused the datagrams go one by one from then on", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback, true);
    Socket b(loop, kLoopback, true);
    if (!a.udp.sends_together()) return;
    // A socket without checksums: the kernel answers EINVAL to segments and to nothing else.
    const int on = 1;
    REQUIRE(setsockopt(a.udp.fd(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on) == 0);
    for (int i = 0; i < 5; ++i) a.udp.send(b.udp.bound(), {}, Bytes(100, 1));
    a.udp.flush();
    turn(loop);
    REQUIRE(b.received.size() == 5);
    REQUIRE_FALSE(a.udp.sends_together());
    REQUIRE(a.udp.counts().send_failed == 0);
    REQUIRE(a.udp.counts().sent_together == 0);
}

TEST_CASE("a destination that takes nothing is no reason to stop segmenting", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback, true);
    Socket b(loop, kLoopback, true);
    if (!a.udp.sends_together()) return;
    const Endpoint bad = Endpoint::ipv4(255, 255, 255, 255, 9);  // no SO_BROADCAST
    std::size_t unsendable = 0;
    a.udp.on_unsendable = [&](const Endpoint& to) { unsendable += to == bad ? 1 : 0; };
    for (int i = 0; i < 5; ++i) a.udp.send(bad, {}, Bytes(100, 1));
    for (int i = 0; i < 5; ++i) a.udp.send(b.udp.bound(), {}, Bytes(100, 1));
    a.udp.flush();
    turn(loop);
    REQUIRE(unsendable == 5);
    REQUIRE(a.udp.counts().send_failed == 5);
    REQUIRE(a.udp.sends_together());
    REQUIRE(b.received.size() == 5);
}

TEST_CASE("segments longer than any datagram of ours are counted and dropped", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback, true);
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const int segment = static_cast<int>(UdpSocket::kDatagramMax) + 1;
    if (setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment) != 0) return;
    const Bytes three(3 * static_cast<std::size_t>(segment), 1);
    const SocketAddress to(a.udp.bound(), AF_INET);
    REQUIRE(sendto(fd, three.data(), three.size(), 0, to.get(), to.size) ==
            static_cast<ssize_t>(three.size()));
    close(fd);
    turn(loop);
    REQUIRE(a.udp.counts().too_large == 3);
    REQUIRE(a.received.empty());
}
