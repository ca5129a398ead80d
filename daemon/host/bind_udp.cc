#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "config/endpoint_text.h"
#include "daemon/host/groups.h"
#include "daemon/host/socket_address.h"
#include "daemon/host/startup_error.h"
#include "daemon/host/udp_socket.h"

namespace hearsay::host {
namespace {

bool set_option(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// With CAP_NET_ADMIN beyond net.core.rmem_max, else up to it.
void set_buffers(int fd, const BufferSizes& sizes) {
    const auto set = [fd](int force, int plain, std::uint32_t bytes) {
        if (bytes == 0) return;
        if (!set_option(fd, SOL_SOCKET, force, static_cast<int>(bytes)))
            set_option(fd, SOL_SOCKET, plain, static_cast<int>(bytes));
    };
    set(SO_RCVBUFFORCE, SO_RCVBUF, sizes.receive);
    set(SO_SNDBUFFORCE, SO_SNDBUF, sizes.send);
}

// On a dual-stack socket IPv4 options act on its IPv4 half. Any of these may be missing in an
// old or small kernel; the socket works without.
void set_options(int fd, int family) {
    set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
    set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1);
    set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
    // Groups that other sockets of this host have joined are none of ours.
    set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    if (family == AF_INET) {
        set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
        return;
    }
    set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    set_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
    set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1);
    set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
    set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
}

// Whether every socket on this port is one that receives beacons (groups.h). Those share the
// port 4327 with whoever has it, and must not keep a daemon that starts later from it.
bool has_only_group_sockets(std::uint16_t port) {
    for (const char* table : {"/proc/self/net/udp", "/proc/self/net/udp6"}) {
        std::ifstream lines(table);
        std::string line;
        std::getline(lines, line);  // the headings
        while (std::getline(lines, line)) {
            const auto local = parse_proc_udp_line(line);
            if (local && local->port == port && !is_multicast(*local)) return false;
        }
    }
    return true;
}

[[noreturn]] void refuse(const Endpoint& at, int error) {
    const std::string where = "cannot listen on UDP " + config::to_text(at) + ": ";
    const std::string port = std::to_string(at.port);
    switch (error) {
        case EADDRINUSE:
            throw StartupError(kExitUnavailable,
                               where + "the port is taken (`ss -ulpn sport = :" + port +
                                   "` shows by what); stop that, or set listen.port");
        case EADDRNOTAVAIL:
            throw StartupError(kExitUnavailable, where +
                                                     "no interface of this host has that address; "
                                                     "correct listen.addresses");
        case EACCES:
        case EPERM:
            throw StartupError(kExitNoPermission,
                               where + "not permitted; set listen.port to 1024 or higher");
        default:
            throw StartupError(kExitOsError, where + std::strerror(error));
    }
}

int bind_to(int fd, const SocketAddress& address) {
    return bind(fd, address.get(), address.size) == 0 ? 0 : errno;
}

}  // namespace

FileDescriptor bind_udp(const Endpoint& at, const BufferSizes& buffers) {
    const int family = at.is_ipv4() ? AF_INET : AF_INET6;
    FileDescriptor fd(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.is_open()) {
        const int error = errno;
        if (family == AF_INET6 && is_unspecified(at) && error == EAFNOSUPPORT)
            return bind_udp(Endpoint::ipv4(0, 0, 0, 0, at.port), buffers);
        refuse(at, error);
    }
    if (family == AF_INET6)
        set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, is_unspecified(at) ? 0 : 1);
    set_options(fd.get(), family);
    set_buffers(fd.get(), buffers);

    // Without SO_REUSEADDR first: of two daemons on one port the second must be told.
    const SocketAddress address(at, family);
    int error = bind_to(fd.get(), address);
    if (error == EADDRINUSE && has_only_group_sockets(at.port)) {
        set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
        error = bind_to(fd.get(), address);
    }
    // "::" cannot be bound where IPv6 is switched off by sysctl.
    if (error == EADDRNOTAVAIL && family == AF_INET6 && is_unspecified(at))
        return bind_udp(Endpoint::ipv4(0, 0, 0, 0, at.port), buffers);
    if (error != 0) refuse(at, error);
    // Now that we have it alone, sockets bound to the beacon groups may share it.
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    return fd;
}

std::uint64_t receive_buffer_of(int fd) {
    int bytes = 0;
    socklen_t size = sizeof bytes;
    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &size);
    return static_cast<std::uint64_t>(bytes) / 2;
}

}  // namespace hearsay::host
