#pragma once

#include <string>
#include <vector>

#include "config/keys.h"
#include "config/problem.h"
#include "config/value.h"

namespace hearsay::config {

// Puts a value from `file` into the key's field, where its type, unit and bound allow; tags are
// added to those there, everything else is replaced. Otherwise the field stays as it is and
// every reason is appended to `problems`. What a value means beside others is for validate.h.
void assign(const Key& key, const Value& value, const std::string& file, Config& config,
            std::vector<Problem>& problems);

}  // namespace hearsay::config
