#include "daemon/host/udp_socket.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <vector>

#include "daemon/host/socket_address.h"
#include "daemon/host/startup_error.h"
#include "tests/catch.h"

using namespace hearsay;
using namespace hearsay::host;

namespace {

Endpoint loopback_v6() {
    Endpoint endpoint;
    endpoint.address[15] = 1;
    return endpoint;
}
const Endpoint kLoopback = Endpoint::ipv4(127, 0, 0, 1, 0);
const Endpoint kOtherLoopback = Endpoint::ipv4(127, 0, 0, 2, 0);

struct Received {
    Endpoint from;
    LocalAddress to;
    Bytes bytes;
};

struct Socket {
    Socket(Loop& loop, const Endpoint& at, const BufferSizes& buffers = {},
           const UdpShape& shape = {})
        : udp(
              loop, bind_udp(at, buffers),
              [this](const Datagram& d) {
                  received.push_back({d.from, d.to, Bytes(d.bytes.begin(), d.bytes.end())});
              },
              shape) {}
    std::vector<Received> received;
    UdpSocket udp;
};

// Loopback delivers before sendmmsg() returns, so a few turns are enough.
void turn(Loop& loop, int turns = 4) {
    for (int i = 0; i < turns; ++i) loop.run_once();
}

const Bytes kHello{'h', 'e', 'l', 'l', 'o'};
constexpr UdpShape kPlain{.may_offload = false};

}  // namespace

TEST_CASE("a datagram arrives with its source and the address it was sent to", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback);
    Socket b(loop, kLoopback);
    REQUIRE(a.udp.send(b.udp.bound(), {}, kHello));
    a.udp.flush();
    turn(loop);
    REQUIRE(b.received.size() == 1);
    REQUIRE(b.received[0].bytes == kHello);
    REQUIRE(b.received[0].from == a.udp.bound());
    REQUIRE(b.received[0].to.address == kLoopback);
    REQUIRE(b.received[0].to.interface == if_nametoindex("lo"));
    REQUIRE(a.udp.counts().sent == 1);
    REQUIRE(b.udp.counts().received == 1);
}

TEST_CASE("nothing leaves before the flush", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback);
    Socket b(loop, kLoopback);
    a.udp.send(b.udp.bound(), {}, kHello);
    turn(loop);
    REQUIRE(b.received.empty());
    REQUIRE(a.udp.queued() == 1);
    a.udp.flush();
    REQUIRE(a.udp.queued() == 0);
}

TEST_CASE("IPv6 datagrams arrive, an empty one too", "[host][udp]") {
    Loop loop;
    Socket a(loop, loopback_v6());
    Socket b(loop, loopback_v6());
    a.udp.send(b.udp.bound(), {}, {});
    a.udp.flush();
    turn(loop);
    REQUIRE(b.received.size() == 1);
    REQUIRE(b.received[0].bytes.empty());
    REQUIRE(b.received[0].from == a.udp.bound());
    REQUIRE(b.received[0].to.address == loopback_v6());
}

TEST_CASE("a dual-stack socket serves IPv4 in its mapped form", "[host][udp]") {
    Loop loop;
    Socket dual(loop, Endpoint{});
    Socket v4(loop, kLoopback);
    const Endpoint at = kLoopback.with_port(dual.udp.bound().port);
    v4.udp.send(at, {}, kHello);
    v4.udp.flush();
    turn(loop);
    REQUIRE(dual.received.size() == 1);
    REQUIRE(dual.received[0].from == v4.udp.bound());
    REQUIRE(dual.received[0].to.address == kLoopback);
    dual.udp.send(v4.udp.bound(), {}, kHello);
    dual.udp.flush();
    turn(loop);
    REQUIRE(v4.received.size() == 1);
    REQUIRE(v4.received[0].from == at);
}

