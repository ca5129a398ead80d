#include "daemon/host/seeds.h"

#include <algorithm>
#include <utility>

namespace hearsay::host {

Seeds::Seeds(Loop& loop, Log& log, std::function<void(const Endpoint&)> on_endpoint,
             std::function<bool(const std::vector<Endpoint>&)> is_linked)
    : log_(log),
      on_endpoint_(std::move(on_endpoint)),
      is_linked_(std::move(is_linked)),
      timer_(loop, [this] { handle_due(); }),
      resolver_(loop) {}

void Seeds::set(const std::vector<config::HostPort>& hosts, bool tell_all) {
    const auto before = std::exchange(seeds_, {});
    const auto is_known = [&](const config::HostPort& host) {
        return std::any_of(before.begin(), before.end(),
                           [&](const Seed& seed) { return seed.host == host; });
    };
    for (const auto& host : hosts) {
        if (find(host) != nullptr) continue;
        seeds_.push_back({host, !parse_numeric(host), {}});
    }
    for (Seed& seed : seeds_)
        if (tell_all || !is_known(seed.host)) tell(seed);
    const bool has_names =
        std::any_of(seeds_.begin(), seeds_.end(), [](const Seed& seed) { return seed.is_name; });
    if (has_names) {
        timer_.start_in(kLookUpInterval);
    } else {
        timer_.stop();
    }
}

std::vector<SeedFacts> Seeds::facts() const {
    std::vector<SeedFacts> result;
    for (const Seed& seed : seeds_) {
        result.push_back({seed.host, seed.found});
        if (const auto endpoint = parse_numeric(seed.host))
            result.back().addresses = {*endpoint};
    }
    return result;
}

void Seeds::tell(Seed& seed) {
    if (seed.is_name) return look_up(seed.host);
    const auto endpoint = parse_numeric(seed.host);
    if (endpoint && endpoint->is_dialable()) on_endpoint_(*endpoint);
}

void Seeds::look_up(const config::HostPort& host) {
    resolver_.resolve(
        host, [this, host](const std::vector<Endpoint>& found) { handle_found(host, found); });
}

void Seeds::handle_found(const config::HostPort& host, const std::vector<Endpoint>& found) {
    if (found.empty())
        log_.warning("seed", "no address is known for the seed " + host.host + "; trying again");
    Seed* seed = find(host);
    if (seed == nullptr) return;  // taken out meanwhile
    // While the name server is away the old addresses are the best there are.
    if (!found.empty()) seed->found = found;
    for (const Endpoint& endpoint : found) on_endpoint_(endpoint);
}

void Seeds::handle_due() {
    timer_.start_in(kLookUpInterval);
    for (const Seed& seed : seeds_)
        if (seed.is_name && !is_linked_(seed.found)) look_up(seed.host);
}

Seeds::Seed* Seeds::find(const config::HostPort& host) {
    const auto found = std::find_if(seeds_.begin(), seeds_.end(),
                                    [&](const Seed& seed) { return seed.host == host; });
    return found == seeds_.end() ? nullptr : &*found;
}

}  // namespace hearsay::host
