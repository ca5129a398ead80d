#pragma once

#include <map>

#include "daemon/gossip/core.h"
#include "daemon/gossip/rate_limit.h"

namespace hearsay::gossip {

// Every signature check of the engine goes out here and comes back here, under one budget: an
// Ed25519 check costs 40-46 us, so whoever makes us start one must be held to a rate.
//
// Bounded by kPendingMax open checks; a check whose verdict never comes is forgotten after
// kVerdictWait, so a lost verdict cannot close the desk.
class VerifyDesk {
public:
    static constexpr std::size_t kPendingMax = 4096;
    static constexpr Duration kVerdictWait = std::chrono::seconds(30);

    enum class Purpose : std::uint8_t { batch, handshake };
    struct Claim {
        Purpose purpose{};
        std::uint64_t key = 0;  // the asker's own name for it
    };

    explicit VerifyDesk(Core& core);

    // False when the budget is used up (counted); nothing is started then.
    bool ask(Purpose purpose, std::uint64_t key, const crypto::NodeId& signer, Bytes message,
             const crypto::Signature& signature, Instant now);
    // What the verdict is about; nullopt for a ticket not open.
    std::optional<Claim> settle(VerifyTicket ticket);
    // Claims given up at `now`.
    std::vector<Claim> expire(Instant now);
    std::optional<Instant> next_deadline() const;
    std::size_t pending() const { return open_.size(); }
    void configure();

private:
    struct Open {
        Claim claim;
        Instant expires_at;
    };

    Core& core_;
    TokenBucket budget_;
    std::map<VerifyTicket, Open> open_;  // tickets rise with time
    VerifyTicket last_ticket_ = 0;
};

}  // namespace hearsay::gossip
