#include "daemon/host/api_access.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>

namespace hearsay::host {
namespace {

template <typename T>
bool contains(const std::vector<T>& list, T value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

AccountNames AccountNames::of_system() {
    return {[](const std::string& name) -> std::optional<uid_t> {
                const passwd* const entry = getpwnam(name.c_str());
                return entry == nullptr ? std::nullopt : std::optional(entry->pw_uid);
            },
            [](const std::string& name) -> std::optional<gid_t> {
                const ::group* const entry = getgrnam(name.c_str());
                return entry == nullptr ? std::nullopt : std::optional(entry->gr_gid);
            }};
}

AccessList::AccessList(const std::vector<std::string>& entries, uid_t own_user,
                       const AccountNames& names)
    : is_empty_(entries.empty()), own_user_(own_user) {
    for (const std::string& entry : entries) {
        if (entry.starts_with('@')) {
            const auto group = names.group(entry.substr(1));
            if (group) groups_.push_back(*group);
            if (!group) unknown_.push_back(entry);
        } else {
            const auto user = names.user(entry);
            if (user) users_.push_back(*user);
            if (!user) unknown_.push_back(entry);
        }
    }
}

bool AccessList::allows(const Peer& peer) const {
    if (peer.uid == 0 || peer.uid == own_user_ || is_empty_) return true;
    if (contains(users_, peer.uid) || contains(groups_, peer.gid)) return true;
    return std::any_of(peer.groups.begin(), peer.groups.end(),
                       [&](gid_t group) { return contains(groups_, group); });
}

}  // namespace hearsay::host
