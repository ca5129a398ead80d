#include "daemon/host/return_paths.h"

namespace hearsay::host {

std::size_t ReturnPaths::place_of(const Endpoint& peer) const {
    std::array<std::uint8_t, 22> key;
    std::copy(peer.address.begin(), peer.address.end(), key.begin());
    for (std::size_t i = 0; i < 2; ++i)
        key[16 + i] = static_cast<std::uint8_t>(peer.port >> (8 * i));
    for (std::size_t i = 0; i < 4; ++i)
        key[18 + i] = static_cast<std::uint8_t>(peer.scope >> (8 * i));
    return crypto::short_hash(key_, key) % kSlots;
}

void ReturnPaths::remember(const Endpoint& peer, const Path& path) {
    slots_[place_of(peer)] = {peer, path, true};
}

const ReturnPaths::Path* ReturnPaths::find(const Endpoint& peer) const {
    const Slot& slot = slots_[place_of(peer)];
    return slot.is_used && slot.peer == peer ? &slot.path : nullptr;
}

void ReturnPaths::forget(const Endpoint& peer) {
    Slot& slot = slots_[place_of(peer)];
    if (slot.is_used && slot.peer == peer) slot.is_used = false;
}

void ReturnPaths::clear() { slots_.assign(kSlots, {}); }

}  // namespace hearsay::host
