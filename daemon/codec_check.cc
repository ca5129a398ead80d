#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "config/version.h"
#include "daemon/host/codec_plugins.h"
#include "wire/codec_check.h"
#include "wire/sample_frames.h"

namespace hearsay::host {
namespace {

constexpr int kExitUsage = 64;  // sysexits.h
constexpr unsigned long kSeedsMax = 10'000;

constexpr const char* kUsage =
    "Usage: hearsay-codec-check [--seeds N] FILE\n"
    "Puts the codec of a shared object through the conformance kit of hearsay: what hearsayd asks\n"
    "when it loads one, and much more. Prints each problem; exits with 0 when there is none, with\n"
    "1 else, with 2 when the file cannot be loaded.\n"
    "  --seeds N  as many rounds of random frames (3)\n"
    "  --version, --help\n";

struct Arguments {
    unsigned long seeds = 3;
    std::string file;
};

// The exit code when there is nothing more to do, -1 else.
int parse(int count, char** words, Arguments& arguments) {
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--version") {
            std::printf("hearsay-codec-check %s\n", config::kVersion);
            return 0;
        }
        if (word == "--help") {
            std::fputs(kUsage, stdout);
            return 0;
        }
        if (word == "--seeds" && i + 1 < count) {
            char* end = nullptr;
            arguments.seeds = std::strtoul(words[++i], &end, 10);
            if (*end == 0 && arguments.seeds >= 1 && arguments.seeds <= kSeedsMax) continue;
            std::fprintf(stderr, "hearsay-codec-check: --seeds is a number from 1 to 10000\n");
            return kExitUsage;
        }
        if (word.starts_with('-') || !arguments.file.empty()) {
            std::fprintf(stderr, "hearsay-codec-check: %s was not expected\n%s", words[i], kUsage);
            return kExitUsage;
        }
        // Without a slash the linker would look among the system's libraries.
        arguments.file = std::filesystem::absolute(word).string();
    }
    if (!arguments.file.empty()) return -1;
    std::fputs(kUsage, stderr);
    return kExitUsage;
}

void print_sizes(wire::Codec& codec) {
    Bytes memory(wire::kFrameSizeMax);
    wire::SampleFrames samples(1);
    const auto size_of = [&](const wire::SampleFrame& sample) {
        return codec.encode(sample.frame, memory);
    };
    const auto values = wire::SampleFrames::Values::random;
    std::printf("bytes: chunk of 890 %zu, ack of 2 ranges %zu, heartbeat %zu\n",
                size_of(samples.chunk(values, {6, 890, 0, true})),
                size_of(samples.ack(values, 2, 0)), size_of(samples.heartbeat(values)));
}

int run(int count, char** words) {
    Arguments arguments;
    if (const int done = parse(count, words, arguments); done >= 0) return done;
    std::string problem;
    const auto codec = open_codec(arguments.file, problem);
    if (codec == nullptr) {
        std::fprintf(stderr, "%s: %s\n", arguments.file.c_str(), problem.c_str());
        return 2;
    }
    const std::string name(codec->name());
    std::size_t problems = 0;
    for (unsigned long seed = 1; seed <= arguments.seeds; ++seed)
        for (const std::string& each : wire::check_codec(*codec, {.seed = seed})) {
            std::printf("%s: %s (seed %lu)\n", name.c_str(), each.c_str(), seed);
            ++problems;
        }
    std::string refused;
    if (problems == 0 && load_codec(arguments.file, refused) == nullptr) {
        std::printf("%s: hearsayd would not load it: it %s\n", name.c_str(), refused.c_str());
        ++problems;
    }
    if (problems > 0) return 1;
    std::printf("%s, id %u: conforms\n", name.c_str(), codec->id());
    print_sizes(*codec);
    return 0;
}

}  // namespace
}  // namespace hearsay::host

int main(int count, char** words) { return hearsay::host::run(count, words); }
