#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/endpoint.h"
#include "base/time.h"
#include "crypto/short_hash.h"

namespace hearsay::gossip {

// A token bucket: `rate` units a second on average, `burst` at once; begins full. Units are what
// the caller counts: datagrams, bytes, signature checks.
//
// The level is kept as the time it would take to refill, in 2^-16 ns: refilling is then the
// addition of elapsed time, exact for ever. The price of a unit is rounded up, so the rate is
// never exceeded, and missed by at most 0.02%. Everything saturates. A `now` before an earlier
// one refills nothing, and the time in between is not credited twice.
//
// Which attack the limits made of it answer:
//   - per link and per publisher: one insider cannot use up the verify budget, the store and the
//     links of all others;
//   - per source (SourceBuckets): a stranger cannot make this node do key exchanges for a living.
class TokenBucket {
public:
    // The rate is brought into [0.001, 10^10], the burst into [0, 19 h of the rate].
    TokenBucket(double rate_per_second, double burst);

    // All or nothing. What is over `burst` is never granted, what is not positive always.
    bool take(double amount, Instant now);
    bool can_take(double amount, Instant now) const;
    // When can_take() turns true; `now` if it is, nullopt if it never does.
    std::optional<Instant> ready_at(double amount, Instant now) const;
    double level(Instant now) const;
    // Of something taken that was not used.
    void give_back(double amount);
    // Keeps the level, cut to the new burst.
    void configure(double rate_per_second, double burst);

private:
    std::uint64_t price_of(double amount) const;
    std::uint64_t level_at(Instant now) const;

    // In 2^-16 ns.
    std::uint64_t price_ = 1;  // of one unit
    std::uint64_t capacity_ = 0;
    std::uint64_t level_ = 0;  // as of:
    Instant filled_at_ = Instant::min();
};

// One token bucket per source of datagrams that belong to no session, in a fixed array indexed
// by a keyed hash: what strangers send never makes it grow, and is never answered with a ban.
//
// A source is an IPv4 address (spoofing aside, that is what an attacker has one of), the /64 of
// an IPv6 address (a host can use every address of its /64) or a link-local IPv6 address with
// its interface (fe80::/64 belongs to nobody). Hosts on one LAN share their global /64, so the
// burst must hold all of them dialling at once: a handshake is 3 datagrams, 32 hosts are 96.
//
// The odds: with B buckets, a flood from k sources empties the bucket of one honest source with
// probability k / B, and since the key is secret nobody can choose whose. A flooder that spoofs
// thousands of addresses empties all of them: new handshakes then wait, while sessions, which are
// looked up first, and their members do not notice.
class SourceBuckets {
public:
    struct Limits {
        std::size_t buckets = 4096;     // 32 KiB
        // Rate in [0.001, 10^9], burst in [1, 10^6].
        // A handshake costs about 0.2 ms (X25519, Ed25519 twice): one source at this rate can
        // use at most 1/250 of a core by completing them, and garbage costs far less.
        double rate_per_second = 20;
        double burst = 100;
    };

    // `hash_key` must be secret and random per process. Precondition: limits.buckets > 0.
    SourceBuckets(const Limits& limits, const crypto::ShortHashKey& hash_key);

    // One datagram. False: drop it unread.
    bool take(const Endpoint& from, Instant now);
    // The index of its bucket, for tests.
    std::size_t bucket_of(const Endpoint& from) const;

private:
    crypto::ShortHashKey hash_key_;
    Duration interval_;   // between datagrams at the rate
    Duration tolerance_;  // burst x interval
    // Generic cell rate algorithm (ITU-T I.371): when each would be full again.
    std::vector<Instant> full_at_;
};

}  // namespace hearsay::gossip
