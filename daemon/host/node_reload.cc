#include <algorithm>
#include <utility>
#include <variant>

#include "config/keys.h"
#include "config/load.h"
#include "daemon/host/node_parts.h"

namespace hearsay::host {
namespace {

void copy_key(const config::Key& key, config::Config& from, config::Config& to) {
    const config::Field source = key.field(from);
    const config::Field target = key.field(to);
    std::visit([&](auto* value) { *std::get<decltype(value)>(target) = *value; }, source);
}

}  // namespace

ReloadResult Node::reload() {
    Parts& p = *parts_;
    ReloadResult result;
    const auto need = p.config_file == kDefaultConfigFile ? config::MainFile::optional
                                                          : config::MainFile::required;
    config::Loaded loaded = config::load_files(p.config_file, need);
    for (const auto& problem : loaded.problems) {
        result.problems.push_back(config::to_text(problem));
        p.log.error("", result.problems.back());
    }
    if (!loaded.is_good()) {
        p.log.error("", "the configuration has not been reloaded: the former one stays in force");
        return result;
    }
    result.is_ok = true;
    for (const std::string& path : config::changed_keys(p.config, loaded.config)) {
        if (!config::is_reloadable(path)) {
            result.needs_restart.push_back(path);
            p.log.warning("", path + " has changed and waits for a restart");
            continue;
        }
        copy_key(*config::find_key(path), loaded.config, p.config);
        result.changed.push_back(path);
        p.log.info("", path + " has changed");
    }
    if (result.changed.empty()) return result;
    p.log.set_level(p.config.log.level);
    // Those set at run time stay as long as the file says what it said before.
    const auto tags = std::find(result.changed.begin(), result.changed.end(), "node.tags");
    if (tags != result.changed.end()) p.tags = p.config.node.tags;
    if (p.engine) {
        p.engine->configure(p.config.gossip());
        p.engine->set_tags(p.tags);
        p.touch();
    }
    p.read_interfaces();
    p.set_seeds(false);
    return result;
}

}  // namespace hearsay::host
