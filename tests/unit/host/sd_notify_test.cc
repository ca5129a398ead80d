#include "daemon/host/sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "daemon/host/file_descriptor.h"
#include "tests/catch.h"
#include "tests/unit/host/temporary_folder.h"

using namespace hearsay;
using namespace hearsay::host;
using namespace std::chrono_literals;

namespace {

// What the service manager would be.
class Listener {
public:
    explicit Listener(const std::string& name)
        : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name[0] == '@') address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        REQUIRE(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    }
    // "" when nothing has come.
    std::string next() {
        char buffer[1000];
        const ssize_t size = recv(fd_.get(), buffer, sizeof buffer, 0);
        return size < 0 ? "" : std::string(buffer, static_cast<std::size_t>(size));
    }

private:
    FileDescriptor fd_;
};

}  // namespace

TEST_CASE("the service manager is told in its own words", "[host][notify]") {
    const TemporaryFolder folder;
    Listener listener(folder / "notify");
    SdNotify notify((folder / "notify").c_str(), nullptr, nullptr);
    notify.ready();
    notify.status("3 members, 2 links");
    notify.watchdog();
    notify.reloading(12s + 34us);
    notify.stopping();
    REQUIRE(listener.next() == "READY=1");
    REQUIRE(listener.next() == "STATUS=3 members, 2 links");
    REQUIRE(listener.next() == "WATCHDOG=1");
    REQUIRE(listener.next() == "RELOADING=1\nMONOTONIC_USEC=12000034");
    REQUIRE(listener.next() == "STOPPING=1");
}

TEST_CASE("the service manager may listen in the abstract namespace", "[host][notify]") {
    const std::string name = "@hearsay-test-" + std::to_string(getpid());
    Listener listener(name);
    SdNotify(name.c_str(), nullptr, nullptr).ready();
    REQUIRE(listener.next() == "READY=1");
}

TEST_CASE("without a service manager nothing happens", "[host][notify]") {
    SdNotify none(nullptr, "1000000", nullptr);
    REQUIRE_FALSE(none.is_active());
    REQUIRE_FALSE(none.watchdog_interval());
    none.ready();
    REQUIRE_FALSE(SdNotify("", nullptr, nullptr).is_active());
    REQUIRE_FALSE(SdNotify("relative", nullptr, nullptr).is_active());
}

TEST_CASE("a service manager that has gone is no error", "[host][notify]") {
    const TemporaryFolder folder;
    SdNotify((folder / "gone").c_str(), nullptr, nullptr).ready();
    SdNotify(("/" + std::string(300, 'x')).c_str(), nullptr, nullptr).ready();
    SUCCEED();
}

TEST_CASE("the watchdog is fed twice as often as asked", "[host][notify]") {
    const std::string self = std::to_string(getpid());
    REQUIRE(SdNotify("/x", "30000000", self.c_str()).watchdog_interval() == 15s);
    REQUIRE(SdNotify("/x", "30000000", nullptr).watchdog_interval() == 15s);
}

TEST_CASE("a watchdog for another process, or for nobody, is not fed", "[host][notify]") {
    REQUIRE_FALSE(SdNotify("/x", "30000000", "1").watchdog_interval());
    REQUIRE_FALSE(SdNotify("/x", nullptr, nullptr).watchdog_interval());
    REQUIRE_FALSE(SdNotify("/x", "0", nullptr).watchdog_interval());
    REQUIRE_FALSE(SdNotify("/x", "soon", nullptr).watchdog_interval());
}
