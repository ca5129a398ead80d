#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/load/clients.h"

namespace hearsay::load {

// One line of JSON. Latencies are those of endpoints other than the publisher's own; null when
// there are none. `ratio_min` is the delivered part at the subscriber that got least.
std::string report_of(const Options& options,
                      const std::vector<std::unique_ptr<Subscriber>>& subscribers,
                      const std::vector<std::unique_ptr<Publisher>>& publishers);

}  // namespace hearsay::load