TEST_CASE("an answer comes from the address that was asked", "[host][udp]") {
    Loop loop;
    Socket dual(loop, Endpoint{});
    Socket v4(loop, kLoopback);
    const Endpoint asked = kOtherLoopback.with_port(dual.udp.bound().port);
    v4.udp.send(asked, {}, kHello);
    v4.udp.flush();
    turn(loop);
    REQUIRE(dual.received.size() == 1);
    dual.udp.send(v4.udp.bound(), {dual.received[0].to.address, 0}, kHello);
    dual.udp.flush();
    turn(loop);
    REQUIRE(v4.received.size() == 1);
    REQUIRE(v4.received[0].from == asked);
}

TEST_CASE("an IPv4 socket refuses IPv6 destinations", "[host][udp]") {
    Loop loop;
    Socket v4(loop, kLoopback);
    REQUIRE_FALSE(v4.udp.send(loopback_v6().with_port(9), {}, kHello));
    REQUIRE(v4.udp.queued() == 0);
}

TEST_CASE("more than a batch arrives whole and in order", "[host][udp]") {
    Loop loop;
    const UdpShape shape{.may_offload = GENERATE(false, true)};
    Socket a(loop, kLoopback, {}, shape);
    Socket b(loop, kLoopback, {.receive = 4 << 20}, shape);
    const std::size_t count = 3 * UdpShape{}.batch + 7;
    for (std::size_t i = 0; i < count; ++i)
        a.udp.send(b.udp.bound(), {}, Bytes(i % 100 + 1, static_cast<std::uint8_t>(i)));
    a.udp.flush();
    turn(loop);
    REQUIRE(b.received.size() == count);
    for (std::size_t i = 0; i < count; ++i)
        REQUIRE(b.received[i].bytes == Bytes(i % 100 + 1, static_cast<std::uint8_t>(i)));
}

TEST_CASE("a turn takes a bounded number of datagrams", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback);
    Socket b(loop, kLoopback, {.receive = 4 << 20}, kPlain);
    const std::size_t bound = UdpSocket::kDatagramsPerTurn;
    for (std::size_t i = 0; i < bound + 10; ++i) a.udp.send(b.udp.bound(), {}, kHello);
    a.udp.flush();
    loop.run_once();
    REQUIRE(b.received.size() == bound);
    loop.run_once();
    REQUIRE(b.received.size() == bound + 10);
}

TEST_CASE("a datagram longer than any of ours is counted and dropped", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback, {}, {.may_offload = GENERATE(false, true)});
    const Bytes large(UdpSocket::kDatagramMax + 1, 1);
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const SocketAddress to(a.udp.bound(), AF_INET);
    REQUIRE(sendto(fd, large.data(), large.size(), 0, to.get(), to.size) ==
            static_cast<ssize_t>(large.size()));
    REQUIRE(sendto(fd, large.data(), large.size() - 1, 0, to.get(), to.size) > 0);
    close(fd);
    turn(loop);
    REQUIRE(a.udp.counts().too_large == 1);
    REQUIRE(a.received.size() == 1);
    REQUIRE(a.received[0].bytes.size() == UdpSocket::kDatagramMax);
}

TEST_CASE("the queue is bounded and what does not fit is counted", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback);
    for (std::size_t i = 0; i < UdpSocket::kQueueMax + 5; ++i)
        a.udp.send(kLoopback.with_port(9), {}, kHello);
    REQUIRE(a.udp.queued() == UdpSocket::kQueueMax);
    REQUIRE(a.udp.counts().send_dropped == 5);
}

TEST_CASE("nobody listening is no error", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback);
    Endpoint gone;
    {
        Socket b(loop, kLoopback);
        gone = b.udp.bound();
    }
    for (int i = 0; i < 3; ++i) {
        a.udp.send(gone, {}, kHello);
        a.udp.flush();
        turn(loop);
    }
    Socket b(loop, kLoopback);
    a.udp.send(b.udp.bound(), {}, kHello);
    a.udp.flush();
    turn(loop);
    REQUIRE(b.received.size() == 1);
}

