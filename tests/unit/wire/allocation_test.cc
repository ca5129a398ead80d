#include "tests/catch.h"
#include "tests/support/allocations.h"
#include "wire/plaintext.h"
#include "wire/sample_frames.h"

namespace hearsay::wire {
namespace {

TEST_CASE("encoding and decoding any frame allocates nothing once warm", "[allocation]") {
    const auto codec = make_flatbuffers_codec();
    alignas(8) std::array<std::uint8_t, kPlaintextSizeMax> memory;
    FrameArena arena;
    Frame frame;
    const std::vector<SampleFrame> samples = SampleFrames(1).typical();
    std::size_t frames = 0;
    const auto pass_all = [&] {
        for (const SampleFrame& sample : samples) {
            PlaintextWriter writer(memory);
            arena.reset();
            writer.add(*codec, sample.frame);
            PlaintextReader reader(writer.written(), *codec, arena);
            frames += reader.next(frame) == PlaintextReader::Step::frame;
        }
    };
    pass_all();
    const std::size_t before = test::allocations();
    pass_all();
    CHECK(test::allocations() == before);
    CHECK(frames == 2 * samples.size());
}

}  // namespace
}  // namespace hearsay::wire
