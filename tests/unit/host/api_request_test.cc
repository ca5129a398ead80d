#include "daemon/host/api_request.h"

#include <algorithm>
#include <random>

#include "tests/catch.h"

namespace hearsay::host {
namespace {

ApiRequest good(std::string_view line) {
    ApiRequest request;
    const auto problem = parse_api_request(line, request);
    INFO(line);
    INFO((problem ? problem->message : ""));
    REQUIRE_FALSE(problem);
    return request;
}

ApiProblem bad(std::string_view line) {
    ApiRequest request;
    const auto problem = parse_api_request(line, request);
    INFO(line);
    REQUIRE(problem);
    return *problem;
}

std::string pick(std::mt19937& random, const std::vector<std::string>& from) {
    return from[random() % from.size()];
}

// Lines near the shape of a publish: most are good, many are nearly so.
std::string random_line(std::mt19937& random) {
    static const std::vector<std::string> kMembers{R"("op":"publish")",
                                                   R"("op":"publish")",
                                                   R"("op": "status")",
                                                   R"("op":"publsh")",
                                                   R"("id":1)",
                                                   R"("id":"a b")",
                                                   R"("id":"a\"b")",
                                                   R"("id":-1)",
                                                   R"("id":01)",
                                                   R"("id":18446744073709551615)",
                                                   R"("id":9007199254740992)",
                                                   R"("id":1.5)",
                                                   R"("topic":"t")",
                                                   R"("topic" : "deploy/x")",
                                                   R"("topic":"\u00e9")",
                                                   R"("topic":"é")",
                                                   R"("topic":7)",
                                                   R"("size":0)",
                                                   R"("size":9)",
                                                   R"("size":1e3)",
                                                   R"("size":-4)",
                                                   R"("size":1048577)",
                                                   R"("sizes":[1,2,3])",
                                                   R"("sizes":[ 4 , 5 ])",
                                                   R"("sizes":[])",
                                                   R"("sizes":[1,"x"])",
                                                   R"("wait":false)",
                                                   R"("wait":true)",
                                                   R"("wait":falsey)",
                                                   R"("lifetime":60)",
                                                   R"("lifetime":1.5)",
                                                   R"("lifetime":-1)",
                                                   R"("api":1)",
                                                   R"("api":2)",
                                                   R"("extra":{"a":[1,[2]]})",
                                                   R"("topics":["a"])"};
    static const std::vector<std::string> kSpaces{"", "", "", " ", "\t", "\r"};
    std::vector<std::string> members{kMembers[random() % 4]};
    if (random() % 2 == 0) {
        members.push_back(R"("topic":"t")");
        members.push_back(pick(random, {R"("size":9)", R"("sizes":[1,2,3])"}));
    }
    for (std::size_t more = random() % 4; more > 0; --more)
        members.push_back(pick(random, kMembers));
    std::shuffle(members.begin(), members.end(), random);
    std::string line = pick(random, kSpaces) + "{";
    for (const std::string& member : members) {
        if (line.back() != '{') line += pick(random, kSpaces) + "," + pick(random, kSpaces);
        line += member;
    }
    line += "}" + pick(random, kSpaces);
    if (random() % 20 == 0) line.erase(random() % line.size(), 1);
    if (random() % 20 == 0) line.insert(random() % line.size(), 1, static_cast<char>(random()));
    return line;
}

}  // namespace

// Goal: the quick reader is only quick. Method: whenever it takes a line, the library must agree.
TEST_CASE("the fast path reads what the slow path reads") {
    const auto seed = GENERATE(take(1, random(1, 1'000'000)));
    CAPTURE(seed);
    std::mt19937 random_bits(static_cast<unsigned>(seed));
    int taken = 0;
    for (int round = 0; round < 50'000; ++round) {
        const std::string line = random_line(random_bits);
        ApiRequest fast;
        if (!parse_publish_fast(line, fast)) continue;
        ++taken;
        ApiRequest slow;
        const auto problem = parse_api_request_slow(line, slow);
        INFO(line);
        REQUIRE_FALSE(problem);
        REQUIRE(fast == slow);
    }
    CHECK(taken > 500);
}

TEST_CASE("ordinary publish lines take the fast path") {
    ApiRequest request;
    CHECK(parse_publish_fast(R"({"op":"publish","id":1,"topic":"deploy","size":9})", request));
    CHECK(parse_publish_fast(R"({"op": "publish", "topic": "a b", "sizes": [1, 2]})", request));
    CHECK(parse_publish_fast(R"({"size":0,"wait":false,"lifetime":5,"topic":"t","op":"publish"})",
                             request));
    CHECK(request.lifetime == std::chrono::seconds(5));
    CHECK_FALSE(request.wait);
}

TEST_CASE("storage reused from line to line keeps nothing of the line before") {
    ApiRequest request;
    REQUIRE(parse_publish_fast(R"({"op":"publish","id":1,"topic":"a","sizes":[1,2],"wait":false})",
                               request));
    REQUIRE(parse_publish_fast(R"({"op":"publish","topic":"b","size":3})", request));
    CHECK(request.id.empty());
    CHECK(request.wait);
    CHECK(request.sizes == std::vector<std::uint64_t>{3});
    CHECK_FALSE(request.has_sizes);
}

TEST_CASE("every operation is read by its name") {
    for (std::size_t i = 0; i < static_cast<std::size_t>(ApiOp::count_); ++i) {
        const auto op = static_cast<ApiOp>(i);
        CHECK(op_from(name_of(op)) == op);
    }
    CHECK_FALSE(op_from("dance"));
}

