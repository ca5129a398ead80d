#include "daemon/host/api_tags.h"

#include "tests/catch.h"

namespace hearsay::host {
namespace {

const Tags kTags{{"role", "web"}, {"rack", "7"}};

// The sentence with which a change is refused; empty: it is not.
std::string refusal(const std::vector<std::string>& set) {
    Tags tags = kTags;
    const auto error = set_tags(tags, set);
    if (!error) return "";
    CHECK(error->code == "bad_tag");
    return error->message;
}

}  // namespace

TEST_CASE("a tag that is set again keeps its place, others come at the end") {
    Tags tags = kTags;
    REQUIRE_FALSE(set_tags(tags, {"zone=a=b", "role=db", "empty="}));
    CHECK(tags == Tags{{"role", "db"}, {"rack", "7"}, {"zone", "a=b"}, {"empty", ""}});
}

TEST_CASE("what is no tag is refused with the rule it breaks") {
    CHECK(refusal({"role"}) == "\"role\" has no '='; a tag is written KEY=VALUE");
    CHECK_THAT(refusal({"Role=web"}), Catch::Contains("\"Role\" is no tag; 1 to 32 of a-z"));
    CHECK_THAT(refusal({"=web"}), Catch::Contains("is no tag"));
    CHECK_THAT(refusal({std::string(33, 'k') + "=v"}), Catch::Contains("is no tag"));
    CHECK_THAT(refusal({"k=" + std::string(129, 'v')}), Catch::Contains("129 bytes; at most 128"));
    CHECK_THAT(refusal({"k=a\tb"}), Catch::Contains("control characters"));
    CHECK_THAT(refusal({"k=1", "k=2"}), Catch::Contains("\"k\" is given twice"));
    CHECK(refusal({"k=" + std::string(128, 'v'), std::string(32, 'k') + "="}).empty());
}

TEST_CASE("a host has at most sixteen tags") {
    std::vector<std::string> set;
    for (int i = 0; i < 14; ++i) set.push_back("k" + std::to_string(i) + "=v");
    CHECK(refusal(set).empty());
    set.push_back("k14=v");
    CHECK_THAT(refusal(set), Catch::Contains("17 tags; a host has at most 16"));
}

TEST_CASE("tags are removed by key, and one that is not there is named") {
    Tags tags = kTags;
    REQUIRE_FALSE(remove_tags(tags, {"role"}));
    CHECK(tags == Tags{{"rack", "7"}});
    const auto error = remove_tags(tags, {"rock"});
    REQUIRE(error);
    CHECK(error->code == "no_such_tag");
    CHECK(error->message == "this host has no tag \"rock\" (did you mean \"rack\"?)");
}

}  // namespace hearsay::host
