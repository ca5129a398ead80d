#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "config/config.h"
#include "daemon/host/loop.h"

namespace hearsay::host {

// An address as text, without looking anything up; an interface's name may follow '%'. nullopt:
// it is a name.
std::optional<Endpoint> parse_numeric(const config::HostPort& host);

// Looks names up by the system's ways (hosts file, DNS, mDNS), without blocking the loop.
class Resolver {
public:
    // At most as many at once: libuv's threads are four, and a name server that does not answer
    // must not let requests pile up.
    static constexpr std::size_t kPendingMax = 64;

    using Callback = std::function<void(std::vector<Endpoint>)>;

    explicit Resolver(Loop& loop) : loop_(loop) {}
    // Callbacks still open are not called any more.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // Every address the name has, without repetition; none when it cannot be found. Called from
    // a later turn, always. False: too many at once, and nothing will be called.
    bool resolve(const config::HostPort& host, Callback on_done);
    std::size_t pending() const { return requests_.size(); }

private:
    struct Request;
    void finish(Request* request, std::vector<Endpoint> endpoints);

    Loop& loop_;
    std::list<Request*> requests_;
};

}  // namespace hearsay::host
