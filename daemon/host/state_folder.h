#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "crypto/network.h"
#include "daemon/host/file_descriptor.h"
#include "daemon/host/log.h"
#include "daemon/host/state_file.h"

namespace hearsay::host {

// What the daemon keeps between runs, in node.state_dir (0700):
//     identity   the key (crypto/identity.h)
//     network    the token of the network, one line of text
//     epoch      the last one used; always written before an epoch is used
//     members    those to dial after a restart
//     settled    Engine::save() of a clean stop; deleted as soon as it has been read, so that a
//                crash is seen
//     seeds      hosts given with `network join --seed`
// Writing may fail at any time (full disk): that is logged and told by problem(), and the daemon
// goes on.
class StateFolder {
public:
    // Makes the folder if need be and locks it: two daemons must not share an identity. Throws
    // StartupError.
    StateFolder(const config::Config& config, Log& log);

    // Loaded, or made at the first start. Throws crypto::IdentityError.
    crypto::Secret identity();

    // nullopt: in no network yet. Throws StartupError when the file is there and of no use.
    std::optional<crypto::Network> network();
    bool save_network(const crypto::Network& network);
    bool forget_network();  // and what belongs to it: members, settled, seeds

    // Above every epoch used before with this key: max(stored + 1, wall), stored before it is
    // returned; if that fails, wall and a warning.
    std::uint64_t next_epoch(WallTime wall);

    struct Saved {
        Bytes bytes;  // for EngineSetup::saved
        bool is_first_start = false;
    };
    // To be called before next_epoch().
    Saved take_saved();
    bool save_settled(ByteView saved);
    bool save_members(ByteView saved);

    std::vector<config::HostPort> seeds();
    bool save_seeds(const std::vector<config::HostPort>& seeds);

    // The last failure to write, in words; empty when the last write went well.
    const std::string& problem() const { return problem_; }
    // Others than the owner may read the network's secrets.
    bool is_network_exposed() const;
    const std::string& network_file() const { return network_file_; }

private:
    std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }
    bool note(const std::string& file, const std::string& failure);
    std::optional<Bytes> read(std::string_view name, std::size_t size_max);
    void lock();

    std::string folder_;
    std::string network_file_;
    Log& log_;
    FileDescriptor lock_;
    std::string problem_;
};

}  // namespace hearsay::host
