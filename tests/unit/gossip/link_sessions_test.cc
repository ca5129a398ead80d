#include "daemon/gossip/links.h"
#include "tests/catch.h"
#include "tests/unit/gossip/ground.h"

// Several sessions of one neighbour, and the table of neighbours. This is node 1.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::after;
using ground::FarEnd;
using ground::Ground;
using ground::kEpoch;
using ground::kStart;
using ground::node_of;
using ground::only;
using ground::place;
using ground::SessionEnds;

struct Scene {
    explicit Scene(const config::Gossip& config = {})
        : ground(1, config), store(1 << 20, ground.core.hash_key), links(ground.core, store) {}

    // A session with node `far`; its far end is the newest of `ends`.
    Link* establish(unsigned far, bool near_dialled, Duration elapsed = 0s,
                    std::uint64_t epoch = kEpoch) {
        SessionEnds made = ground::make_session(ground, far, near_dialled, epoch);
        return establish(std::move(made), elapsed);
    }
    Link* establish(SessionEnds made, Duration elapsed = 0s) {
        ends.emplace_back(ground, std::move(made.far), kStart + elapsed);
        session = made.near.our_session;
        return links.establish(std::move(made.near), kStart + elapsed, is_new);
    }
    std::vector<wire::Frame> heard_by(FarEnd& end, Duration elapsed) {
        links.flush(after(elapsed));
        put.add(ground.core.outbox.take());
        ground.core.outbox.begin();
        return end.hear(put);
    }
    void receive(FarEnd& from, const wire::Frame& frame, Duration elapsed) {
        const Bytes datagram = from.say({frame});
        const auto packet = wire::parse_sealed(datagram);
        Link* link = links.find(packet->session);
        REQUIRE(link != nullptr);
        alignas(8) std::array<std::uint8_t, wire::kPlaintextSizeMax + crypto::kTagSize> plain;
        REQUIRE(link->channel(packet->session)->open(*packet, plain));
        link->note_received(datagram.size(), kStart + elapsed);
        link->channel(packet->session)
            ->note_received(packet->counter, std::holds_alternative<wire::Chunk>(frame),
                            kStart + elapsed);
    }

    Ground ground;
    ChunkStore store;
    Links links;
    std::deque<FarEnd> ends;
    wire::SessionId session = 0;  // of the last one established
    bool is_new = false;
    ground::Put put;
};

// Which session is sent in after node 1 and `far` have had two.
struct Meeting {
    bool first_dialled_here;
    bool second_dialled_here;
    Duration between = 10ms;
    bool at_other_place = false;
};

bool second_wins(unsigned far, const Meeting& meeting) {
    Scene scene;
    Link* link = scene.establish(far, meeting.first_dialled_here);
    SessionEnds made = ground::make_session(scene.ground, far, meeting.second_dialled_here);
    if (meeting.at_other_place) made.near.at = place(999);
    REQUIRE(scene.establish(std::move(made), meeting.between) == link);
    CHECK_FALSE(scene.is_new);
    return link->current().facts().our_session == scene.session;
}

// Nodes on either side of node 1 in the order of keys.
unsigned lower_than_us() {
    for (unsigned i = 2;; ++i)
        if (node_of(i) < node_of(1)) return i;
}
unsigned higher_than_us() {
    for (unsigned i = 2;; ++i)
        if (node_of(i) > node_of(1)) return i;
}

TEST_CASE("of two sessions that meet the one of the higher key's dial is kept", "[links]") {
    CHECK(second_wins(lower_than_us(), {false, true}));
    CHECK_FALSE(second_wins(lower_than_us(), {true, false}));
    CHECK(second_wins(higher_than_us(), {true, false}));
    CHECK_FALSE(second_wins(higher_than_us(), {false, true}));
}

TEST_CASE("a session that is no meeting replaces the one before", "[links]") {
    for (const unsigned far : {lower_than_us(), higher_than_us()})
        for (const bool dialled_here : {true, false}) {
            CHECK(second_wins(far, {dialled_here, dialled_here}));
            CHECK(second_wins(far, {dialled_here, !dialled_here, Link::kMeetingTime}));
            CHECK(second_wins(far, {dialled_here, !dialled_here, 10ms, true}));
        }
}

TEST_CASE("until the other side is heard in a new session the old one is sent in", "[links]") {
    Scene scene;
    scene.establish(2, false);
    scene.heard_by(scene.ends[0], 0s);
    Link* link = scene.establish(2, true, 10s);  // we dialled: it may not have the keys yet
    link->queue_control(wire::Prune{});
    CHECK(scene.heard_by(scene.ends[1], 10s).empty());
    CHECK(only<wire::Prune>(scene.heard_by(scene.ends[0], 10s)).size() == 1);
    scene.receive(scene.ends[1], wire::Prune{}, 11s);
    link->queue_control(wire::Graft{});
    CHECK(only<wire::Graft>(scene.heard_by(scene.ends[1], 11s)).size() == 1);
}

