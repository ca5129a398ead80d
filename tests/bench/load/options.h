#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hearsay::load {

// One stream of messages: through which endpoint, how fast and how many.
struct Plan {
    std::size_t endpoint = 0;
    double rate = 0;          // messages a second; 0: as fast as they are taken
    std::uint64_t count = 0;  // 0: as many as `seconds` of the run allow
};

struct Options {
    std::string system;                  // "hearsay" or "nats"
    std::vector<std::string> endpoints;  // paths of Unix sockets, or IPv4 addresses with a port
    std::vector<Plan> plans;
    std::string topic = "bench";
    std::size_t size = 100;        // bytes of a payload, at least kStampSize unless identical
    double seconds = 5;            // of publishing
    double drain = 5;              // seconds to wait for what is missing after the last publish
    double warm_up = 30;           // seconds until every publisher must have reached everyone
    std::uint64_t window = 8192;   // messages of one publisher that may wait to be taken
    std::uint64_t batch_max = 64;  // messages in one publish request
    bool is_identical = false;     // every payload is the same: only counted
};

// Throws std::invalid_argument with one sentence.
Options parse_options(const std::vector<std::string>& arguments);
std::string usage();

}  // namespace hearsay::load