TEST_CASE("ids come back as they were sent") {
    CHECK(good(R"({"op":"ping","id":"x\ny"})").id == R"("x\ny")");
    CHECK(good(R"({"op":"ping","id":-5})").id == "-5");
    CHECK(good(R"({"op":"ping","id":18446744073709551615})").id == "18446744073709551615");
    CHECK(good(R"({"op":"ping"})").id.empty());
}

TEST_CASE("an id that is no integer or short string is refused") {
    CHECK(bad(R"({"op":"ping","id":1.5})").code == "bad_request");
    CHECK(bad(R"({"op":"ping","id":[1]})").code == "bad_request");
    CHECK(bad(R"({"op":"ping","id":")" + std::string(65, 'x') + "\"}").code == "bad_request");
}

TEST_CASE("escaped topics are read as the text they stand for") {
    CHECK(good(R"({"op":"publish","topic":"\u00e9\ud83d\ude00","size":1})").topic ==
          "\xc3\xa9\xf0\x9f\x98\x80");
}

TEST_CASE("what is no JSON object is bad_json and not fatal") {
    for (const char* const line : {"hello", "[1]", "1", "\"x\"", "{", "{\"op\":}", "{} {}",
                                   "{\"op\":\"ping\"} x", "\xff", "{\"op\":\"\xff\"}"}) {
        const ApiProblem problem = bad(line);
        CHECK(problem.code == "bad_json");
        CHECK_FALSE(problem.is_fatal);
    }
}

TEST_CASE("nesting up to 8 is read and deeper is refused before it costs anything") {
    const auto nested = [](std::size_t depth) {
        return R"({"op":"ping","x":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') +
               "}";
    };
    CHECK(bad(nested(8)).code == "bad_request");
    CHECK(bad(nested(9)).code == "too_deep");
    CHECK(bad(std::string(60'000, '[')).code == "bad_json");
    CHECK(bad("{\"x\":" + std::string(60'000, '[')).code == "too_deep");
}

TEST_CASE("a misspelt key or operation is named with a suggestion") {
    const ApiProblem key = bad(R"({"op":"publish","id":3,"topc":"t","size":1})");
    CHECK(key.code == "bad_request");
    CHECK(key.id == "3");
    CHECK_THAT(key.message, Catch::Contains("topc") && Catch::Contains("did you mean \"topic\""));
    const ApiProblem op = bad(R"({"op":"subscirbe","topics":["a"]})");
    CHECK(op.code == "unknown_op");
    CHECK_THAT(op.message, Catch::Contains("did you mean \"subscribe\""));
}

TEST_CASE("what an operation needs is asked for") {
    for (const char* const line :
         {R"({"op":"publish","size":1})", R"({"op":"publish","topic":"t"})",
          R"({"op":"subscribe"})", R"({"op":"connect"})", R"({"op":"disconnect"})",
          R"({"op":"network.create"})", R"({"op":"network.open"})", R"({"op":"network.join"})",
          R"({"op":"network.rotate"})", R"({"id":1})"})
        CHECK(bad(line).code == "bad_request");
}

TEST_CASE("values of the wrong type are refused by key") {
    for (const char* const line :
         {R"({"op":1})", R"({"op":"ping","wait":1})", R"({"op":"subscribe","topics":"a"})",
          R"({"op":"subscribe","topics":[1]})", R"({"op":"subscribe","topics":{"a":"b"}})",
          R"({"op":"subscribe","topics":[["a"],"b"]})", R"({"op":"connect","address":null})",
          R"({"op":"publish","topic":["t"],"size":1})", R"({"op":"ping","lifetime":"60s"})",
          R"({"op":"ping","lifetime":1e300})"}) {
        CAPTURE(line);
        CHECK(bad(line).code == "bad_request");
    }
}

TEST_CASE("sizes that cannot be understood are fatal") {
    for (const char* const line :
         {R"({"op":"publish","topic":"t","size":-1})", R"({"op":"publish","topic":"t","size":"9"})",
          R"({"op":"publish","topic":"t","size":1.5})", R"({"op":"x","size":9007199254740992})",
          R"({"op":"publish","topic":"t","sizes":[1,-1]})", R"({"op":"x","sizes":3})",
          R"({"op":"publish","topic":"t","size":1,"sizes":[1]})",
          R"({"op":"publish","topic":"t","size":1,"size":2})", R"({"size":[1]})",
          R"({"op":"x","sizes":{"a":1}})"}) {
        CAPTURE(line);
        const ApiProblem problem = bad(line);
        CHECK(problem.code == "bad_size");
        CHECK(problem.is_fatal);
    }
}

TEST_CASE("a refused line still tells what follows it") {
    ApiRequest request;
    REQUIRE(parse_api_request(R"({"op":"dance","size":5})", request));
    CHECK(request.sizes == std::vector<std::uint64_t>{5});
    REQUIRE(parse_api_request(R"({"op":"ping","sizes":[5,6]})", request)->code == "bad_request");
    CHECK(request.sizes == std::vector<std::uint64_t>{5, 6});
}

TEST_CASE("another version of the API is refused") {
    CHECK(bad(R"({"op":"ping","api":2})").code == "unsupported_api");
    CHECK(good(R"({"op":"ping","api":1})").op == ApiOp::ping);
}

TEST_CASE("one publish carries at most 1,024 messages") {
    const auto line = [](std::size_t count) {
        std::string text = R"({"op":"publish","topic":"t","sizes":[0)";
        for (std::size_t i = 1; i < count; ++i) text += ",0";
        return text + "]}";
    };
    CHECK(good(line(1024)).sizes.size() == 1024);
    CHECK(bad(line(1025)).code == "bad_request");
}

TEST_CASE("fractions of a second are lifetimes") {
    CHECK(good(R"({"op":"publish","topic":"t","size":0,"lifetime":1.25})").lifetime ==
          std::chrono::milliseconds(1250));
}

}  // namespace hearsay::host
