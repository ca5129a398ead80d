#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/host/log.h"
#include "daemon/host/resolver.h"

namespace hearsay::host {

struct SeedFacts {
    config::HostPort host;
    std::vector<Endpoint> addresses;  // of a name: as last looked up
};

// The hosts an operator named. Addresses are told once: the engine dials seeds for ever. Names
// are looked up again every kLookUpInterval for as long as no neighbour is at one of their
// addresses, because they may come to mean another host.
class Seeds {
public:
    static constexpr Duration kLookUpInterval = std::chrono::seconds(10);

    // `is_linked`: whether a neighbour is at one of these.
    Seeds(Loop& loop, Log& log, std::function<void(const Endpoint&)> on_endpoint,
          std::function<bool(const std::vector<Endpoint>&)> is_linked);

    // Replaces the hosts; those that were there before are told only if `tell_all`.
    void set(const std::vector<config::HostPort>& hosts, bool tell_all);
    void clear() { set({}, false); }
    std::vector<SeedFacts> facts() const;

private:
    struct Seed {
        config::HostPort host;
        bool is_name = false;
        std::vector<Endpoint> found;  // at the last look-up
    };

    void tell(Seed& seed);
    void look_up(const config::HostPort& host);
    void handle_found(const config::HostPort& host, const std::vector<Endpoint>& found);
    void handle_due();
    Seed* find(const config::HostPort& host);

    Log& log_;
    std::function<void(const Endpoint&)> on_endpoint_;
    std::function<bool(const std::vector<Endpoint>&)> is_linked_;
    std::vector<Seed> seeds_;
    Timer timer_;
    Resolver resolver_;
};

}  // namespace hearsay::host
