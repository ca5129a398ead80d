#include <algorithm>
#include <array>

#include "tests/catch.h"
#include "tests/sim/network.h"
#include "wire/packet.h"

// What an attacker on the wire can do to a live engine.
namespace hearsay::sim {
namespace {

constexpr std::size_t kFlippedDatagrams = 1000;
constexpr std::size_t kFlipsFromStranger = 25;

bool is_handshake(ByteView datagram) {
    const auto type = wire::packet_type(datagram);
    return type && *type != wire::PacketType::sealed && *type != wire::PacketType::beacon;
}

// Holds back one datagram at a time, so that damaged copies can be fed before the original.
class Interceptor {
public:
    explicit Interceptor(Network& network) : network_(network) {
        network.intercept = [this](std::size_t node, const Arrival& arrival) {
            if (!is_wanted(arrival)) return false;
            held_ = arrival;
            node_ = node;
            return true;
        };
    }
    ~Interceptor() { network_.intercept = nullptr; }

    enum class Wanted { handshakes, all };
    // Runs the network until a datagram is held; false after `limit` without one.
    bool wait(Wanted wanted, Duration limit) {
        wanted_ = wanted;
        held_.datagram.clear();
        const bool has_come = network_.run_until([&] { return !held_.datagram.empty(); }, limit);
        wanted_.reset();
        return has_come;
    }
    // While its copies are fed and when it is let through, others pass.
    const Arrival& held() const { return held_; }
    std::size_t node() const { return node_; }
    const std::array<std::size_t, 8>& counts() const { return counts_; }

private:
    // One of three, or only the first talkers would ever be held.
    bool is_wanted(const Arrival& arrival) {
        if (!wanted_ || !held_.datagram.empty()) return false;
        const auto type = wire::packet_type(arrival.datagram);
        if (!type) return false;
        if (!is_handshake(arrival.datagram) &&
            (wanted_ == Wanted::handshakes || network_.random().below(3) != 0))
            return false;
        ++counts_[static_cast<std::size_t>(*type)];
        return true;
    }

    Network& network_;
    Arrival held_;
    std::size_t node_ = 0;
    std::optional<Wanted> wanted_;
    std::array<std::size_t, 8> counts_{};
};

// Every place in a datagram of that size, beginning anywhere.
std::vector<std::size_t> places_of(std::size_t size, Network& network) {
    std::vector<std::size_t> places(size);
    const std::size_t first = network.random().below(size);
    for (std::size_t i = 0; i < size; ++i) places[i] = (first + i) % size;
    return places;
}

std::uint64_t refusals(Network& network, std::size_t node) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < gossip::kCounterCount; ++i) {
        const auto counter = static_cast<gossip::Counter>(i);
        if (name_of(counter).starts_with("refused_"))
            sum += network.engine(node).counters()[counter];
    }
    return sum;
}

// Feeds copies of `arrival` with one byte changed, for each of the places in turn, `spacing` apart.
// Returns how many were counted as refused at once.
std::uint64_t feed_flips(Network& network, std::size_t node, const Arrival& arrival,
                         std::span<const std::size_t> places, Duration spacing) {
    Bytes damaged = arrival.datagram;
    std::uint64_t refused = 0;
    for (const std::size_t at : places) {
        const std::uint8_t kept = damaged[at];
        damaged[at] ^= static_cast<std::uint8_t>(1 + network.random().below(255));
        const std::uint64_t delivered = network.ledger().delivery_count();
        const std::uint64_t before = refusals(network, node);
        network.inject(node, arrival.from, damaged);
        refused += refusals(network, node) - before;
        CHECK(network.ledger().delivery_count() == delivered);
        damaged[at] = kept;
        network.run_for(spacing);
    }
    return refused;
}

Endpoint random_address(Network& network) {
    const auto byte = [&] { return static_cast<std::uint8_t>(network.random().below(256)); };
    return Endpoint::ipv4(198, 18, byte(), byte(), 4327);
}

}  // namespace

