#include "daemon/host/resolver.h"

#include <netdb.h>
#include <uv.h>

#include <algorithm>
#include <string>

#include "daemon/host/socket_address.h"

namespace hearsay::host {
namespace {

addrinfo hints(int flags) {
    addrinfo result{};
    result.ai_family = AF_UNSPEC;
    result.ai_socktype = SOCK_DGRAM;
    result.ai_flags = flags;
    return result;
}

std::vector<Endpoint> endpoints_in(const addrinfo* list, std::uint16_t port) {
    std::vector<Endpoint> result;
    for (; list != nullptr; list = list->ai_next) {
        const Endpoint endpoint = endpoint_of(list->ai_addr).with_port(port);
        if (endpoint.is_dialable() &&
            std::find(result.begin(), result.end(), endpoint) == result.end())
            result.push_back(endpoint);
    }
    return result;
}

}  // namespace

std::optional<Endpoint> parse_numeric(const config::HostPort& host) {
    const addrinfo numeric = hints(AI_NUMERICHOST);
    addrinfo* list = nullptr;
    if (getaddrinfo(host.host.c_str(), nullptr, &numeric, &list) != 0) return std::nullopt;
    const Endpoint endpoint = endpoint_of(list->ai_addr).with_port(host.port);
    freeaddrinfo(list);
    return endpoint;
}

// Belongs to libuv until its callback, which may come after the resolver has gone.
struct Resolver::Request {
    uv_getaddrinfo_t uv{};
    Resolver* owner = nullptr;
    std::uint16_t port = 0;
    Callback on_done;
};

Resolver::~Resolver() {
    for (Request* request : requests_) {
        request->owner = nullptr;
        uv_cancel(reinterpret_cast<uv_req_t*>(&request->uv));
    }
}

bool Resolver::resolve(const config::HostPort& host, Callback on_done) {
    if (requests_.size() >= kPendingMax) return false;
    auto request = std::make_unique<Request>();
    request->owner = this;
    request->port = host.port;
    request->on_done = std::move(on_done);
    request->uv.data = request.get();
    const addrinfo wanted = hints(AI_ADDRCONFIG);
    const int status = uv_getaddrinfo(
        loop_.raw(), &request->uv,
        [](uv_getaddrinfo_t* uv, int, addrinfo* list) noexcept {
            auto* done = static_cast<Request*>(uv->data);
            const std::vector<Endpoint> found = endpoints_in(list, done->port);
            uv_freeaddrinfo(list);
            if (done->owner != nullptr) return done->owner->finish(done, found);
            delete done;
        },
        host.host.c_str(), nullptr, &wanted);
    if (status != 0) return false;
    requests_.push_back(request.release());
    return true;
}

void Resolver::finish(Request* request, std::vector<Endpoint> endpoints) {
    const std::unique_ptr<Request> owned(request);
    requests_.remove(request);
    request->on_done(std::move(endpoints));
}

}  // namespace hearsay::host
