#include "client/command/local_facts.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>

namespace hearsay::client {
namespace {

constexpr std::size_t kRulesetSizeMax = std::size_t{4} << 20;

unsigned mtu_of(const char* name) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return 0;
    ifreq request{};
    std::strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    const bool is_known = ioctl(fd, SIOCGIFMTU, &request) == 0;
    close(fd);
    return is_known ? static_cast<unsigned>(request.ifr_mtu) : 0;
}

std::vector<Device> read_devices() {
    std::vector<Device> devices;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return devices;
    for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
        const auto has_name = [&](const Device& device) { return device.name == i->ifa_name; };
        if (std::any_of(devices.begin(), devices.end(), has_name)) continue;
        const unsigned flags = i->ifa_flags;
        devices.push_back({i->ifa_name, (flags & IFF_UP) != 0, (flags & IFF_RUNNING) != 0,
                           (flags & IFF_LOOPBACK) != 0, (flags & IFF_MULTICAST) != 0,
                           mtu_of(i->ifa_name)});
    }
    freeifaddrs(list);
    return devices;
}

std::optional<std::uint64_t> read_number(const char* path) {
    std::ifstream file(path);
    std::uint64_t number = 0;
    if (file >> number) return number;
    return std::nullopt;
}

// Only root is told the rules; nobody else is worse off than without nft.
std::string read_ruleset() {
    constexpr const char* kCommand =
        "PATH=/usr/sbin:/sbin:/usr/bin:/bin timeout 3 nft -j list ruleset 2>/dev/null";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(kCommand, "re"), pclose);
    std::string text;
    std::array<char, 4096> buffer;
    std::size_t size = 0;
    while (pipe && text.size() < kRulesetSizeMax &&
           (size = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0)
        text.append(buffer.data(), size);
    return text;
}

}  // namespace

LocalFacts read_local_facts(std::uint16_t port) {
    LocalFacts facts;
    facts.devices = read_devices();
    facts.receive_buffer_max = read_number("/proc/sys/net/core/rmem_max");
    if (geteuid() == 0)
        facts.blocks = find_blocks(Json::parse(read_ruleset(), nullptr, false), port);
    return facts;
}

}  // namespace hearsay::client
