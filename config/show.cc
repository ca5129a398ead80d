#include "config/show.h"

#include "config/keys.h"

namespace hearsay::config {

std::string show(const Config& config) {
    const Config defaults;
    std::string text;
    std::string_view section;
    for (const Key& key : keys()) {
        if (key.section != section) {
            section = key.section;
            text += (text.empty() ? "[" : "\n[") + std::string(section) + "]\n";
        }
        const std::string value = value_text(key, config);
        const std::string usual = value_text(key, defaults);
        text += std::string(key.name) + " = " + value;
        text += value == usual ? "\n" : "  # default " + usual + "\n";
    }
    return text;
}

}  // namespace hearsay::config
