#pragma once

#include <vector>

#include "crypto/short_hash.h"
#include "daemon/host/udp_socket.h"

namespace hearsay::host {

// By which socket and from which of our addresses each peer is answered: the ones it last spoke
// to. A table of fixed size in which every endpoint has one place, found by a keyed hash; of two
// with the same place the later one has it. So a stranger with many forged addresses can only
// make us forget, and then the routing table chooses, as for any program that does not care.
class ReturnPaths {
public:
    // Twice the links of a daemon at its bound times the handshakes that may be under way: rarely
    // full, 64 KiB.
    static constexpr std::size_t kSlots = 1024;

    struct Path {
        std::size_t socket = 0;
        LocalAddress from;
    };

    explicit ReturnPaths(const crypto::ShortHashKey& key) : key_(key), slots_(kSlots) {}

    void remember(const Endpoint& peer, const Path& path);
    const Path* find(const Endpoint& peer) const;
    void forget(const Endpoint& peer);
    // This host's addresses have changed.
    void clear();

private:
    struct Slot {
        Endpoint peer;
        Path path;
        bool is_used = false;
    };
    std::size_t place_of(const Endpoint& peer) const;

    crypto::ShortHashKey key_;
    std::vector<Slot> slots_;
};

}  // namespace hearsay::host
