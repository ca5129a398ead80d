#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "daemon/host/api_access.h"
#include "daemon/host/file_descriptor.h"

namespace hearsay::host {

// The listening socket of the local API as a file: made, given its mode and group, removed.
class ControlSocket {
public:
    // Throws StartupError. `warn` gets a sentence for what does not keep the daemon from running.
    // A socket file that nothing listens on any more is replaced; one that somebody listens on,
    // or a file that is no socket, is left alone.
    ControlSocket(const config::Api& api, const AccountNames& names,
                  const std::function<void(std::string_view)>& warn);
    // Removes the file, unless it is another's by now.
    ~ControlSocket();
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

    // Non-blocking.
    int fd() const { return fd_.get(); }

private:
    void bind_and_listen();
    void set_group(const config::Api& api, const AccountNames& names,
                   const std::function<void(std::string_view)>& warn);

    std::string path_;
    FileDescriptor fd_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

// Who is connected to `fd`, as the kernel says. False when it does not.
bool read_peer(int fd, Peer& peer);

}  // namespace hearsay::host