TEST_CASE("a destination the kernel refuses does not hold up the others", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback);
    Socket b(loop, kLoopback);
    std::vector<Endpoint> unsendable;
    a.udp.on_unsendable = [&](const Endpoint& to) { unsendable.push_back(to); };
    const Endpoint bad = Endpoint::ipv4(255, 255, 255, 255, 9);  // no SO_BROADCAST
    a.udp.send(bad, {}, kHello);
    a.udp.send(b.udp.bound(), {}, kHello);
    a.udp.flush();
    turn(loop);
    REQUIRE(a.udp.counts().send_failed == 1);
    REQUIRE(unsendable == std::vector<Endpoint>{bad});
    REQUIRE(b.received.size() == 1);
}

TEST_CASE("what the kernel drops for want of room is counted", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback, {}, kPlain);  // those put together would count as one
    Socket b(loop, kLoopback, {.receive = 4096}, kPlain);
    const Bytes large(1200, 1);
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 200; ++i) a.udp.send(b.udp.bound(), {}, large);
        a.udp.flush();
        turn(loop);
    }
    // The count travels with the next datagram that does arrive.
    a.udp.send(b.udp.bound(), {}, kHello);
    a.udp.flush();
    turn(loop);
    REQUIRE(b.udp.counts().receive_dropped + b.received.size() == 401);
    REQUIRE(b.udp.counts().receive_dropped > 0);
}

TEST_CASE("datagrams are never cut into fragments", "[host][udp]") {
    const FileDescriptor fd = bind_udp(Endpoint{}, {});
    int v4 = -1;
    int v6 = -1;
    socklen_t size = sizeof v4;
    REQUIRE(getsockopt(fd.get(), IPPROTO_IP, IP_MTU_DISCOVER, &v4, &size) == 0);
    REQUIRE(getsockopt(fd.get(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, &size) == 0);
    REQUIRE(v4 == IP_PMTUDISC_PROBE);
    REQUIRE(v6 == IPV6_PMTUDISC_PROBE);
}

TEST_CASE("the receive buffer is told as it was granted", "[host][udp]") {
    const FileDescriptor fd = bind_udp(kLoopback, {.receive = 100'000});
    REQUIRE(receive_buffer_of(fd.get()) == 100'000);
}

TEST_CASE("a second socket on a port is refused in one sentence", "[host][udp]") {
    Loop loop;
    Socket a(loop, kLoopback);
    try {
        bind_udp(a.udp.bound(), {});
        FAIL("bound twice");
    } catch (const StartupError& error) {
        REQUIRE(error.exit_code() == kExitUnavailable);
        REQUIRE_THAT(error.what(), Catch::Contains("taken"));
        REQUIRE_THAT(error.what(), Catch::Contains(std::to_string(a.udp.bound().port)));
    }
}

TEST_CASE("an address of another host is refused in one sentence", "[host][udp]") {
    try {
        bind_udp(Endpoint::ipv4(192, 0, 2, 200, 0), {});
        FAIL("bound");
    } catch (const StartupError& error) {
        REQUIRE(error.exit_code() == kExitUnavailable);
        REQUIRE_THAT(error.what(), Catch::Contains("192.0.2.200"));
    }
}

TEST_CASE("socket addresses and endpoints are the same thing twice", "[host][udp]") {
    Endpoint link_local = loopback_v6();
    link_local.address[0] = 0xfe;
    link_local.address[1] = 0x80;
    link_local.port = 7;
    link_local.scope = 3;
    for (const Endpoint& endpoint : {kLoopback.with_port(5), loopback_v6(), link_local})
        REQUIRE(endpoint_of(SocketAddress(endpoint, AF_INET6).get()) == endpoint);
    REQUIRE(endpoint_of(SocketAddress(kLoopback.with_port(5), AF_INET).get()) ==
            kLoopback.with_port(5));
}

TEST_CASE("only link-local endpoints keep a scope", "[host][udp]") {
    const in6_addr address = ipv6_of(loopback_v6());
    REQUIRE(endpoint_of(address, 1, 9).scope == 0);
}
