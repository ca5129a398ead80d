#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/gossip/snapshot.h"

// How members are named to people. A name is what its owner says it is; the key is what counts.
namespace hearsay::host {

// Of every known member its name, or NAME#KEY where several known members share the name: with as
// much of the key as tells them apart, at least four characters. Empty for a member that has not
// said its name. No name has a '#', so a label can be given back where a member is asked for.
std::map<crypto::NodeId, std::string> labels_of(const gossip::Snapshot& snapshot);

// A name under which several members live at once.
struct SharedName {
    std::string name;
    std::vector<crypto::NodeId> members;  // two or more, self first
};
// By name.
std::vector<SharedName> find_shared_names(const gossip::Snapshot& snapshot);

}  // namespace hearsay::host
