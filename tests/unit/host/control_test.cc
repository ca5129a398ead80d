#include "daemon/host/control.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "daemon/host/control_socket.h"
#include "daemon/host/loop.h"
#include "daemon/host/startup_error.h"
#include "tests/catch.h"
#include "tests/unit/host/api_fake.h"

namespace hearsay::host {
namespace {

struct TemporaryFolder {
    std::string path;
    TemporaryFolder() {
        std::string pattern = "/tmp/hearsay-control-XXXXXX";
        path = mkdtemp(pattern.data());
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path); }
};

config::Api api_at(const std::string& path) {
    config::Api api;
    api.socket = path;
    api.group = "";
    return api;
}

const std::function<void(std::string_view)> kQuiet = [](std::string_view) {};

FileDescriptor connected(const std::string& path) {
    FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return fd;
}

// A control on a socket of its own, driven turn by turn.
struct Fixture {
    TemporaryFolder folder;
    Loop loop;
    FakeTarget* target = new FakeTarget;  // the control's
    std::string path = folder.path + "/api.sock";
    std::optional<Control> control;

    explicit Fixture(std::uint32_t clients = 256) {
        target->configuration.api = api_at(path);
        target->configuration.api.clients = clients;
        control.emplace(loop, std::unique_ptr<ApiTarget>(target), target->configuration, kQuiet);
    }
    void turn(int count = 5) {
        for (int i = 0; i < count; ++i) loop.run_once();
    }
    // Everything that can be read without waiting; "<end>" at the end.
    std::string read(const FileDescriptor& fd) {
        turn();
        std::string all;
        std::array<char, 65536> buffer;
        ssize_t size = 0;
        while ((size = recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
            all.append(buffer.data(), static_cast<std::size_t>(size));
            turn(1);
        }
        return size == 0 ? all + "<end>" : all;
    }
    static void write(const FileDescriptor& fd, std::string_view bytes) {
        REQUIRE(send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
    }
};

}  // namespace

TEST_CASE("requests over the socket are answered") {
    Fixture f;
    const FileDescriptor client = connected(f.path);
    Fixture::write(client, "{\"op\":\"ping\",\"id\":1}\n{\"op\":\"ping\",\"id\":2}\n");
    CHECK(f.read(client) == "{\"id\":1,\"ok\":true}\n{\"id\":2,\"ok\":true}\n");
}

TEST_CASE("a client that shuts its sending side down is answered and then closed") {
    Fixture f;
    const FileDescriptor client = connected(f.path);
    Fixture::write(client, "{\"op\":\"ping\"}\n");
    shutdown(client.get(), SHUT_WR);
    CHECK(f.read(client) == "{\"ok\":true}\n<end>");
    CHECK(f.control->client_count() == 0);
}

TEST_CASE("a message reaches every subscriber over its socket") {
    Fixture f;
    const FileDescriptor one = connected(f.path);
    const FileDescriptor two = connected(f.path);
    for (const auto* const client : {&one, &two}) {
        Fixture::write(*client, "{\"op\":\"subscribe\",\"topics\":[\"t\"]}\n");
        f.read(*client);
    }
    f.control->handle_delivery(delivery("t", "hello"));
    const std::string first = f.read(one);
    CHECK_THAT(first, Catch::EndsWith("\"size\":5}\nhello"));
    CHECK(f.read(two) == first);
}

TEST_CASE("a reader that never reads costs a bounded queue and does not slow another") {
    Fixture f;
    const FileDescriptor slow = connected(f.path);
    const FileDescriptor quick = connected(f.path);
    for (const auto* const client : {&slow, &quick}) {
        Fixture::write(*client, "{\"op\":\"subscribe\",\"topics\":[\"t\"]}\n");
        f.read(*client);
    }
    const std::string payload(100'000, 'x');
    for (int i = 0; i < 200; ++i) {
        f.control->handle_delivery(delivery("t", payload));
        CHECK_THAT(f.read(quick), Catch::EndsWith(payload));
    }
    const std::string late = f.read(slow);
    CHECK(late.size() < (9 << 20));
    CHECK_THAT(late, Catch::Contains("{\"event\":\"lagged\",\"messages\":"));
}

TEST_CASE("a connection over the limit is told so and closed") {
    Fixture f(2);
    const FileDescriptor one = connected(f.path);
    const FileDescriptor two = connected(f.path);
    f.turn();
    const FileDescriptor three = connected(f.path);
    const std::string answer = f.read(three);
    CHECK_THAT(answer, Catch::Contains("too_many_clients") && Catch::EndsWith("<end>"));
    Fixture::write(one, "{\"op\":\"ping\"}\n");
    CHECK(f.read(one) == "{\"ok\":true}\n");
}

TEST_CASE("a size that cannot be understood is answered and the connection closed") {
    Fixture f;
    const FileDescriptor client = connected(f.path);
    Fixture::write(client, "{\"op\":\"publish\",\"topic\":\"t\",\"size\":-1}\n");
    CHECK_THAT(f.read(client), Catch::Contains("bad_size") && Catch::EndsWith("<end>"));
    CHECK(f.control->client_count() == 0);
}

TEST_CASE("leave is answered before the daemon stops") {
    Fixture f;
    const FileDescriptor client = connected(f.path);
    Fixture::write(client, "{\"op\":\"leave\"}\n");
    CHECK(f.read(client) == "{\"ok\":true}\n");
    CHECK(f.target->calls == std::vector<std::string>{"stop"});
}

TEST_CASE("a publish that waited is taken up when there is room") {
    Fixture f;
    f.target->room = 0;
    const FileDescriptor client = connected(f.path);
    Fixture::write(client, "{\"op\":\"publish\",\"topic\":\"t\",\"size\":1}\nx");
    f.turn();
    CHECK(f.target->published.empty());
    f.target->room = 1;
    f.control->handle_room();
    CHECK(f.target->published.empty());  // only from a later turn
    f.turn();
    REQUIRE(f.target->published.size() == 1);
    f.control->handle_event(FakeTarget::accepted(1));
    CHECK_THAT(f.read(client), Catch::Contains("\"message\""));
}

TEST_CASE("many more publishes than may wait are all answered") {
    Fixture f;
    const FileDescriptor client = connected(f.path);
    std::string requests;
    for (int i = 0; i < 3000; ++i) requests += "{\"op\":\"publish\",\"topic\":\"t\",\"size\":0}\n";
    std::size_t sent = 0;
    std::size_t accepted = 0;
    std::string replies;
    for (int round = 0; round < 2000 && accepted < 3000; ++round) {
        const ssize_t size = send(client.get(), requests.data() + sent, requests.size() - sent,
                                  MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size > 0) sent += static_cast<std::size_t>(size);
        f.turn(1);
        while (accepted < f.target->published.size())
            f.control->handle_event(FakeTarget::accepted(++accepted));
        replies += f.read(client);
    }
    CHECK(std::count(replies.begin(), replies.end(), '\n') == 3000);
}

TEST_CASE("stopping closes the connections and removes the socket") {
    Fixture f;
    const FileDescriptor client = connected(f.path);
    f.turn();
    f.control->stop();
    CHECK(f.read(client) == "<end>");
    CHECK_FALSE(std::filesystem::exists(f.path));
    f.control->handle_room();
    f.control->handle_delivery(delivery("t", ""));
}

// ---- the socket as a file

TEST_CASE("the socket is for its owner alone when there is no group") {
    TemporaryFolder folder;
    const std::string path = folder.path + "/sub/api.sock";  // the folder is made
    const ControlSocket socket(api_at(path), AccountNames::of_system(), kQuiet);
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("the socket is for the group of the configuration") {
    TemporaryFolder folder;
    config::Api api = api_at(folder.path + "/api.sock");
    api.group = "ours";
    AccountNames names = AccountNames::of_system();
    names.group = [](const std::string&) { return std::optional(getgid()); };
    const ControlSocket socket(api, names, kQuiet);
    struct stat status {};
    REQUIRE(stat(api.socket.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0660);
    CHECK(status.st_gid == getgid());
}

TEST_CASE("a missing group is warned of and does not keep the daemon from running") {
    TemporaryFolder folder;
    config::Api api = api_at(folder.path + "/api.sock");
    api.group = "no-such-group-here";
    std::string warning;
    const ControlSocket socket(api, AccountNames::of_system(),
                               [&](std::string_view text) { warning = text; });
    CHECK_THAT(warning, Catch::Contains("no-such-group-here"));
    CHECK(connected(api.socket).is_open());
}

TEST_CASE("a socket that nothing listens on is replaced") {
    TemporaryFolder folder;
    const config::Api api = api_at(folder.path + "/api.sock");
    {
        FileDescriptor dead(socket(AF_UNIX, SOCK_STREAM, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, api.socket.data(), api.socket.size());
        REQUIRE(bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }
    const ControlSocket socket(api, AccountNames::of_system(), kQuiet);
    CHECK(connected(api.socket).is_open());
}

TEST_CASE("a socket that another daemon listens on is left alone") {
    TemporaryFolder folder;
    const config::Api api = api_at(folder.path + "/api.sock");
    const ControlSocket first(api, AccountNames::of_system(), kQuiet);
    try {
        const ControlSocket second(api, AccountNames::of_system(), kQuiet);
        FAIL("two daemons on one socket");
    } catch (const StartupError& error) {
        CHECK(error.exit_code() == kExitUnavailable);
        CHECK_THAT(error.what(), Catch::Contains("another hearsayd is listening"));
    }
    CHECK(connected(api.socket).is_open());
}

TEST_CASE("a file that is no socket is left alone") {
    TemporaryFolder folder;
    const config::Api api = api_at(folder.path + "/api.sock");
    std::ofstream(api.socket) << "precious";
    CHECK_THROWS_AS(ControlSocket(api, AccountNames::of_system(), kQuiet), StartupError);
    CHECK(std::filesystem::file_size(api.socket) == 8);
}

TEST_CASE("a path too long for a socket is refused by name") {
    TemporaryFolder folder;
    const config::Api api = api_at(folder.path + "/" + std::string(120, 'x'));
    CHECK_THROWS_WITH(ControlSocket(api, AccountNames::of_system(), kQuiet),
                      Catch::Contains("longer than 107 bytes"));
}

TEST_CASE("the kernel says who is connected") {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    const FileDescriptor one(ends[0]);
    const FileDescriptor two(ends[1]);
    Peer peer;
    REQUIRE(read_peer(one.get(), peer));
    CHECK(peer.uid == getuid());
    CHECK(peer.gid == getgid());
}

}  // namespace hearsay::host