// Goal: no single damaged byte gets anything delivered, crashes anything, or stops the network.
// Method: real cryptography; 1,000 datagrams of every type, caught on their way. Each byte of each
// in turn is changed and fed to the live engine that the datagram was for, from where it came,
// before the original is let through. Any delivery that is not of a published message, or a
// second one, breaks the ledger's rules.
TEST_CASE("1,000 datagrams with each byte flipped in turn deliver nothing", "[sim][hostile]") {
    INFO(replay_hint(base_seed()));
    Network network(
        {.nodes = 5, .seed = base_seed(), .topology = Topology::beacons, .real_crypto = true});
    Interceptor interceptor(network);
    std::size_t messages = 0;
    std::uint64_t flips = 0;
    std::uint64_t refused = 0;
    for (std::size_t caught = 0; caught < kFlippedDatagrams; ++caught) {
        if (caught % 3 == 0) {
            network.publish(messages % 5, std::to_string(messages) + " payload of a message");
            ++messages;
        }
        if (caught % 20 == 5) {  // so that there are handshakes to catch
            network.stop_and_wait(caught / 20 % 5);
            network.restart(caught / 20 % 5);
        }
        const bool may_shake_hands = caught % 20 >= 5 && caught % 20 < 15;
        if (!may_shake_hands || !interceptor.wait(Interceptor::Wanted::handshakes, 500ms))
            REQUIRE(interceptor.wait(Interceptor::Wanted::all, 5s));
        const Arrival original = interceptor.held();
        const std::size_t node = interceptor.node();
        flips += original.datagram.size();
        const auto places = places_of(original.datagram.size(), network);
        const std::span<const std::size_t> all = places;
        if (!is_handshake(original.datagram)) {
            refused += feed_flips(network, node, original, all, 100us);
            network.inject(node, original.from, original.datagram);
            continue;
        }
        // A stranger may say only so much in a moment: some flips come from where the original
        // does, before it, the others from everywhere, right after it.
        refused += feed_flips(network, node, original, all.first(kFlipsFromStranger), 100us);
        network.inject(node, original.from, original.datagram);
        for (auto rest = all.subspan(kFlipsFromStranger); !rest.empty();) {
            const std::size_t count = std::min(rest.size(), kFlipsFromStranger);
            Arrival elsewhere = original;
            elsewhere.from = random_address(network);
            refused += feed_flips(network, node, elsewhere, rest.first(count), 0us);
            rest = rest.subspan(count);
        }
    }
    network.intercept = nullptr;
    // All but a COOKIE's cookie, which only its maker can judge.
    INFO(flips << " flips, " << refused << " counted as refused");
    CHECK(refused > flips - flips / 50);
    for (const auto type :
         {wire::PacketType::hello, wire::PacketType::cookie, wire::PacketType::hello2,
          wire::PacketType::auth_r, wire::PacketType::auth_i, wire::PacketType::sealed,
          wire::PacketType::beacon}) {
        INFO("packets of type " << static_cast<int>(type));
        CHECK(interceptor.counts()[static_cast<std::size_t>(type)] > 0);
    }
    REQUIRE(
        network.run_until([&] { return network.members_agree() && network.all_complete(); }, 30s));
    CHECK(network.ledger().delivery_count() == messages * 5);
}

TEST_CASE("every datagram replayed later changes nothing", "[sim][hostile]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 4, .seed = base_seed(), .real_crypto = true});
    std::vector<std::pair<std::size_t, Arrival>> recorded;
    network.intercept = [&](std::size_t node, const Arrival& arrival) {
        if (recorded.size() < 3000) recorded.emplace_back(node, arrival);
        return false;
    };
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    for (std::size_t i = 0; i < 100; ++i) {
        network.publish(i % 4, std::to_string(i));
        network.run_for(20ms);
    }
    REQUIRE(network.run_until([&] { return network.all_complete(); }, 5s));
    network.intercept = nullptr;

    const std::uint64_t delivered = network.ledger().delivery_count();
    for (const auto& [node, arrival] : recorded) {
        network.inject(node, arrival.from, arrival.datagram);
        network.run_for(200us);
    }
    network.run_for(5s);
    CHECK(network.ledger().delivery_count() == delivered);
    CHECK(network.members_agree());
    CHECK(network.counter_sum(gossip::Counter::refused_replayed) > 0);
}

