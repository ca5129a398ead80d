#include <cmath>

#include "tests/catch.h"
#include "tests/sim/cheap_crypto.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/fabric.h"
#include "tests/sim/ledger.h"
#include "tests/sim/network.h"

// The simulator's own parts: a simulator that lets things pass proves nothing.
namespace hearsay::sim {
namespace {

crypto::Random random_of(std::uint8_t seed) {
    return crypto::Random(crypto::Secret(Bytes(32, seed)));
}

gossip::Delivery delivery_of(const crypto::NodeId& publisher, std::string_view payload) {
    gossip::Delivery delivery;
    delivery.id.uid.bytes[0] = 1;
    delivery.publisher = publisher;
    delivery.topic = "test";
    delivery.payload = bytes_of(payload);
    return delivery;
}

}  // namespace

TEST_CASE("a cheap signature is good for its message and signer only", "[sim][self]") {
    const CheapSigner signer(1, 1);
    const CheapSigner other(1, 2);
    const CheapVerifier verifier(1);
    const crypto::Signature signature = signer.sign(bytes_of("message"));
    CHECK(verifier.verify(signer.id(), bytes_of("message"), signature));
    CHECK_FALSE(verifier.verify(signer.id(), bytes_of("Message"), signature));
    CHECK_FALSE(verifier.verify(other.id(), bytes_of("message"), signature));
}

TEST_CASE("the cheap sealer notices every flipped bit", "[sim][self]") {
    const CheapSealer sealer;
    const crypto::Secret key(Bytes(32, 5));
    const Bytes plaintext(100, 9);
    Bytes sealed(plaintext.size() + crypto::kTagSize);
    sealer.seal(key, 7, bytes_of("header"), plaintext, sealed);
    Bytes opened(plaintext.size());
    REQUIRE(sealer.open(key, 7, bytes_of("header"), sealed, opened));
    CHECK(opened == plaintext);
    CHECK_FALSE(sealer.open(key, 8, bytes_of("header"), sealed, opened));
    CHECK_FALSE(sealer.open(key, 7, bytes_of("Header"), sealed, opened));
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        sealed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        CHECK_FALSE(sealer.open(key, 7, bytes_of("header"), sealed, opened));
        sealed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    }
}

TEST_CASE("events come by time, and at one time in the order they were added", "[sim][self]") {
    EventQueue queue;
    std::vector<int> seen;
    const auto add = [&](Duration at, int number) {
        queue.add(Instant(at), Action([&seen, number] { seen.push_back(number); }));
    };
    add(5s, 5);
    add(1s, 1);
    add(3s, 3);
    add(1s, 2);
    add(3s, 4);
    while (!queue.is_empty()) std::get<Action>(queue.take())();
    CHECK(seen == std::vector<int>{1, 2, 3, 4, 5});
}

TEST_CASE("the fabric loses, doubles and blocks as told", "[sim][self]") {
    const Bytes datagram(100, 1);
    const auto arrivals = [&](Fabric& fabric) {
        std::vector<Carried> out;
        for (int i = 0; i < 1000; ++i) fabric.carry(0, 1, datagram, Instant(i * 10ms), out);
        return out.size();
    };
    Fabric clean({}, random_of(1));
    CHECK(arrivals(clean) == 1000);
    Fabric lossy({.loss = 0.3}, random_of(2));
    CHECK(std::abs(static_cast<double>(arrivals(lossy)) - 700) < 60);
    Fabric bursty({.burst_loss = 0.3}, random_of(3));
    CHECK(std::abs(static_cast<double>(arrivals(bursty)) - 700) < 150);
    Fabric doubling({.duplicate = 0.3}, random_of(4));
    CHECK(std::abs(static_cast<double>(arrivals(doubling)) - 1300) < 60);

    clean.block(0, 1);
    CHECK(arrivals(clean) == 0);
    clean.heal();
    clean.set_group(1, 1);
    CHECK(arrivals(clean) == 0);
    clean.heal();
    CHECK(arrivals(clean) == 1000);
}

TEST_CASE("sharing records among nodes changes no event", "[sim][self]") {
    std::array<std::uint64_t, 2> hashes{};
    for (const bool shares : {false, true}) {
        Network network({.nodes = 12,
                         .seed = base_seed(),
                         .faults = {.loss = 0.05},
                         .shares_records = shares});
        network.run_for(10s);
        network.kill(3, Stop::clean);
        network.kill(4);
        network.run_for(5s);
        network.restart(4);
        network.run_for(2min);
        CHECK(network.running_count() == 11);
        CHECK(network.members_agree());
        hashes[shares ? 1 : 0] = network.event_hash();
    }
    CHECK(hashes[0] == hashes[1]);
}

TEST_CASE("the store of records keeps what is held, once", "[sim][self]") {
    RecordStore store;
    const auto record_of = [](std::uint8_t number) {
        gossip::Record record;
        record.uid.bytes[0] = number;
        record.uid.bytes[8] = 1;
        return record;
    };
    auto first = store.share(record_of(1));
    CHECK(store.share(record_of(1)) == first);
    CHECK(store.share(record_of(2)) != first);
    first.reset();
    CHECK(store.share(record_of(1)).use_count() == 1);
    CHECK(store.size() == 2);
    for (unsigned i = 0; i < 5000; ++i) {
        gossip::Record record;
        record.uid.bytes[0] = static_cast<std::uint8_t>(i);
        record.uid.bytes[1] = static_cast<std::uint8_t>(i >> 8);
        store.share(std::move(record));
        REQUIRE(store.size() <= 1024);  // nobody held the others
    }
}

TEST_CASE("the ledger notices what must not happen", "[sim][self]") {
    const crypto::NodeId alice = CheapSigner(1, 1).id();
    const crypto::NodeId mallory = CheapSigner(1, 2).id();
    Ledger ledger;
    ledger.begin_process(0, false);
    const Published message = ledger.publish(alice, "test", bytes_of("payload"), 1000, {});

    CHECK(ledger.deliver(0, delivery_of(alice, "other payload"), {}));
    CHECK(ledger.deliver(0, delivery_of(mallory, "payload"), {}));
    CHECK_FALSE(ledger.deliver(0, delivery_of(alice, "payload"), {}));
    CHECK(ledger.deliveries(message, 0) == 1);
    CHECK(ledger.deliver(0, delivery_of(alice, "payload"), {}));

    SECTION("a clean restart excuses no repeat") {
        ledger.begin_process(0, false);
        gossip::Delivery repeat = delivery_of(alice, "payload");
        repeat.may_repeat = true;
        CHECK(ledger.deliver(0, repeat, {}));
    }
    SECTION("a crash excuses one that says so") {
        ledger.begin_process(0, true);
        gossip::Delivery repeat = delivery_of(alice, "payload");
        CHECK(ledger.deliver(0, repeat, {}));
        repeat.may_repeat = true;
        CHECK_FALSE(ledger.deliver(0, repeat, {}));
        CHECK(ledger.deliver(0, repeat, {}));
    }
    SECTION("another id for the same message") {
        ledger.begin_process(1, false);
        gossip::Delivery renamed = delivery_of(alice, "payload");
        renamed.id.index = 1;
        CHECK(ledger.deliver(1, renamed, {}));
    }
}

}  // namespace hearsay::sim
