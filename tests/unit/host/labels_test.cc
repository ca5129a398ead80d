#include "daemon/host/labels.h"

#include "daemon/host/api_members.h"
#include "daemon/host/health.h"
#include "tests/catch.h"

namespace hearsay::host {
namespace {

gossip::MemberSnapshot member(const std::string& name, std::uint8_t first,
                              gossip::MemberState state = gossip::MemberState::alive) {
    gossip::MemberSnapshot result;
    result.id.bytes[0] = first;
    result.name = name;
    result.state = state;
    return result;
}

gossip::Snapshot snapshot_of(std::vector<gossip::MemberSnapshot> members) {
    gossip::Snapshot snapshot;
    snapshot.members = std::move(members);
    return snapshot;
}

std::string key(const gossip::MemberSnapshot& member, std::size_t size) {
    return crypto::to_text(member.id).substr(0, size);
}

}  // namespace

TEST_CASE("a name nobody shares is its own label") {
    const auto snapshot = snapshot_of({member("alpha", 1), member("beta", 2), member("", 3)});
    const auto labels = labels_of(snapshot);
    CHECK(labels.at(snapshot.members[0].id) == "alpha");
    CHECK(labels.at(snapshot.members[1].id) == "beta");
    CHECK(labels.at(snapshot.members[2].id).empty());
}

TEST_CASE("members of one name are told apart by four characters of their keys") {
    const auto snapshot = snapshot_of({member("alpha", 1), member("alpha", 200), member("x", 3)});
    const auto labels = labels_of(snapshot);
    CHECK(labels.at(snapshot.members[0].id) == "alpha#" + key(snapshot.members[0], 4));
    CHECK(labels.at(snapshot.members[1].id) == "alpha#" + key(snapshot.members[1], 4));
    CHECK(labels.at(snapshot.members[2].id) == "x");
}

TEST_CASE("keys that begin alike are shown for as long as they do") {
    auto one = member("alpha", 7);
    auto other = member("alpha", 7);
    one.id.bytes[4] = 1;
    other.id.bytes[4] = 200;
    const auto labels = labels_of(snapshot_of({one, other}));
    CHECK(labels.at(one.id) != labels.at(other.id));
    CHECK(labels.at(one.id) == "alpha#" + key(one, labels.at(one.id).size() - 6));
    CHECK(labels.at(one.id).size() > std::string("alpha#1234").size());
}

TEST_CASE("a failed member keeps its label but does not share its name any more") {
    const auto snapshot =
        snapshot_of({member("alpha", 1), member("alpha", 200, gossip::MemberState::failed)});
    CHECK(labels_of(snapshot).at(snapshot.members[0].id).starts_with("alpha#"));
    CHECK(find_shared_names(snapshot).empty());
}

TEST_CASE("names that several living members share are found, self first") {
    auto self = member("alpha", 200);
    self.is_self = true;
    const auto shared =
        find_shared_names(snapshot_of({self, member("alpha", 1), member("beta", 2),
                                       member("alpha", 3, gossip::MemberState::suspect)}));
    REQUIRE(shared.size() == 1);
    CHECK(shared[0].name == "alpha");
    REQUIRE(shared[0].members.size() == 3);
    CHECK(shared[0].members[0] == self.id);
}

TEST_CASE("a shared name is described with who shares it and where") {
    auto self = member("alpha", 200);
    self.is_self = true;
    auto other = member("alpha", 1);
    other.addresses = {Endpoint::ipv4(192, 0, 2, 9, 4327)};
    const auto described = describe_shared_names(snapshot_of({self, other}));
    REQUIRE(described.size() == 1);
    CHECK(described[0] == "2 members are called alpha: alpha#" + key(self, 4) +
                              " (this host), alpha#" + key(other, 4) + " at 192.0.2.9:4327");
}

TEST_CASE("a member is found by the label it is shown with") {
    const auto snapshot = snapshot_of({member("alpha", 1), member("alpha", 200)});
    crypto::NodeId id;
    for (const auto& wanted : snapshot.members) {
        CHECK_FALSE(find_member(snapshot, labels_of(snapshot).at(wanted.id), id));
        CHECK(id == wanted.id);
    }
    CHECK(find_member(snapshot, "alpha", id)->code == "ambiguous_member");
    CHECK(find_member(snapshot, "alpha#", id)->code == "no_such_member");
    CHECK(find_member(snapshot, "#" + key(snapshot.members[0], 4), id)->code == "no_such_member");
    CHECK(find_member(snapshot, "beta#" + key(snapshot.members[0], 4), id)->code ==
          "no_such_member");
}

TEST_CASE("a neighbour whose clock is far from the median is odd, unless the median is") {
    auto snapshot = snapshot_of({member("a", 1), member("b", 2), member("c", 3), member("d", 4)});
    snapshot.clock_offset_ms = 10;
    snapshot.members[0].clock_offset_ms = 12;
    snapshot.members[1].clock_offset_ms = -2500;
    snapshot.members[2].clock_offset_ms = 1009;  // 999 from the others
    auto odd = find_odd_clocks(snapshot);
    REQUIRE(odd.size() == 1);
    CHECK(odd[0].label == "b");
    CHECK(odd[0].offset_ms == -2510);
    snapshot.clock_offset_ms = -2500;
    CHECK(find_odd_clocks(snapshot).empty());
}

}  // namespace hearsay::host
