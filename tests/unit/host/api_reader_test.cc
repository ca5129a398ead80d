#include "daemon/host/api_reader.h"

#include "tests/catch.h"
#include "wire/limits.h"

namespace hearsay::host {
namespace {

// What a reader made of its input, one word a step.
struct Transcript {
    std::vector<std::string> steps;

    void drain(ApiReader& reader) {
        while (true) {
            switch (reader.next()) {
                case ApiReader::Step::nothing:
                    return;
                case ApiReader::Step::request:
                    steps.push_back("request " + std::string(name_of(reader.request().op)));
                    break;
                case ApiReader::Step::payload:
                    steps.push_back(std::to_string(reader.payload_index()) +
                                    (reader.is_payload_too_large()
                                         ? std::string(" too large")
                                         : "=" + std::string(text_of(reader.payload()))));
                    break;
                case ApiReader::Step::problem:
                    steps.push_back("problem " + std::string(reader.problem().code));
                    break;
            }
        }
    }
};

std::vector<std::string> read(std::string_view input) {
    ApiReader reader;
    Transcript transcript;
    reader.feed(bytes_of(input));
    transcript.drain(reader);
    return transcript.steps;
}

std::vector<std::string> read_in_pieces(std::string_view input, std::size_t piece) {
    ApiReader reader;
    Transcript transcript;
    for (std::size_t at = 0; at < input.size(); at += piece) {
        reader.feed(bytes_of(input.substr(at, piece)));
        transcript.drain(reader);
    }
    return transcript.steps;
}

const std::string kMixed =
    "{\"op\":\"ping\"}\n"
    "{\"op\":\"publish\",\"topic\":\"t\",\"size\":5}\na\nb\n}"
    "{\"op\":\"publish\",\"topic\":\"t\",\"sizes\":[2,0,3]}\n{}\n\n\n"
    "nonsense\n"
    "\r\n"
    "{\"op\":\"dance\",\"size\":4}\nskip{\"op\":\"key\"}\r\n";

const std::vector<std::string> kMixedSteps{
    "request ping", "request publish", "0=a\nb\n}",        "request publish",    "0={}",
    "1=",           "2=\n\n\n",        "problem bad_json", "problem unknown_op", "request key"};

}  // namespace

TEST_CASE("requests, payloads and mistakes are told apart") { CHECK(read(kMixed) == kMixedSteps); }

TEST_CASE("input split at every byte reads the same") {
    for (std::size_t at = 0; at <= kMixed.size(); ++at) {
        ApiReader reader;
        Transcript transcript;
        reader.feed(bytes_of(std::string_view(kMixed).substr(0, at)));
        transcript.drain(reader);
        reader.feed(bytes_of(std::string_view(kMixed).substr(at)));
        transcript.drain(reader);
        CAPTURE(at);
        REQUIRE(transcript.steps == kMixedSteps);
    }
}

TEST_CASE("input in pieces of any size reads the same") {
    for (std::size_t piece = 1; piece < 40; ++piece) {
        CAPTURE(piece);
        REQUIRE(read_in_pieces(kMixed, piece) == kMixedSteps);
    }
}

TEST_CASE("a payload may hold any bytes") {
    std::string payload;
    for (int i = 0; i < 256; ++i) payload += static_cast<char>(i);
    const auto steps = read("{\"op\":\"publish\",\"topic\":\"t\",\"size\":256}\n" + payload +
                            "{\"op\":\"ping\"}\n");
    REQUIRE(steps.size() == 3);
    CHECK(steps[1] == "0=" + payload);
    CHECK(steps[2] == "request ping");
}

TEST_CASE("a line of 64 KiB is read and a longer one is skipped to its end with one error") {
    const auto line = [](std::size_t size) {
        const std::string head = "{\"op\":\"ping\"";
        return head + std::string(size - head.size() - 1, ' ') + "}\n";
    };
    CHECK(read(line(kApiLineSizeMax)) == std::vector<std::string>{"request ping"});
    const std::vector<std::string> expected{"problem line_too_long", "request ping"};
    CHECK(read(line(kApiLineSizeMax + 1) + line(20)) == expected);
    CHECK(read_in_pieces(line(kApiLineSizeMax * 3) + line(20), 4096) == expected);
}

TEST_CASE("a line without end holds no memory beyond its bound") {
    ApiReader reader;
    Transcript transcript;
    const std::string piece(4096, 'x');
    for (int i = 0; i < 1000; ++i) {
        reader.feed(bytes_of(piece));
        transcript.drain(reader);
        REQUIRE(reader.buffered() <= kApiLineSizeMax + piece.size());
    }
    CHECK(transcript.steps == std::vector<std::string>{"problem line_too_long"});
}

TEST_CASE("a payload over 1 MiB is skipped and what follows is read") {
    const std::size_t size = wire::kPayloadSizeMax + 1;
    const std::string input = "{\"op\":\"publish\",\"topic\":\"t\",\"sizes\":[1," +
                              std::to_string(size) + ",1]}\na" + std::string(size, 'x') +
                              "b{\"op\":\"ping\"}\n";
    const std::vector<std::string> expected{"request publish", "0=a", "1 too large", "2=b",
                                            "request ping"};
    CHECK(read(input) == expected);
    CHECK(read_in_pieces(input, 65536) == expected);
}

TEST_CASE("a payload of exactly 1 MiB is read") {
    const std::string payload(wire::kPayloadSizeMax, 'y');
    const auto steps =
        read_in_pieces("{\"op\":\"publish\",\"topic\":\"t\",\"size\":1048576}\n" + payload, 65536);
    REQUIRE(steps.size() == 2);
    CHECK(steps[1] == "0=" + payload);
}

TEST_CASE("what follows a refused request without bytes is read at once") {
    CHECK(read("{\"op\":\"dance\",\"sizes\":[0,0]}\n{\"op\":\"ping\"}\n") ==
          std::vector<std::string>{"problem unknown_op", "request ping"});
}

TEST_CASE("sizes beyond all numbers are skipped for ever, not wrapped around") {
    std::string sizes = "9007199254740991";
    for (int i = 0; i < 3000; ++i) sizes += ",9007199254740991";
    CHECK(read("{\"op\":\"dance\",\"sizes\":[" + sizes + "]}\n" + std::string(100, '\n') +
               "{\"op\":\"ping\"}\n") == std::vector<std::string>{"problem unknown_op"});
}

TEST_CASE("nothing is read after a size that cannot be understood") {
    CHECK(read("{\"op\":\"publish\",\"topic\":\"t\",\"size\":-1}\n{\"op\":\"ping\"}\n") ==
          std::vector<std::string>{"problem bad_size"});
}

TEST_CASE("a payload held back is still there after more input") {
    ApiReader reader;
    reader.feed(bytes_of("{\"op\":\"publish\",\"topic\":\"t\",\"size\":3}\nabc"));
    REQUIRE(reader.next() == ApiReader::Step::request);
    REQUIRE(reader.next() == ApiReader::Step::payload);
    reader.feed(bytes_of(std::string(100'000, ' ') + "\n"));
    CHECK(text_of(reader.payload()) == "abc");
    CHECK(reader.next() == ApiReader::Step::problem);  // line_too_long: the spaces
}

}  // namespace hearsay::host
