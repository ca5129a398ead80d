#include <deque>
#include <memory>

#include "base/byte_io.h"
#include "base/insist.h"
#include "crypto/ed25519.h"
#include "crypto/session.h"
#include "daemon/gossip/engine.h"

// Goal: no order of genuine, changed, repeated, lost and invented packets makes the handshake
// crash, hang, break a table or link two nodes of which one does not hold the network's secret.
// Method: the input is a program that carries datagrams between two real engines and a stranger.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;

crypto::Secret secret_of(std::uint8_t first) {
    crypto::Secret secret;
    secret.mutable_view()[0] = first;
    return secret;
}

crypto::Network network_of(std::uint8_t secret) {
    crypto::Network network;
    network.name = "fuzz";
    network.secrets.push_back(secret_of(secret));
    return network;
}

struct Sent {
    std::size_t from;
    std::size_t to;
    Bytes datagram;
};

struct Peer {
    Peer(std::uint8_t number, std::uint8_t secret, Now now)
        : at(Endpoint::ipv4(10, 0, 0, number, 4327)), signer(secret_of(number)) {
        codecs.add(wire::make_flatbuffers_codec());
        EngineSetup setup;
        setup.network = network_of(secret);
        setup.signer = &signer;
        setup.sealer = &sealer;
        setup.codecs = &codecs;
        setup.epoch = 1;
        setup.seed = secret_of(number);
        engine = std::make_unique<Engine>(std::move(setup), now);
    }

    Endpoint at;
    crypto::Ed25519Signer signer;
    crypto::ChaChaSealer sealer;
    wire::CodecRegistry codecs;
    std::unique_ptr<Engine> engine;
    std::deque<VerifyJob> jobs;
};

class World {
public:
    // The third does not know the network's secret.
    explicit World(ByteView program) : program_(program) {
        for (std::uint8_t i = 0; i < 3; ++i)
            peers_.push_back(std::make_unique<Peer>(i, i == 2 ? 9 : 1, now()));
        act(0, peers_[0]->engine->add_candidate(peers_[1]->at, LearntFrom::seed, now()));
        act(2, peers_[2]->engine->add_candidate(peers_[1]->at, LearntFrom::seed, now()));
    }

    void run() {
        for (std::size_t steps = 0; steps < 200 && !program_.rest().empty(); ++steps) step();
        for (const auto& peer : peers_) peer->engine->check_invariants();
        INSIST(peers_[2]->engine->link_count() == 0);
        INSIST(peers_[1]->engine->link_count() <= 1);
    }

private:
    Now now() const {
        return {Instant(1h) + passed_,
                {1'700'000'000'000 + static_cast<std::uint64_t>(passed_ / 1ms)}};
    }

    void step() {
        switch (program_.u8() % 8) {
            case 0: return carry(take(), true);
            case 1: return carry(take(), false);  // and it stays in the network
            case 2: return (void)take();
            case 3: return carry(changed(take()), true);
            case 4: return inject();
            case 5: return judge(true);
            case 6: return judge(false);
            case 7: return pass(program_.u8() * 10ms);
        }
    }

    std::optional<Sent> take() {
        if (network_.empty()) return std::nullopt;
        const std::size_t place = program_.u8() % network_.size();
        Sent sent = network_[place];
        network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(place));
        return sent;
    }

    std::optional<Sent> changed(std::optional<Sent> sent) {
        if (!sent || sent->datagram.empty()) return sent;
        const std::size_t place = program_.u16() % sent->datagram.size();
        sent->datagram[place] ^= program_.u8();
        if (program_.u8() % 4 == 0) sent->datagram.resize(place);
        return sent;
    }

    void carry(const std::optional<Sent>& sent, bool is_gone) {
        if (!sent) return;
        Peer& to = *peers_[sent->to];
        act(sent->to, to.engine->handle_datagram(peers_[sent->from]->at, sent->datagram, now()));
        if (!is_gone && network_.size() < 64) network_.push_back(*sent);
    }

    void inject() {
        const std::size_t to = program_.u8() % peers_.size();
        const std::size_t from = program_.u8() % peers_.size();
        const ByteView bytes = program_.bytes(std::min<std::size_t>(program_.u8(),
                                                                    program_.rest().size()));
        act(to, peers_[to]->engine->handle_datagram(peers_[from]->at, bytes, now()));
    }

    // Verdicts are true ones; only their order and their absence are the program's.
    void judge(bool is_oldest) {
        const std::size_t number = program_.u8() % peers_.size();
        Peer& peer = *peers_[number];
        if (peer.jobs.empty()) return;
        const VerifyJob job = is_oldest ? peer.jobs.front() : peer.jobs.back();
        is_oldest ? peer.jobs.pop_front() : peer.jobs.pop_back();
        const bool is_valid = verifier_.verify(job.signer, job.message, job.signature);
        act(number, peer.engine->handle_verified(job.ticket, is_valid, now()));
    }

    void pass(Duration time) {
        passed_ += time;
        for (std::size_t i = 0; i < peers_.size(); ++i)
            act(i, peers_[i]->engine->handle_timeout(now()));
    }

    void act(std::size_t number, Outputs outputs) {
        for (VerifyJob& job : outputs.verifications)
            peers_[number]->jobs.push_back(std::move(job));
        for (const Transmit& transmit : outputs.transmits)
            for (std::size_t to = 0; to < peers_.size(); ++to)
                if (peers_[to]->at == transmit.to && network_.size() < 64)
                    network_.push_back({number, to,
                                        {transmit.datagram.begin(), transmit.datagram.end()}});
    }

    ByteReader program_;
    Duration passed_{};
    crypto::Ed25519Verifier verifier_;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::vector<Sent> network_;
};

}  // namespace
}  // namespace hearsay::gossip

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hearsay::gossip::World({data, size}).run();
    return 0;
}
