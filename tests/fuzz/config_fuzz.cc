// Any bytes as a configuration file: never a crash, never an exception, always either no problem
// and a Config that is shown and loaded back the same, or problems of one line each.
#include <cstddef>
#include <cstdint>

#include "base/insist.h"
#include "config/load.h"
#include "config/show.h"
#include "config/validate.h"

using namespace hearsay;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const config::Loaded loaded = config::load_text(text, "fuzz.toml");
    for (const config::Problem& problem : loaded.problems)
        INSIST(config::to_text(problem).find('\n') == std::string::npos);
    if (loaded.is_good()) {
        INSIST(config::validate(loaded.config).empty());
        const config::Loaded again = config::load_text(config::show(loaded.config), "shown.toml");
        INSIST(again.is_good());
        INSIST(again.config == loaded.config);
    }
    return 0;
}
