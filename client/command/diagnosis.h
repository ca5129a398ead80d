#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/command/firewall.h"
#include "client/command/json.h"

// What may keep a host from finding others, judged from what the daemon and the system say.
namespace hearsay::client {

// A network interface as the kernel has it, whether or not the daemon may use it.
struct Device {
    std::string name;
    bool is_up = false;
    bool has_carrier = false;
    bool is_loopback = false;
    bool can_multicast = false;
    unsigned mtu = 0;
};

// What the command can look up by itself.
struct LocalFacts {
    std::vector<Device> devices;
    std::optional<std::uint64_t> receive_buffer_max;  // net.core.rmem_max
    std::vector<FirewallBlock> blocks;                // empty too where it cannot be read
};

struct Finding {
    std::string code;                   // for programs; docs/OPERATIONS.md lists them
    std::string text;                   // what is wrong
    std::vector<std::string> commands;  // what mends it, or shows more
};

// `facts` is the reply to the operation "doctor" (docs/API.md). Gravest first.
std::vector<Finding> diagnose(const Json& facts, const LocalFacts& local);

}  // namespace hearsay::client
