#include <set>

#include "base/insist.h"
#include "tests/fuzz/program.h"
#include "tests/unit/gossip/lan.h"
#include "tests/unit/gossip/party.h"

// Two honest engines and a neighbour, 3, that has the network secret, a key of its own and no
// manners: it says whatever the bytes tell it to, signed by itself or not at all. After every
// step the tables do not contradict themselves, deadlines pass, outputs are bounded, nothing is
// delivered twice by one process, and nothing that its publisher did not sign.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::after;
using ground::Author;
using ground::Batch;
using ground::FarEnd;
using ground::kEpoch;
using ground::Lan;
using ground::node_of;
using ground::Party;
using ground::place;

constexpr unsigned kLiar = 3;

class World {
public:
    explicit World(ByteView bytes) : program_(bytes), liar_(kLiar) {
        lan_.checks_invariants = false;  // after each step is enough
        lan_.sees = [this](unsigned, const Transmit& transmit) { note_sent(transmit); };
        lan_.add(1);
        lan_.add(2);
        lan_.run_for(60ms);
        dial();
    }

    void run() {
        for (int step = 0; step < 150 && !program_.is_over(); ++step) {
            act();
            check();
        }
        lan_.run_for(100ms);
        check();
    }

private:
    void act() {
        switch (program_.below(16)) {
            case 0: return lan_.run_for(1ms * (1 + program_.below(40)));
            case 1: return publish();
            case 2: return say_raw();
            case 3:
            case 4:
            case 5: return say_batch();
            case 6: return say_record();
            case 7: return say_have();
            case 8: return say_records();
            case 9: return say_want();
            case 10: return say_heartbeat_or_ack();
            case 11: return say({wire::Close{static_cast<wire::CloseReason>(program_.byte()), {}}});
            case 12: return dial();
            case 13: return send_raw();
            case 14: return command();
            case 15: return lan_.run_for(1ms * program_.below(2'500));
        }
    }

    // ---- the liar's session
    void note_sent(const Transmit& transmit) {
        if (transmit.to != place(kLiar)) return;
        Bytes datagram(transmit.datagram.begin(), transmit.datagram.end());
        if (heard_.size() < 200) heard_.push_back(std::move(datagram));
    }
    void feed(const Endpoint& from, ByteView datagram) {
        const Outputs outputs = lan_.engine(1).handle_datagram(from, datagram, lan_.now());
        INSIST(outputs.transmits.size() <= 128);
        lan_.act(1, outputs);
    }
    // A handshake from its first to its last packet.
    void dial() {
        liar_.established.clear();
        liar_.handshakes.reset();
        liar_.ground.core.epoch = kEpoch + program_.below(2);
        liar_.handshakes.dial(place(1), 4, lan_.now().monotonic);
        heard_.clear();
        for (int round = 0; round < 4; ++round) {
            ground::Put put = liar_.ground.take();
            liar_.verify(put);
            put.add(liar_.ground.core.outbox.take());
            liar_.ground.core.outbox.begin();
            for (const ground::Put::Sent& sent : put.sent) feed(place(kLiar), sent.datagram);
            for (const Bytes& datagram : std::exchange(heard_, {}))
                liar_.receive(place(1), datagram, lan_.now().monotonic);
        }
        liar_.collect();
        if (liar_.established.empty()) return;
        far_.emplace(liar_.ground, std::move(liar_.established.back()), lan_.now().monotonic);
    }
    // Sent away, it comes back at once.
    void say(const std::vector<wire::Frame>& frames) {
        if (!far_) dial();
        if (far_) feed(place(kLiar), far_->say(frames));
    }

    // ---- what it says
    void say_raw() {
        if (!far_) return;
        alignas(8) std::array<std::uint8_t, wire::kPlaintextSizeMax> plain{};
        const ByteView content = program_.bytes(program_.below(1'000));
        std::size_t size = content.size();
        if (program_.coin()) {  // as one frame
            plain[0] = static_cast<std::uint8_t>(size);
            plain[1] = static_cast<std::uint8_t>(size >> 8);
            std::copy(content.begin(), content.end(), plain.begin() + 8);
            size = 8 + (size + 7) / 8 * 8;
        } else {
            std::copy(content.begin(), content.end(), plain.begin());
        }
        Bytes datagram(wire::kDatagramSizeMax);
        std::uint64_t number = 0;
        datagram.resize(far_->channel().seal(ByteView(plain).first(size), datagram, number));
        feed(place(kLiar), datagram);
    }
    unsigned any_author() {
        static constexpr std::array<unsigned, 6> kAuthors{kLiar, kLiar, 4, 5, 1, 2};
        return kAuthors[program_.below(kAuthors.size())];
    }
    // It has the keys of 3, 4 and 5.
    static bool can_sign(unsigned number) { return number >= kLiar; }

    void say_batch() {
        const unsigned author = any_author();
        std::vector<std::string> payloads(1 + program_.below(3));
        for (std::string& payload : payloads)
            payload = std::string(program_.below(2'200), static_cast<char>(program_.byte()));
        ground::BatchFacts facts;
        facts.epoch = program_.byte() % 4 == 0 ? program_.number() : kEpoch;
        const std::int64_t age = (program_.byte() - 128) * 4'000;
        facts.created_ms = lan_.now().wall.ms - static_cast<std::uint64_t>(age);
        facts.lifetime_ms = 1'000 + program_.byte() * 1'000U;
        const std::uint64_t seq = program_.coin() ? 1 + program_.below(8) : program_.number();
        Batch batch = Author(author).messages(seq, payloads, facts);
        if (program_.byte() % 4 == 0) {
            batch.header.kind = static_cast<wire::Kind>(program_.byte());
            if (program_.coin()) batch.topic.clear();
        }
        if (program_.byte() % 8 == 0) batch.header.body_size += program_.byte();
        if (program_.byte() % 8 == 0)
            batch.header.chunk_count = static_cast<std::uint16_t>(program_.number());
        Author(author).sign(batch);
        if (!can_sign(author)) batch.signature.bytes[0] ^= 1;
        if (!batches_.empty() && program_.byte() % 4 == 0) borrow(batch);
        send_chunks(batch);
        if (batches_.size() < 32) batches_.push_back(std::move(batch));
    }
    // The place and the signature of a batch sent before, with other contents.
    void borrow(Batch& batch) {
        const Batch& other = batches_[program_.below(batches_.size())];
        batch.header.publisher = other.header.publisher;
        batch.header.epoch = other.header.epoch;
        batch.header.seq = other.header.seq;
        batch.signature = other.signature;
    }
    void send_chunks(const Batch& batch) {
        for (std::size_t i = 0; i < batch.built.chunks.size(); ++i) {
            const std::uint8_t how = program_.byte();
            if (how % 4 == 0) continue;
            const bool is_short = how % 16 == 1;
            wire::Chunk chunk = is_short ? batch.short_chunk(i) : batch.chunk(i);
            chunk.hops = program_.byte();
            if (how % 16 == 2) chunk.index = static_cast<std::uint16_t>(program_.number());
            if (how % 16 == 3) chunk.lead = static_cast<std::uint16_t>(program_.number());
            if (how % 16 == 5) chunk.first_message = static_cast<std::uint32_t>(program_.number());
            say({chunk});
        }
        if (!batches_.empty() && program_.byte() % 4 == 0) {  // one of before once more
            const Batch& old = batches_[program_.below(batches_.size())];
            say({old.chunk(program_.below(old.built.chunks.size()))});
        }
    }
    void say_record() {
        const unsigned author = any_author();
        const std::uint64_t epoch = program_.coin() ? program_.number() : kEpoch;
        const std::uint64_t version = program_.number();
        Batch batch;
        switch (program_.below(4)) {
            case 0: {
                Presence presence;
                presence.name = std::string(program_.below(64), 'n');
                presence.addresses.push_back(place(static_cast<unsigned>(program_.below(40))));
                batch = Author(author).presence(epoch, version, presence);
                break;
            }
            case 1:
                batch = Author(author).suspect(
                    version, {node_of(any_author()), epoch, program_.number()});
                break;
            case 2: batch = Author(author).leave(epoch, version); break;
            default:
                batch = Author(author).record(static_cast<wire::Kind>(program_.byte() % 8), epoch,
                                              version, program_.bytes(program_.below(200)));
        }
        if (!can_sign(author)) batch.signature.bytes[0] ^= 1;
        say({batch.chunk()});
    }
    std::vector<wire::NumberRange> ranges(std::size_t most) {
        std::vector<wire::NumberRange> result;
        std::uint64_t at = 0;
        for (std::size_t i = program_.below(most + 1); i > 0; --i) {
            const std::uint64_t first = std::max(at, program_.number());
            const std::uint64_t size = program_.number();
            const std::uint64_t last = size > UINT64_MAX - first ? UINT64_MAX : first + size;
            result.push_back({first, last});
            if (last >= UINT64_MAX - 2) break;
            at = last + 2;
        }
        return result;
    }
    void say_have() {
        const std::vector<wire::NumberRange> listed = ranges(8);
        const wire::StreamRanges stream{node_of(any_author()), kEpoch, program_.number(),
                                        program_.number(), listed};
        wire::Have have;
        have.streams = {&stream, 1};
        say({have});
    }
    void say_records() {
        std::vector<std::uint64_t> hashes(program_.coin() ? wire::kRecordBuckets : 0);
        if (!hashes.empty()) hashes[program_.below(hashes.size())] = program_.number();
        // Both lists at their longest do not fit a frame together.
        std::vector<wire::RecordVersion> records(
            program_.below(hashes.empty() ? wire::kRecordsPerFrameMax + 1 : 8));
        for (wire::RecordVersion& record : records)
            record = {node_of(any_author()), program_.number(), program_.number()};
        wire::Have have;
        have.bucket_hashes = hashes;
        have.records = records;
        have.expanded = program_.number();
        say({have});
    }
    void say_want() {
        const std::vector<wire::NumberRange> listed = ranges(8);
        const wire::StreamRanges stream{node_of(any_author()), kEpoch, 0, 0, listed};
        std::vector<wire::WantedChunks> chunks;
        for (const Batch& batch : batches_)
            if (chunks.size() < 4 && program_.coin())
                chunks.push_back({batch.uid, 0, static_cast<std::uint16_t>(program_.number())});
        const std::vector<crypto::NodeId> records{node_of(any_author())};
        wire::Want want;
        want.streams = {&stream, 1};
        want.chunks = chunks;
        want.records = records;
        say({want});
    }
    void say_heartbeat_or_ack() {
        if (program_.coin()) {
            wire::Heartbeat heartbeat;
            heartbeat.sent_us = program_.number();
            heartbeat.echo_us = program_.number();
            heartbeat.echo_delay_us = static_cast<std::uint32_t>(program_.number());
            heartbeat.wall_ms =
                program_.byte() % 4 == 0 ? program_.number() : lan_.now().wall.ms;
            heartbeat.wants_reply = program_.coin();
            heartbeat.known_epoch = program_.number();
            heartbeat.known_version = program_.number();
            return say({heartbeat});
        }
        std::vector<wire::NumberRange> listed = ranges(6);
        std::reverse(listed.begin(), listed.end());
        wire::Ack ack;
        ack.delay_us = static_cast<std::uint32_t>(program_.number());
        ack.ranges = listed;
        say({ack});
    }
    // No session's: made up, or one of its own changed.
    void send_raw() {
        Bytes datagram(program_.below(300));
        const ByteView content = program_.bytes(datagram.size());
        std::copy(content.begin(), content.end(), datagram.begin());
        if (datagram.size() >= 2 && program_.coin()) {
            datagram[0] = wire::kVersion;
            datagram[1] = static_cast<std::uint8_t>(1 + program_.below(7));
        } else if (far_ && program_.coin()) {
            datagram = far_->say({wire::Heartbeat{}});
            datagram[program_.below(datagram.size())] ^= program_.byte();
        }
        feed(place(static_cast<unsigned>(1 + program_.below(5))), datagram);
    }

    // ---- what the honest do
    void publish() {
        const auto number = static_cast<unsigned>(1 + program_.below(2));
        const std::string payload(program_.below(3'000), 'h');
        PublishOptions options;
        options.lifetime = 1s * (1 + program_.below(100));
        static_cast<void>(lan_.try_publish(number, payload, "honest", options));
    }
    void command() {
        Engine& engine = lan_.engine(1);
        switch (program_.below(8)) {
            case 0: engine.set_tags({{"k", std::to_string(program_.byte())}}); break;
            case 1: engine.disconnect(node_of(any_author())); break;
            case 2: engine.set_network(ground::make_network({1})); break;
            case 3: engine.set_network(ground::make_network({9, 1})); break;
            case 4:
                lan_.act(1, engine.add_candidate(place(static_cast<unsigned>(program_.byte())),
                                                 LearntFrom::beacon, lan_.now()));
                break;
            case 5: lan_.holds_verdicts = !lan_.holds_verdicts; break;
            case 6: give_verdicts(); break;
            case 7:
                if (program_.byte() % 4 == 0) restart();
                break;
        }
    }
    void give_verdicts() {
        for (const VerifyJob& job : std::exchange(lan_.put(1).jobs, {}))
            lan_.act(1, lan_.engine(1).handle_verified(job.ticket, ground::is_valid(job),
                                                       lan_.now()));
    }
    void restart() {
        const Bytes saved = lan_.engine(1).save(lan_.now());
        const std::uint64_t epoch = lan_.engine(1).snapshot(lan_.now()).epoch;
        delivered_.clear();
        lan_.remove(1);
        lan_.add(1, [&](EngineSetup& setup) {
            setup.epoch = epoch == UINT64_MAX ? epoch : epoch + 1;
            setup.saved = saved;
            setup.is_first_start = false;
        });
        far_.reset();
    }

    void check() {
        for (const unsigned number : {1U, 2U}) {
            for (const auto& delivery : std::exchange(lan_.put(number).deliveries, {})) {
                INSIST(delivered_.emplace(number, delivery.facts.id).second);
                const bool is_honest = delivery.facts.publisher == node_of(1) ||
                                       delivery.facts.publisher == node_of(2);
                INSIST(!is_honest || delivery.topic == "honest");
            }
            for (const Event& event : std::exchange(lan_.put(number).events, {}))
                if (event.kind == EventKind::link_lost && event.member == node_of(kLiar))
                    far_.reset();
            lan_.engine(number).check_invariants();
            const Snapshot snapshot = lan_.engine(number).snapshot(lan_.now());
            INSIST(snapshot.links.size() <= 3 && snapshot.members.size() <= 8);
        }
    }

    fuzz::Program program_;
    Lan lan_;
    Party liar_;
    std::optional<FarEnd> far_;
    std::vector<Bytes> heard_;
    std::vector<Batch> batches_;
    std::set<std::pair<unsigned, MessageId>> delivered_;
};

}  // namespace
}  // namespace hearsay::gossip

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hearsay::gossip::World({data, size}).run();
    return 0;
}
