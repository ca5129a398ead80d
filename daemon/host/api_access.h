#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace hearsay::host {

// Who is at the other end of a connection, as the kernel says.
struct Peer {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;  // supplementary
};

// What the system knows under a name; replaced in tests.
struct AccountNames {
    std::function<std::optional<uid_t>(const std::string&)> user;
    std::function<std::optional<gid_t>(const std::string&)> group;

    static AccountNames of_system();
};

// One list of users and @groups out of [api]. Root and the daemon's own user are always in it.
// Names are looked up once, when it is made: nothing waits for a directory server later.
class AccessList {
public:
    AccessList(const std::vector<std::string>& entries, uid_t own_user, const AccountNames& names);

    bool allows(const Peer& peer) const;
    // Entries that name nobody on this host.
    const std::vector<std::string>& unknown() const { return unknown_; }

private:
    bool is_empty_;
    uid_t own_user_;
    std::vector<uid_t> users_;
    std::vector<gid_t> groups_;
    std::vector<std::string> unknown_;
};

struct ApiAccess {
    AccessList publishers;
    AccessList administrators;

    ApiAccess(const config::Api& api, uid_t own_user, const AccountNames& names)
        : publishers(api.publishers, own_user, names),
          administrators(api.administrators, own_user, names) {}
};

}  // namespace hearsay::host
