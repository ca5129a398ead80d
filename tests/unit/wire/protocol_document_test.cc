#include <fstream>
#include <sstream>

#include "crypto/ids.h"
#include "tests/catch.h"
#include "tests/unit/wire/vectors.h"
#include "wire/limits.h"

// docs/PROTOCOL.md is what another implementation is written from: what it shows must be so.
namespace hearsay::wire {
namespace {

std::string document() {
    std::ifstream stream(HEARSAY_VECTORS "/../../docs/PROTOCOL.md");
    REQUIRE(stream);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

TEST_CASE("the dumps in the protocol document are the golden vectors", "[document]") {
    std::istringstream lines(document());
    std::string line;
    int dumps = 0;
    while (std::getline(lines, line)) {
        if (!line.starts_with("```vector ")) continue;
        std::istringstream title(line.substr(10));
        std::string file;
        std::string name;
        title >> file >> name;
        std::string hex;
        while (std::getline(lines, line) && line != "```") {
            hex += line.substr(0, line.find('#'));
            std::erase(hex, ' ');
        }
        INFO(file << ": " << name);
        CHECK(hex == crypto::to_hex(test::vector_of(file, name)));
        ++dumps;
    }
    CHECK(dumps >= 6);
}

TEST_CASE("the protocol document tells the uid of its batch", "[document]") {
    const std::string uid = crypto::to_hex(test::vector_of("wire_signed.txt", "uid"));
    CHECK(document().find(uid) != std::string::npos);
}

TEST_CASE("the protocol document states the sizes that are built in", "[document]") {
    const std::string text = document();
    const auto states = [&](const std::string& row) { return text.find(row) != std::string::npos; };
    STATIC_REQUIRE(kFrameSizeMax == 1152);
    CHECK(states("| frame header / frame / frames in a datagram | 8 / 1,152 / 64 |"));
    STATIC_REQUIRE(kChunkBudget == 900);
    STATIC_REQUIRE(kPathSizeMax == 12);
    STATIC_REQUIRE(kChunksPerBatchMax == 4096);
    CHECK(states("| chunk budget / path / chunks in a batch | 900 / 12 hashes / 4,096 |"));
    STATIC_REQUIRE(kPlaintextSizeDefault == 1164);
    STATIC_REQUIRE(kPlaintextSizeMax == 1416);
    CHECK(states("| plaintext, unprobed / at most | 1,164 / 1,416 |"));
    STATIC_REQUIRE(kPayloadSizeMax == 1'048'576);
    STATIC_REQUIRE(kBodySizeMax == 1'114'112);
    CHECK(states("| topic / payload / body | 255 / 1,048,576 / 1,114,112 |"));
    STATIC_REQUIRE(kAckRangesMax == 32);
    STATIC_REQUIRE(kCreditsMax == 8);
    CHECK(states("| ack ranges / credits | 32 / 8 |"));
    STATIC_REQUIRE(kStreamsPerFrameMax == 8);
    STATIC_REQUIRE(kRangesPerFrameMax == 32);
    CHECK(states("| streams / ranges in a Have or Want | 8 / 32 |"));
    STATIC_REQUIRE(kRecordBuckets == 64);
    STATIC_REQUIRE(kRecordsPerFrameMax == 16);
    CHECK(states("| record buckets / records in a frame | 64 / 16 |"));
    STATIC_REQUIRE(kWantedChunksMax == 16);
    STATIC_REQUIRE(kCandidatesMax == 16);
    STATIC_REQUIRE(kCodecsMax == 8);
    CHECK(states("| wanted chunks / candidates / codecs | 16 / 16 / 8 |"));
}

}  // namespace
}  // namespace hearsay::wire
