#include "base/insist.h"
#include "tests/fuzz/program.h"
#include "tests/unit/gossip/party.h"

// Two nodes that dial each other, and somebody between them who may lose, repeat, change and make
// up packets, and knows the network secret but none of the nodes' keys.
namespace hearsay::gossip {
namespace {

using namespace std::chrono_literals;
using ground::kStart;
using ground::Party;
using ground::place;

class Table {
public:
    explicit Table(ByteView bytes) : program_(bytes) {}

    void run() {
        for (int step = 0; step < 200 && !program_.is_over(); ++step) {
            act();
            collect();
            check();
        }
    }

private:
    Party& any_party() { return program_.coin() ? a_ : b_; }
    Party& other(const Party& party) { return &party == &a_ ? b_ : a_; }

    void act() {
        switch (program_.below(10)) {
            case 0:
            case 1: {
                Party& caller = any_party();
                const unsigned hellos = program_.coin() ? 4 : 1;
                caller.handshakes.dial(program_.byte() % 4 == 0 ? caller.at : other(caller).at,
                                       hellos, now_);
                return;
            }
            case 2:
            case 3:
            case 4: return pass_on(false);
            case 5: return pass_on(true);
            case 6: return make_up();
            case 7:
                now_ += 1ms * program_.below(3'000);
                a_.handshakes.handle_timeout(now_);
                b_.handshakes.handle_timeout(now_);
                return;
            case 8: return judge();
            case 9:
                if (program_.byte() % 8 == 0) change_secrets(any_party());
                return;
        }
    }

    // A packet that was sent, to where it was sent or elsewhere, as it was or changed; it may
    // come again.
    void pass_on(bool is_changed) {
        if (carried_.empty()) return;
        const std::size_t at = carried_.size() - 1 - program_.below(carried_.size());
        Bytes datagram = carried_[at].datagram;
        for (std::size_t i = is_changed ? 1 + program_.below(3) : 0; i > 0; --i)
            datagram[program_.below(datagram.size())] ^= program_.byte();
        if (is_changed && program_.byte() % 8 == 0) datagram.resize(program_.below(260));
        Party& to = carried_[at].to == a_.at ? a_ : b_;
        const bool is_astray = program_.byte() % 8 == 0;
        receive(is_astray ? other(to) : to, program_.byte() % 8 == 0 ? place(9) : other(to).at,
                datagram);
    }

    // A HELLO or HELLO2 that is right but for what it says.
    void make_up() {
        Party& to = any_party();
        const Endpoint from = place(10 + static_cast<unsigned>(program_.below(4)));
        wire::Hello hello;
        hello.network_tag = crypto::network_tag(to.ground.core.network.id);
        hello.session = program_.number();
        hello.nonce.bytes[0] = program_.byte();
        hello.ephemeral.bytes[0] = program_.byte();
        hello.ephemeral.bytes[31] = program_.byte();
        const auto seal = [&] {
            Bytes packet = wire::write_hello(hello);
            wire::set_mac(packet,
                          crypto::network_mac(to.ground.core.secret(0), crypto::kHelloLabel,
                                              to.ground.core.network.id,
                                              wire::covered_part(packet)));
            return packet;
        };
        const std::vector<Bytes> answers = receive(to, from, seal());
        if (answers.empty() || program_.coin()) return;
        const auto cookie = wire::parse_cookie(answers[0]);
        INSIST(cookie.has_value());
        hello.cookie = cookie->cookie;
        receive(to, from, seal());
    }

    // Verdicts in any order, right or wrong, or never.
    void judge() {
        if (jobs_.empty()) return;
        const std::size_t at = program_.below(jobs_.size());
        const auto [party, job] = jobs_[at];
        jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(at));
        const std::uint8_t what = program_.byte();
        if (what % 16 == 0) return;
        const auto claim = party->desk.settle(job.ticket);
        INSIST(claim.has_value());
        party->handshakes.handle_verdict(claim->key, what % 16 != 1 && ground::is_valid(job));
    }

    void change_secrets(Party& party) {
        party.ground.core.network =
            program_.coin() ? ground::make_network({1}) : ground::make_network({2, 1});
        party.handshakes.reset();
    }

    // What comes of one datagram is never more than it, and goes to where it came from only;
    // unless a verdict is asked for, which sends later.
    std::vector<Bytes> receive(Party& to, const Endpoint& from, ByteView datagram) {
        collect();
        to.receive(from, datagram, now_);
        const ground::Put put = to.ground.take();
        std::size_t size = 0;
        std::vector<Bytes> answers;
        for (const ground::Put::Sent& sent : put.sent) {
            INSIST(sent.to == from);
            size += sent.datagram.size();
            answers.push_back(sent.datagram);
        }
        // A caller answers a cookie with the larger HELLO2: it chose that place itself.
        const auto type = wire::packet_type(datagram);
        const bool is_cookie = type && *type == wire::PacketType::cookie;
        INSIST(size <= datagram.size() || (is_cookie && size <= wire::kHelloSize));
        keep(to, put);
        return answers;
    }

    void keep(Party& from, const ground::Put& put) {
        for (const ground::Put::Sent& sent : put.sent)
            if (carried_.size() < 500) carried_.push_back(sent);
        for (const VerifyJob& job : put.jobs) jobs_.emplace_back(&from, job);
    }

    void collect() {
        for (Party* party : {&a_, &b_}) {
            keep(*party, party->ground.take());
            party->collect();
        }
    }

    void check() {
        for (const Party* party : {&a_, &b_}) {
            for (const Established& mine : party->established) {
                // The keys of both are out of reach, so whoever is at the other end is one of us.
                const Party& there = mine.peer == a_.ground.core.self_id ? a_ : b_;
                INSIST(mine.peer == there.ground.core.self_id && &there != party);
                for (const Established& theirs : there.established)
                    if (theirs.our_session == mine.their_session &&
                        theirs.their_session == mine.our_session) {
                        INSIST(mine.send_key.equals(theirs.receive_key));
                        INSIST(mine.receive_key.equals(theirs.send_key));
                        INSIST(mine.is_initiator != theirs.is_initiator);
                    }
            }
            const auto deadline = party->handshakes.next_deadline();
            INSIST(!deadline || *deadline >= now_ - 3s);
        }
    }

    fuzz::Program program_;
    Instant now_ = kStart;
    Party a_{1, ground::make_network({1, 2})};
    Party b_{2, ground::make_network({2, 1})};
    std::vector<ground::Put::Sent> carried_;
    std::vector<std::pair<Party*, VerifyJob>> jobs_;
};

}  // namespace
}  // namespace hearsay::gossip

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hearsay::gossip::Table({data, size}).run();
    return 0;
}
