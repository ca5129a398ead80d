#include "daemon/host/codec_plugins.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "daemon/host/log.h"
#include "daemon/host/startup_error.h"
#include "tests/catch.h"
#include "tests/unit/host/temporary_folder.h"
#include "wire/codec_plugin.h"
#include "wire/sample_frames.h"

using namespace hearsay;
using namespace hearsay::host;

namespace {

std::string plugin(const std::string& name) { return HEARSAY_PLUGINS "/" + name + ".so"; }

// What load_codec() says of the file; empty: it has loaded.
std::string problem_of(const std::string& path) {
    std::string problem;
    const auto codec = load_codec(path, problem);
    CHECK((codec == nullptr) == !problem.empty());
    return problem;
}

struct Made {
    std::vector<std::string> names;
    std::string error;
    std::string log;
};

Made make(std::vector<std::string> codecs, std::vector<std::string> plugins) {
    Made made;
    Log log(config::LogLevel::info, false, [] { return Instant{}; },
            [&](std::string_view line) { made.log += line; });
    config::Wire wire;
    wire.codecs = std::move(codecs);
    wire.plugins = std::move(plugins);
    try {
        const wire::CodecRegistry registry = make_codecs(wire, log);
        for (const auto& codec : registry.all()) made.names.emplace_back(codec->name());
    } catch (const StartupError& error) {
        CHECK(error.exit_code() == kExitConfig);
        made.error = error.what();
    }
    return made;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a codec is loaded from a shared object and works", "[host][plugins]") {
    std::string problem;
    const auto codec = load_codec(plugin("plain"), problem);
    REQUIRE(problem.empty());
    CHECK(codec->id() == 200);
    CHECK(codec->name() == "plain");
    const auto sample = wire::SampleFrames(1).heartbeat(wire::SampleFrames::Values::random);
    Bytes bytes(wire::kFrameSizeMax);
    bytes.resize(codec->encode(sample.frame, bytes));
    wire::FrameArena arena;
    wire::Frame frame;
    REQUIRE(codec->decode(bytes, arena, frame));
    CHECK(std::get<wire::Heartbeat>(frame).sent_us ==
          std::get<wire::Heartbeat>(sample.frame).sent_us);
}

TEST_CASE("what cannot be loaded is told in a sentence", "[host][plugins]") {
    TemporaryFolder folder;
    CHECK(problem_of(folder / "none.so") == "there is no such file");
    CHECK(problem_of(folder.path()) == "is no file but a folder or a device");
    std::ofstream(folder / "text.so") << "not a shared object, however long it may be\n";
    CHECK_THAT(problem_of(folder / "text.so"),
               Catch::StartsWith("cannot be loaded as a shared object: "));
    CHECK(problem_of(plugin("no_symbol")) ==
          "is no codec of hearsay: it has no symbol hearsay_codec_plugin_v1");
    CHECK_THAT(problem_of(plugin("other_edition")),
               Catch::StartsWith("was built for edition 2 of the codec interface, this hearsayd "
                                 "has edition 1"));
    CHECK_THAT(problem_of(plugin("other_layout")),
               Catch::StartsWith("was built with other headers or another compiler"));
    CHECK(problem_of(plugin("no_codec")) == "makes no codec");
    CHECK_THAT(problem_of(plugin("no_name")), Catch::StartsWith("has a codec without a proper"));
    CHECK_THAT(problem_of(plugin("swaps_fields")),
               Catch::StartsWith("failed its self-test, ") &&
                   Catch::Contains("more); `hearsay-codec-check` tells all of it"));
}

TEST_CASE("a file that everybody can replace is not loaded", "[host][plugins]") {
    TemporaryFolder folder;
    const std::string copy = folder / "plain.so";
    std::filesystem::copy_file(plugin("plain"), copy);
    REQUIRE(chmod(copy.c_str(), 0646) == 0);
    CHECK_THAT(problem_of(copy), Catch::Contains("every user of this host can replace it"));
    REQUIRE(chmod(copy.c_str(), 0644) == 0);
    CHECK(problem_of(copy).empty());
}

TEST_CASE("the configuration chooses codecs by name and in order", "[host][plugins]") {
    CHECK(make({"flatbuffers"}, {}).names == Names{"flatbuffers"});
    CHECK(make({"plain", "flatbuffers"}, {plugin("plain")}).names ==
          Names{"plain", "flatbuffers"});
    CHECK(make({"flatbuffers", "plain"}, {plugin("plain")}).names ==
          Names{"flatbuffers", "plain"});
    CHECK(make({"plain"}, {plugin("plain")}).names == Names{"plain"});
}

TEST_CASE("a codec that nobody has is named beside those there are", "[host][plugins]") {
    CHECK(make({"protobuf"}, {}).error == "wire.codecs: there is no codec protobuf; there are: "
                                          "flatbuffers (others come with wire.plugins)");
    CHECK(make({"protobuf"}, {plugin("plain")}).error ==
          "wire.codecs: there is no codec protobuf; there are: flatbuffers, plain");
}

TEST_CASE("a plugin that nobody is offered is warned about", "[host][plugins]") {
    const Made made = make({"flatbuffers"}, {plugin("plain")});
    CHECK(made.names == Names{"flatbuffers"});
    CHECK_THAT(made.log, Catch::Contains("wire.codecs does not name its codec plain"));
    CHECK(make({"plain"}, {plugin("plain")}).log.empty());
}

TEST_CASE("a plugin that cannot be used stops the start and is named", "[host][plugins]") {
    const auto names = Names{"flatbuffers"};
    CHECK_THAT(make(names, {"/nowhere/codec.so"}).error,
               Catch::Equals("wire.plugins: /nowhere/codec.so: there is no such file"));
    CHECK_THAT(make(names, {plugin("taken_id")}).error,
               Catch::EndsWith("its codec faulty has the id 1, as flatbuffers has, which is "
                               "built in"));
    CHECK_THAT(make(names, {plugin("taken_name")}).error,
               Catch::EndsWith("its codec is called flatbuffers, as another is, which is built "
                               "in"));
    CHECK_THAT(make(names, {plugin("slow_to_lie"), plugin("no_codec")}).error,
               Catch::EndsWith("no_codec.so: makes no codec"));
}

// Goal: what a self-test did not find costs a frame, not the daemon. Method: a codec that is
// sound until it meets one topic, and then shows memory that is not the datagram's.
TEST_CASE("a loaded codec that begins to lie is stopped by its guard", "[host][plugins]") {
    std::string problem;
    const auto codec = load_codec(plugin("slow_to_lie"), problem);
    REQUIRE(problem.empty());
    wire::Chunk chunk;
    Bytes bytes(wire::kFrameSizeMax);
    wire::FrameArena arena;
    wire::Frame frame;
    const auto survives = [&](std::string_view topic) {
        chunk.header.topic = topic;
        const std::size_t size = codec->encode(chunk, bytes);
        REQUIRE(size > 0);
        return codec->decode(ByteView(bytes).first(size), arena, frame);
    };
    CHECK(survives("truth"));
    CHECK_FALSE(survives("lie"));
    CHECK(survives("truth"));
}

TEST_CASE("codecs are told by name where one is known", "[host][plugins]") {
    std::string problem;
    wire::CodecRegistry ours;
    ours.add(wire::make_flatbuffers_codec());
    ours.add(load_codec(plugin("plain"), problem));
    CHECK(codec_names(ours) == "flatbuffers, plain");
    CHECK(codec_names(std::vector<wire::CodecId>{2, 200, 77, 1}, ours) ==
          "protobuf, plain, number 77, flatbuffers");
}

// Goal: nobody changes a frame and forgets that plugins were built with the old one.
TEST_CASE("the layout of frames belongs to the edition of the interface", "[host][plugins]") {
    if (sizeof(void*) == 8 && wire::kCodecAbi == 1)
        CHECK(wire::frame_layout() == 0xa0e3441519ce172d);
}