TEST_CASE("datagrams replayed to another node or from another address are refused",
          "[sim][hostile]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 4, .seed = base_seed(), .real_crypto = true});
    std::vector<std::pair<std::size_t, Arrival>> recorded;
    network.intercept = [&](std::size_t node, const Arrival& arrival) {
        if (recorded.size() < 1000) recorded.emplace_back(node, arrival);
        return false;
    };
    for (std::size_t i = 0; i < 100; ++i) {
        network.publish(i % 4, std::to_string(i));
        network.run_for(30ms);
    }
    network.intercept = nullptr;
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));

    const Endpoint stranger = Endpoint::ipv4(10, 0, 9, 9, 4327);
    const std::size_t links = network.engine(0).link_count();
    for (const auto& [node, arrival] : recorded) {
        network.inject((node + 1) % 4, arrival.from, arrival.datagram);
        const std::size_t answered = network.inject(node, stranger, arrival.datagram);
        CHECK(answered <= arrival.datagram.size());
        network.run_for(200us);
    }
    REQUIRE(
        network.run_until([&] { return network.members_agree() && network.all_complete(); }, 10s));
    CHECK(network.engine(0).link_count() == links);
}

TEST_CASE("a flood of garbage does not stop the network", "[sim][hostile]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 4, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    const std::size_t members = network.snapshot(0).members.size();
    for (std::size_t i = 0; i < 20'000; ++i) {
        Bytes garbage(network.random().below(1300));
        network.random().fill(garbage);
        if (garbage.size() >= 2 && i % 2 == 0) {  // gets past the first check
            garbage[0] = wire::kVersion;
            garbage[1] = static_cast<std::uint8_t>(1 + i / 2 % 7);
        }
        const auto host = static_cast<std::uint8_t>(network.random().below(256));
        const Endpoint from = Endpoint::ipv4(192, 0, 2, host, static_cast<std::uint16_t>(i | 1));
        CHECK(network.inject(i % 4, from, garbage) <= garbage.size());
        if (i % 500 == 0) network.publish(i / 500 % 4, std::to_string(i));
        network.run_for(50us);
    }
    CHECK(network.run_until([&] { return network.all_complete(); }, 1s));
    CHECK(network.snapshot(0).members.size() == members);
    CHECK(network.members_agree());
}

TEST_CASE("garbage from a neighbour's own address does not cut its link", "[sim][hostile]") {
    INFO(replay_hint(base_seed()));
    Network network({.nodes = 3, .seed = base_seed()});
    REQUIRE(network.run_until([&] { return network.members_agree(); }, 10s));
    const Instant since = network.time();
    for (std::size_t i = 0; i < 20'000; ++i) {
        Bytes garbage(60 + network.random().below(1000));
        network.random().fill(garbage);
        garbage[0] = wire::kVersion;
        garbage[1] = static_cast<std::uint8_t>(wire::PacketType::sealed);
        network.inject(0, network.node(1).at, garbage);
        network.run_for(100us);
    }
    for (const Noticed& noticed : network.noticed()) {
        const bool is_loss = noticed.event.kind == gossip::EventKind::link_lost;
        CHECK_FALSE((is_loss && noticed.at >= since));
    }
    const Published message = network.publish(1, "still heard");
    CHECK(network.run_until([&] { return network.is_complete(message); }, 1s));
}

}  // namespace hearsay::sim
