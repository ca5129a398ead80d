#include "daemon/host/api_access.h"

#include "tests/catch.h"

namespace hearsay::host {
namespace {

constexpr uid_t kDaemon = 900;

const AccountNames kNames{[](const std::string& name) -> std::optional<uid_t> {
                              if (name == "ann") return 1000;
                              if (name == "bob") return 1001;
                              return std::nullopt;
                          },
                          [](const std::string& name) -> std::optional<gid_t> {
                              if (name == "deployers") return 50;
                              return std::nullopt;
                          }};

}  // namespace

TEST_CASE("who may is decided by user, group and supplementary groups") {
    struct Row {
        std::vector<std::string> entries;
        Peer peer;
        bool is_allowed;
    };
    const std::vector<Row> rows{
        {{}, {1234, 1234, {}}, true},  // empty: everybody who could connect
        {{"ann"}, {1000, 1000, {}}, true},
        {{"ann"}, {1001, 1000, {}}, false},
        {{"ann", "bob"}, {1001, 1, {}}, true},
        {{"@deployers"}, {1234, 50, {}}, true},
        {{"@deployers"}, {1234, 1, {7, 50}}, true},
        {{"@deployers"}, {1234, 1, {7, 51}}, false},
        {{"@deployers"}, {50, 1, {}}, false},    // a user with the group's number
        {{"ann"}, {1234, 1000, {1000}}, false},  // a group with the user's number
        {{"ann"}, {0, 0, {}}, true},             // root
        {{"ann"}, {kDaemon, 900, {}}, true},     // the daemon's own user
        {{"nobody-here"}, {1234, 1234, {}}, false},
    };
    for (const Row& row : rows) {
        const AccessList list(row.entries, kDaemon, kNames);
        CAPTURE(row.entries, row.peer.uid, row.peer.gid, row.peer.groups);
        CHECK(list.allows(row.peer) == row.is_allowed);
    }
}

TEST_CASE("a list of unknown names lets nobody in, and says which they are") {
    const AccessList list({"ann", "nobody-here", "@no-group"}, kDaemon, kNames);
    CHECK(list.unknown() == std::vector<std::string>{"nobody-here", "@no-group"});
}

TEST_CASE("publishers and administrators are separate lists") {
    config::Api api;
    api.publishers = {"ann"};
    api.administrators = {"bob"};
    const ApiAccess access(api, kDaemon, kNames);
    CHECK(access.publishers.allows({1000, 1, {}}));
    CHECK_FALSE(access.administrators.allows({1000, 1, {}}));
    CHECK(access.administrators.allows({1001, 1, {}}));
}

TEST_CASE("the system knows root by name") {
    const AccountNames names = AccountNames::of_system();
    CHECK(names.user("root") == 0);
    CHECK(names.group("root") == 0);
    CHECK_FALSE(names.user("no such user, surely"));
    CHECK_FALSE(names.group("no such group, surely"));
}

}  // namespace hearsay::host
