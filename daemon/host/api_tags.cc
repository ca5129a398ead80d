#include "daemon/host/api_tags.h"

#include <algorithm>
#include <set>

#include "config/problem.h"
#include "config/suggest.h"
#include "config/validate.h"

namespace hearsay::host {
namespace {

constexpr std::size_t kTagsMax = 16;  // as the bound of node.tags in config/keys.cc

ApiError bad_tag(std::string message) { return {"bad_tag", std::move(message)}; }

Tags::iterator find(Tags& tags, std::string_view key) {
    return std::find_if(tags.begin(), tags.end(),
                        [&](const config::Tag& tag) { return tag.key == key; });
}

// The first rule of the configuration that they break.
std::optional<ApiError> check(const Tags& tags) {
    if (tags.size() > kTagsMax)
        return bad_tag("that would make " + std::to_string(tags.size()) +
                       " tags; a host has at most 16");
    config::Config config;
    config.node.tags = tags;
    for (const config::Violation& violation : config::validate(config))
        if (violation.key == "node.tags") return bad_tag(violation.what);
    return std::nullopt;
}

}  // namespace

std::optional<ApiError> set_tags(Tags& tags, const std::vector<std::string>& set) {
    std::set<std::string> seen;
    for (const std::string& text : set) {
        const auto mark = text.find('=');
        if (mark == text.npos)
            return bad_tag(config::quoted(text) + " has no '='; a tag is written KEY=VALUE");
        const config::Tag tag{text.substr(0, mark), text.substr(mark + 1)};
        if (!seen.insert(tag.key).second)
            return bad_tag("the tag " + config::quoted(tag.key) + " is given twice");
        const auto known = find(tags, tag.key);
        if (known == tags.end()) {
            tags.push_back(tag);
        } else {
            known->value = tag.value;
        }
    }
    return check(tags);
}

std::optional<ApiError> remove_tags(Tags& tags, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
        const auto known = find(tags, key);
        if (known != tags.end()) {
            tags.erase(known);
            continue;
        }
        std::vector<std::string_view> names;
        for (const config::Tag& tag : tags) names.push_back(tag.key);
        return ApiError{"no_such_tag", "this host has no tag " + config::quoted(key) +
                                           config::did_you_mean(key, names)};
    }
    return std::nullopt;
}

void write_tags(JsonWriter& json, const Tags& tags) {
    json.begin_object();
    for (const config::Tag& tag : tags) json.key(tag.key).text(tag.value);
    json.end_object();
}

}  // namespace hearsay::host
