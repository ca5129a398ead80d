#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/host/api_reply.h"

// What tags become when somebody changes them at run time. The rules are those of [node] tags.
namespace hearsay::host {

using Tags = std::vector<config::Tag>;

// Sets each "KEY=VALUE": in its old place, or at the end. On an error `tags` is of no use.
std::optional<ApiError> set_tags(Tags& tags, const std::vector<std::string>& set);
// Takes those keys out. One that is not there is refused: it may be misspelt.
std::optional<ApiError> remove_tags(Tags& tags, const std::vector<std::string>& keys);

// An object.
void write_tags(JsonWriter& json, const Tags& tags);

}  // namespace hearsay::host
