#pragma once

#include <functional>
#include <map>
#include <map>
#include <memory>

#include "daemon/gossip/engine.h"
#include "tests/unit/gossip/ground.h"

namespace hearsay::gossip::ground {

// Whole engines, numbered from 1 at place(number), on a network that loses nothing unless told so
// and takes 1 ms. Verdicts come at once.
class Lan {
public:
    struct Host {
        std::unique_ptr<sim::CheapSigner> signer;
        std::unique_ptr<wire::CodecRegistry> codecs;
        std::unique_ptr<Engine> engine;
        Put put;  // all that it ever put out; datagrams are carried, not kept
        std::size_t spins = 0;
    };
    using Change = std::function<void(EngineSetup&)>;

    // With node 1 as its seed, unless it is node 1.
    Engine& add(unsigned number, const Change& change = {}, bool with_seed = true);
    void remove(unsigned number) { hosts_.erase(number); }
    bool has(unsigned number) const { return hosts_.contains(number); }

    Host& host(unsigned number) { return hosts_.at(number); }
    Engine& engine(unsigned number) { return *hosts_.at(number).engine; }
    Put& put(unsigned number) { return hosts_.at(number).put; }
    std::vector<std::string> payloads(unsigned number) const;
    Result<PublishTicket, PublishError> try_publish(unsigned number, std::string_view payload,
                                                    std::string_view topic = "news",
                                                    const PublishOptions& options = {});
    // Precondition: it is not refused.
    PublishTicket publish(unsigned number, std::string_view payload,
                          const PublishOptions& options = {});
    std::uint64_t counted(unsigned number, Counter counter) {
        return engine(number).counters()[counter];
    }

    Duration elapsed() const { return elapsed_; }
    Now now() const { return after(elapsed_); }
    void run_for(Duration duration);
    bool run_until(const std::function<bool()>& is_done, Duration limit = std::chrono::seconds(10));
    // Everybody is linked with everybody and knows all.
    bool is_complete();
    // Adds nodes 1 to `count` and waits for that.
    bool make_complete(unsigned count);
    // Acts on what `outputs` of node `number` hold.
    void act(unsigned number, const Outputs& outputs);

    // True loses it.
    std::function<bool(unsigned from, unsigned to, ByteView datagram)> loses;
    // Every datagram sent, as it is sent.
    std::function<void(unsigned from, const Transmit& transmit)> sees;
    bool holds_verdicts = false;  // none comes back while true
    bool checks_invariants = true;  // after every call

private:
    struct Travelling {
        unsigned from = 0;
        unsigned to = 0;
        Bytes datagram;
    };
    void turn();

    std::map<unsigned, Host> hosts_;
    std::multimap<Duration, Travelling> wire_;
    Duration elapsed_{};
};

}  // namespace hearsay::gossip::ground
