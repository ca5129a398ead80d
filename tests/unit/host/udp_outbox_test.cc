#include "daemon/host/udp_outbox.h"

#include <algorithm>
#include <deque>
#include <map>
#include <random>

#include "tests/catch.h"

using namespace hearsay;
using namespace hearsay::host;

namespace {

Endpoint peer(std::size_t number) {
    return Endpoint::ipv4(10, 0, static_cast<std::uint8_t>(number / 250),
                          static_cast<std::uint8_t>(number % 250 + 1), 4327);
}

Bytes content_of(const iovec& vector) {
    const auto* const begin = static_cast<const std::uint8_t*>(vector.iov_base);
    return {begin, begin + vector.iov_len};
}

std::vector<Bytes> contents_of(const msghdr& header) {
    std::vector<Bytes> contents;
    for (std::size_t i = 0; i < header.msg_iovlen; ++i)
        contents.push_back(content_of(header.msg_iov[i]));
    return contents;
}

std::vector<std::size_t> counts_after(std::initializer_list<std::size_t> sizes, bool segments) {
    UdpOutbox outbox(AF_INET);
    outbox.segments = segments;
    for (const std::size_t size : sizes) outbox.add(peer(0), {}, Bytes(size, 1));
    std::vector<std::size_t> counts;
    for (const mmsghdr& message : outbox.fill()) counts.push_back(message.msg_hdr.msg_iovlen);
    return counts;
}

using Counts = std::vector<std::size_t>;

}  // namespace

TEST_CASE("datagrams share a message while they are of one size, a shorter one ends it",
          "[host][udp]") {
    REQUIRE(counts_after({100, 100, 100}, true) == Counts{3});
    REQUIRE(counts_after({100, 100, 60, 60}, true) == Counts{3, 1});
    REQUIRE(counts_after({60, 100, 100}, true) == Counts{1, 2});
    REQUIRE(counts_after({0, 0, 100, 0}, true) == Counts{1, 1, 1, 1});
    REQUIRE(counts_after({100, 100, 100}, false) == Counts{1, 1, 1});
}

TEST_CASE("a message holds no more than the kernel takes", "[host][udp]") {
    UdpOutbox outbox(AF_INET);
    outbox.segments = true;
    const std::size_t size = UdpOutbox::kDatagramMax;
    for (std::size_t i = 0; i < 100; ++i) outbox.add(peer(0), {}, Bytes(size, 1));
    for (std::size_t i = 0; i < 100; ++i) outbox.add(peer(1), {}, Bytes(50, 1));
    const auto messages = outbox.fill();
    REQUIRE(messages.size() == 5);
    REQUIRE(messages[0].msg_hdr.msg_iovlen == UdpOutbox::kMessageSizeMax / size);
    REQUIRE(messages[3].msg_hdr.msg_iovlen == UdpOutbox::kSegmentsMax);
}

TEST_CASE("one source of the same destination is another message", "[host][udp]") {
    UdpOutbox outbox(AF_INET);
    outbox.segments = true;
    const LocalAddress from{Endpoint::ipv4(10, 9, 9, 9, 0), 0};
    outbox.add(peer(0), {}, Bytes(10, 1));
    outbox.add(peer(0), from, Bytes(10, 2));
    outbox.add(peer(0), {}, Bytes(10, 3));
    const auto messages = outbox.fill();
    REQUIRE(messages.size() == 2);
    REQUIRE(contents_of(messages[0].msg_hdr) == std::vector<Bytes>{Bytes(10, 1), Bytes(10, 3)});
    REQUIRE(contents_of(messages[1].msg_hdr) == std::vector<Bytes>{Bytes(10, 2)});
}

TEST_CASE("after a refusal the datagrams of that message go singly", "[host][udp]") {
    UdpOutbox outbox(AF_INET);
    outbox.segments = true;
    for (std::size_t i = 0; i < 6; ++i) outbox.add(peer(0), {}, Bytes(10, 1));
    REQUIRE(outbox.fill().size() == 1);
    outbox.send_singly(2);
    const auto messages = outbox.fill();
    REQUIRE(messages.size() == 3);
    REQUIRE(messages[2].msg_hdr.msg_iovlen == 4);
    outbox.remove_first_datagram();
    REQUIRE(outbox.waiting() == 5);
}

// Random operations beside one queue for each destination.
TEST_CASE("what is added leaves in its destination's order, however it is cut", "[host][udp]") {
    const std::uint32_t seed = GENERATE(1u, 2u, 3u, 4u);
    std::mt19937 random(seed);
    UdpOutbox outbox(AF_INET);
    std::map<Endpoint, std::deque<Bytes>> queues;
    std::size_t waiting = 0;
    std::uint32_t number = 0;
    for (int step = 0; step < 4000; ++step) {
        outbox.segments = random() % 4 != 0;
        // More destinations than are compared, now and then.
        const std::size_t peers = random() % 10 == 0 ? 200 : 5;
        for (std::size_t i = random() % 60; i > 0 && !outbox.is_full(); --i) {
            const Endpoint to = peer(random() % peers);
            Bytes bytes(random() % 3 == 0 ? random() % 20 : 40, 0);
            for (std::size_t b = 0; b < std::min<std::size_t>(4, bytes.size()); ++b)
                bytes[b] = static_cast<std::uint8_t>(number >> (8 * b));
            ++number;
            outbox.add(to, {}, bytes);
            queues[to].push_back(std::move(bytes));
            ++waiting;
        }
        REQUIRE(outbox.waiting() == waiting);
        const auto messages = outbox.fill();
        REQUIRE(messages.empty() == (waiting == 0));
        const std::size_t sent = messages.empty() ? 0 : random() % (messages.size() + 1);
        for (std::size_t i = 0; i < sent; ++i) {
            auto& queue = queues[outbox.destination_of(i)];
            const auto contents = contents_of(messages[i].msg_hdr);
            REQUIRE(outbox.datagrams_in(i) == contents.size());
            for (const Bytes& bytes : contents) {
                REQUIRE(bytes == queue.front());
                queue.pop_front();
                --waiting;
            }
        }
        outbox.remove(sent);
    }
}
