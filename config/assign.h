#pragma once

#include <string>
#include <vector>

#include "config/keys.h"
#include "config/problem.h"
#include "config/value.h"

namespace hearsay::config {

// Puts a value from `file` into the key's field, as far as its type, unit and bound allow, and
// appends every reason against it to `problems`. Of tags and lists of names the entries that are
// strings are taken, anything else whole or not at all. Tags are added to those there, everything
// else is replaced. False: the field is as it was. What a value means beside others is for
// validate.h.
bool assign(const Key& key, const Value& value, const std::string& file, Config& config,
            std::vector<Problem>& problems);

}  // namespace hearsay::config