TEST_CASE("a replaced session is listened to for 5 s more", "[links]") {
    Scene scene;
    Link* link = scene.establish(2, false);
    const wire::SessionId old = scene.session;
    scene.establish(2, false, 10s);
    link->note_received(1, kStart + 14'999ms);
    scene.links.handle_timeout(after(14'999ms));
    CHECK(scene.links.find(old) == link);
    CHECK(scene.links.find(scene.session) == link);
    scene.links.handle_timeout(after(15s));
    CHECK(scene.links.find(old) == nullptr);
    CHECK(link->channel(old) == nullptr);
    CHECK(scene.links.find(scene.session) == link);
    CHECK(scene.links.find(node_of(2)) == link);
}

TEST_CASE("what a retired session left unacknowledged is sent again in the new one", "[links]") {
    Scene scene;
    Link* link = scene.establish(2, false);
    const ground::Batch batch = ground::Author(7).message(1, "payload");
    StoredBatch& stored = scene.store.add(batch.chunk().header, batch.uid, batch.signature,
                                          batch.built.root, kStart + 1h);
    scene.store.add_chunk(stored, batch.chunk());
    link->queue_chunk(stored, 0);
    CHECK(only<wire::Chunk>(scene.heard_by(scene.ends[0], 0s)).size() == 1);
    scene.establish(2, false, 1ms);
    link->note_received(1, kStart + 5s);
    link->retire_channels(kStart + 5'001ms);
    CHECK(only<wire::Chunk>(scene.heard_by(scene.ends[1], 5'001ms)).size() == 1);
}

TEST_CASE("an ack leaves in the session whose packets it names", "[links]") {
    Scene scene;
    scene.establish(2, false);
    scene.heard_by(scene.ends[0], 0s);
    scene.establish(2, false, 10s);
    scene.heard_by(scene.ends[1], 10s);
    const ground::Batch batch = ground::Author(7).message(1, "payload");
    scene.receive(scene.ends[0], batch.chunk(), 10s);
    scene.put = {};
    CHECK(only<wire::Ack>(scene.heard_by(scene.ends[1], 10'005ms)).empty());
    CHECK(only<wire::Ack>(scene.heard_by(scene.ends[0], 10'005ms)).size() == 1);
}

TEST_CASE("links are found by neighbour, session and place", "[links]") {
    Scene scene;
    CHECK(scene.links.random() == nullptr);
    Link* link = scene.establish(2, false);
    REQUIRE(link != nullptr);
    CHECK(scene.is_new);
    CHECK(scene.links.find(node_of(2)) == link);
    CHECK(scene.links.find(scene.session) == link);
    CHECK(scene.links.find(scene.session + 1) == nullptr);
    CHECK(scene.links.at(link->slot()) == link);
    CHECK(scene.links.is_linked_at(place(2)));
    CHECK_FALSE(scene.links.is_linked_at(place(2).with_port(1)));
    CHECK(scene.links.random() == link);
    CHECK(scene.ground.counted(Counter::links_opened) == 1);
    scene.links.drop(*link, "test");
    CHECK(scene.links.find(node_of(2)) == nullptr);
    CHECK(scene.links.find(scene.session) == nullptr);
    CHECK_FALSE(scene.links.is_linked_at(place(2)));
    CHECK(scene.links.size() == 0);
}

TEST_CASE("a full table refuses strangers and still lets neighbours rekey", "[links]") {
    config::Gossip config;
    config.limits.links = 2;
    Scene scene(config);
    scene.establish(2, false);
    scene.establish(3, false);
    CHECK(scene.links.is_full());
    CHECK(scene.establish(4, false) == nullptr);
    CHECK(scene.ground.counted(Counter::refused_links_full) == 1);
    CHECK(scene.links.find(scene.session) == nullptr);
    CHECK(scene.establish(3, false, 10s) != nullptr);
    CHECK(scene.links.size() == 2);
}

TEST_CASE("no more links than there are slots, whatever is configured", "[links]") {
    config::Gossip config;
    config.limits.links = 1'000;
    Scene scene(config);
    for (unsigned i = 0; i < kLinksMax; ++i) CHECK(scene.establish(2 + i, false) != nullptr);
    CHECK(scene.establish(1'000, false) == nullptr);
    CHECK(scene.links.size() == kLinksMax);
    CHECK(scene.ground.counted(Counter::refused_links_full) == 1);
}

TEST_CASE("a neighbour that restarted is a new one", "[links]") {
    Scene scene;
    scene.establish(2, false);
    const wire::SessionId old = scene.session;
    Link* link = scene.establish(2, false, 10s, kEpoch + 1);
    REQUIRE(link != nullptr);
    CHECK(scene.is_new);
    CHECK(link->peer_epoch() == kEpoch + 1);
    CHECK(scene.links.find(old) == nullptr);
    CHECK(scene.links.size() == 1);
    const auto closed = scene.links.take_closed();
    REQUIRE(closed.size() == 1);
    CHECK(closed[0].id == node_of(2));
    CHECK(closed[0].why == "it restarted");
    CHECK_FALSE(closed[0].is_silent);
}

TEST_CASE("a session number that is taken is refused", "[links]") {
    Scene scene;
    Link* link = scene.establish(2, false);
    SessionEnds same = ground::make_session(scene.ground, 3, false);
    same.near.our_session = scene.session;
    CHECK(scene.establish(std::move(same)) == nullptr);
    CHECK(scene.links.find(scene.session) == link);
    CHECK(scene.links.find(node_of(3)) == nullptr);
}

TEST_CASE("a slot used again knows nothing of the neighbour before", "[links]") {
    Scene scene;
    Link* first = scene.establish(2, false);
    const std::size_t slot = first->slot();
    wire::BatchHeader header;
    StoredBatch& batch = scene.store.add(header, {}, {}, {}, kStart + 1h);
    batch.chunks[0].held_by = mask_of(slot);
    first->queue_chunk(batch, 0);
    scene.links.drop(*first, "test");
    Link* second = scene.establish(3, false);
    REQUIRE(second->slot() == slot);
    CHECK(batch.chunks[0].held_by == 0);
    CHECK(batch.chunks[0].queued_for == 0);
    CHECK(second->chunks_queued() == 0);
}

TEST_CASE("a dead link is dropped without a word; silent only if its end ever lived", "[links]") {
    Scene scene;
    scene.establish(2, false);  // it finished the handshake we answered
    scene.establish(3, true);   // it has not spoken since ours: it may have had no room
    scene.links.handle_timeout(after(1'499ms));
    CHECK(scene.links.size() == 2);
    scene.ground.take();
    scene.links.handle_timeout(after(1'500ms));
    CHECK(scene.links.size() == 0);
    CHECK(scene.ground.take().sent.empty());
    CHECK(scene.ground.counted(Counter::links_lost) == 2);
    for (const ClosedLink& closed : scene.links.take_closed())
        CHECK(closed.is_silent == (closed.id == node_of(2)));
}

TEST_CASE("links that fall silent together accuse nobody, one among others does", "[links]") {
    for (const bool is_third_heard : {false, true}) {
        Scene scene;
        for (unsigned number : {2U, 3U, 4U})
            scene.establish(number, false)->note_received(1, kStart + 100ms * number);
        if (is_third_heard)
            scene.links.find(node_of(4))->note_received(1, kStart + 1'600ms);
        for (Duration now = 1s; now < 2'000ms; now += 10ms) scene.links.handle_timeout(after(now));
        const auto closed = scene.links.take_closed();
        REQUIRE(closed.size() == (is_third_heard ? 2 : 3));
        for (const ClosedLink& one : closed) CHECK(one.is_silent == is_third_heard);
    }
}

TEST_CASE("keys that could not be renewed end the link, and accuse nobody", "[links]") {
    Scene scene;
    Link* link = scene.establish(2, false);
    link->note_received(1, kStart + 179s);
    scene.links.handle_timeout(after(180s - 1ms));
    CHECK(scene.links.size() == 1);
    scene.links.handle_timeout(after(180s));
    CHECK(scene.links.size() == 0);
    const auto closed = scene.links.take_closed();
    REQUIRE(closed.size() == 1);
    CHECK_FALSE(closed[0].is_silent);
}

TEST_CASE("closing a link tells the neighbour why", "[links]") {
    Scene scene;
    Link* link = scene.establish(2, false);
    scene.links.close(*link, wire::CloseReason::asked, "an operator said so", after(1s));
    const auto closes = only<wire::Close>(scene.heard_by(scene.ends[0], 1s));
    REQUIRE(closes.size() == 1);
    CHECK(closes[0].reason == wire::CloseReason::asked);
    CHECK(scene.links.size() == 0);
    CHECK(scene.links.take_closed().at(0).why == "an operator said so");
    CHECK(scene.links.take_closed().empty());
}

TEST_CASE("each reason to close has words, and so has one of the future", "[links]") {
    std::set<std::string_view> words;
    for (std::uint8_t reason = 1; reason <= 6; ++reason)
        words.insert(explain(static_cast<wire::CloseReason>(reason)));
    CHECK(words.size() == 6);
    CHECK_FALSE(explain(static_cast<wire::CloseReason>(99)).empty());
}

TEST_CASE("the median of the neighbours' clocks withstands one that lies", "[links]") {
    Scene scene;
    CHECK(scene.links.clock_offset_ms() == std::nullopt);
    for (unsigned i = 2; i <= 4; ++i) {
        wire::Heartbeat heartbeat;
        heartbeat.wall_ms = i == 3 ? UINT64_MAX : ground::kWallMs + i;
        scene.establish(i, false)->handle_heartbeat(heartbeat, after(0s));
    }
    CHECK(scene.links.clock_offset_ms() == 4);
}

TEST_CASE("a session under a secret that was removed is known", "[links]") {
    Scene scene;
    Link* link = scene.establish(2, false);
    CHECK_FALSE(link->uses_removed_secret());
    scene.ground.core.network = ground::make_network({9, 1});
    CHECK_FALSE(link->uses_removed_secret());
    scene.ground.core.network = ground::make_network({9});
    CHECK(link->uses_removed_secret());
}

}  // namespace
}  // namespace hearsay::gossip
