#include <cstring>

#include "tests/catch.h"
#include "tests/support/allocations.h"
#include "tests/unit/wire/golden_frames.h"
#include "tests/unit/wire/vectors.h"
#include "wire/codec_check.h"
#include "wire/protobuf/hearsay.pb.h"
#include "wire/protobuf/make.h"
#include "wire/sample_frames.h"

namespace hearsay::wire {
namespace {

using Message = protobuf::Frame;

std::unique_ptr<Codec> codec() { return std::unique_ptr<Codec>(make_protobuf_codec()); }

Bytes encoded(const Frame& frame) {
    Bytes bytes(kFrameSizeMax);
    bytes.resize(codec()->encode(frame, bytes));
    return bytes;
}

// Memory for what a frame shows.
struct Read {
    explicit Read(ByteView source) : bytes(source.begin(), source.end()) {
        is_accepted = codec()->decode(bytes, arena, frame);
    }
    explicit Read(const Message& message) : Read(bytes_of(message.SerializeAsString())) {}
    Bytes bytes;
    FrameArena arena;
    Frame frame;
    bool is_accepted = false;
};

Message parsed(const Frame& frame) {
    const Bytes bytes = encoded(frame);
    Message message;
    CHECK(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    return message;
}

std::string text(ByteView bytes) { return std::string(text_of(bytes)); }

Message prune_message() {
    Message message;
    message.mutable_prune()->set_publisher(std::string(32, 'p'));
    return message;
}

Message chunk_message() {
    Message message;
    message.mutable_chunk()->mutable_header()->set_publisher(std::string(32, 'p'));
    message.mutable_chunk()->mutable_header()->set_signature(std::string(64, 's'));
    return message;
}

TEST_CASE("the protobuf codec conforms", "[protobuf]") {
    CAPTURE(Catch::rngSeed());
    CHECK(check_codec(*codec(), {.seed = Catch::rngSeed()}) == std::vector<std::string>{});
}

TEST_CASE("the quick check finds nothing wrong with the protobuf codec", "[protobuf]") {
    CHECK(check_codec(*codec(), {.seed = 1, .is_quick = true}) == std::vector<std::string>{});
}

TEST_CASE("golden: every frame in Protocol Buffers", "[protobuf][golden]") {
    for (const char* name : test::kGoldenFrames) {
        INFO(name);
        const Frame expected = test::golden_frame(name);
        const Bytes golden = test::vector_of("wire_frames_protobuf.txt", name);
        const Read read(golden);
        REQUIRE(read.is_accepted);
        CHECK(is_same(read.frame, expected));
        CHECK(crypto::to_hex(encoded(expected)) == crypto::to_hex(golden));
    }
}

// Goal: what the codec writes is Protocol Buffers, as everybody reads and writes them. Method:
// the classes that protoc makes take in each frame whole, give it back, and know no other bytes.
TEST_CASE("every frame passes through the classes of protoc and back", "[protobuf]") {
    SampleFrames samples(Catch::rngSeed());
    CAPTURE(Catch::rngSeed());
    std::vector<SampleFrame> all = samples.typical();
    for (int i = 0; i < 500; ++i) all.push_back(samples.any());
    for (const SampleFrame& sample : all) {
        INFO(sample.name);
        Message message = parsed(sample.frame);
        message.DiscardUnknownFields();
        const Read again(message);
        REQUIRE(again.is_accepted);
        CHECK(is_same(again.frame, sample.frame));
        CHECK(crypto::to_hex(again.bytes) == crypto::to_hex(encoded(sample.frame)));
    }
}

TEST_CASE("the schema names the fields of a chunk as the codec fills them", "[protobuf]") {
    const Frame frame = test::golden_frame("chunk");
    const Chunk& chunk = std::get<Chunk>(frame);
    const Message message = parsed(frame);
    REQUIRE(message.has_chunk());
    const auto& read = message.chunk();
    CHECK(read.header().publisher() == text(chunk.header.publisher.view()));
    CHECK(read.header().epoch() == chunk.header.epoch);
    CHECK(read.header().seq() == chunk.header.seq);
    CHECK(read.header().created_ms() == chunk.header.created_ms);
    CHECK(read.header().lifetime_ms() == chunk.header.lifetime_ms);
    CHECK(read.header().chunk_count() == chunk.header.chunk_count);
    CHECK(read.header().body_size() == chunk.header.body_size);
    CHECK(read.header().signature() == text(chunk.signature.view()));
    CHECK(read.header().topic() == "deploy");
    CHECK(read.index() == chunk.index);
    CHECK(read.first_message() == chunk.first_message);
    CHECK(read.lead() == chunk.lead);
    CHECK(read.hops() == chunk.hops);
    CHECK(read.body() == text(chunk.bytes));
    CHECK(read.path().size() == 64);
    CHECK(parsed(test::golden_frame("chunk_without_header")).chunk().uid().size() == 16);
}

TEST_CASE("the schema names the fields of the other frames as the codec fills them",
          "[protobuf]") {
    const auto beat = std::get<Heartbeat>(test::golden_frame("heartbeat"));
    const auto read = parsed(beat).heartbeat();
    CHECK(read.sent_us() == beat.sent_us);
    CHECK(read.echo_us() == beat.echo_us);
    CHECK(read.echo_delay_us() == beat.echo_delay_us);
    CHECK(read.wall_ms() == beat.wall_ms);
    CHECK(read.lost() == beat.lost);
    CHECK(read.wants_reply() == beat.wants_reply);
    CHECK(read.known_epoch() == beat.known_epoch);
    CHECK(read.known_version() == beat.known_version);
    const auto have = parsed(test::golden_frame("have")).have();
    REQUIRE(have.streams_size() == 2);
    CHECK(have.streams(0).floor() == 9);
    CHECK(have.streams(0).top() == 16);
    CHECK(have.expanded() == 0x8000000000000001);
    CHECK(have.records(0).version() == 5);
    const auto want = parsed(test::golden_frame("want")).want();
    CHECK(want.chunks(0).first() == 1);
    CHECK(want.chunks(0).last() == 15);
    CHECK(want.records(0).size() == 32);
    const auto ack = parsed(test::golden_frame("ack")).ack();
    CHECK(ack.delay_us() == 2'500);
    CHECK(ack.credits(0).bytes() == 65'536);
}

using Steps = std::vector<std::uint64_t>;

TEST_CASE("ranges travel as steps", "[protobuf]") {
    // 90-100, 80-88: the largest, then how far down, then how long.
    const auto ack = parsed(test::golden_frame("ack")).ack();
    CHECK(Steps(ack.range_steps().begin(), ack.range_steps().end()) == Steps{100, 10, 1, 8});
    // 11-14, 16-16
    const auto have = parsed(test::golden_frame("have")).have();
    CHECK(Steps(have.streams(0).range_steps().begin(), have.streams(0).range_steps().end()) ==
          Steps{11, 3, 1, 0});
}

bool accepts_ack_steps(const Steps& steps) {
    Message message;
    for (const std::uint64_t step : steps) message.mutable_ack()->add_range_steps(step);
    return Read(message).is_accepted;
}

bool accepts_want_steps(const Steps& steps) {
    Message message;
    auto* stream = message.mutable_want()->add_streams();
    stream->set_publisher(std::string(32, 'p'));
    for (const std::uint64_t step : steps) stream->add_range_steps(step);
    return Read(message).is_accepted;
}

TEST_CASE("steps that leave the numbers are refused", "[protobuf]") {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
    CHECK(accepts_ack_steps({kMost, kMost}));
    CHECK(accepts_ack_steps({5, 3, 0, 1}));
    CHECK_FALSE(accepts_ack_steps({5, 6}));
    CHECK_FALSE(accepts_ack_steps({5, 5, 0, 0}));     // nothing is below 0
    CHECK_FALSE(accepts_ack_steps({5, 3, 2, 0}));
    CHECK_FALSE(accepts_ack_steps({5, 3, 0}));        // a range without its length
    CHECK(accepts_want_steps({0, kMost}));
    CHECK(accepts_want_steps({kMost, 0}));
    CHECK(accepts_want_steps({kMost - 1, 0, 0, 0}));
    CHECK_FALSE(accepts_want_steps({1, kMost}));
    CHECK_FALSE(accepts_want_steps({kMost, 0, 0, 0}));
    CHECK_FALSE(accepts_want_steps({kMost - 1, 0, 1, 0}));
    CHECK_FALSE(accepts_want_steps({1, 1, kMost, 0}));
    CHECK_FALSE(accepts_want_steps({7}));
}

TEST_CASE("unknown fields are passed over, in any place", "[protobuf]") {
    const Bytes prune = encoded(Prune{});
    const Bytes unknown{0xa0, 0x06, 0x07, 0xaa, 0x06, 0x02, 1, 2, 0xad, 0x06, 1, 2, 3, 4};
    Bytes before = unknown;
    before.insert(before.end(), prune.begin(), prune.end());
    Bytes after = prune;
    after.insert(after.end(), unknown.begin(), unknown.end());
    CHECK(Read(before).is_accepted);
    CHECK(Read(after).is_accepted);
    Bytes group = prune;
    group.insert(group.end(), {0xa3, 0x06, 0xa4, 0x06});
    CHECK_FALSE(Read(group).is_accepted);
}

TEST_CASE("a frame of no kind, of two, or twice the same is refused", "[protobuf]") {
    CHECK_FALSE(Read(ByteView{}).is_accepted);
    const Bytes prune = encoded(Prune{});
    const Bytes graft = encoded(Graft{});
    Bytes both = prune;
    both.insert(both.end(), graft.begin(), graft.end());
    CHECK_FALSE(Read(both).is_accepted);
    Bytes twice = prune;
    twice.insert(twice.end(), prune.begin(), prune.end());
    CHECK_FALSE(Read(twice).is_accepted);
    CHECK(Read(Bytes{0x2a, 0x00}).is_accepted);                       // an empty heartbeat
    CHECK_FALSE(Read(Bytes{0x2a, 0x04, 0x08, 1, 0x08, 2}).is_accepted);  // sent_us twice
}

TEST_CASE("byte strings of another size than theirs are refused", "[protobuf]") {
    CHECK(Read(prune_message()).is_accepted);
    for (const std::size_t size : {0, 31, 33}) {
        Message message;
        message.mutable_prune()->set_publisher(std::string(size, 'p'));
        CHECK_FALSE(Read(message).is_accepted);
    }
    CHECK(Read(chunk_message()).is_accepted);
    Message short_signature = chunk_message();
    short_signature.mutable_chunk()->mutable_header()->set_signature(std::string(63, 's'));
    CHECK_FALSE(Read(short_signature).is_accepted);
    Message no_signature = chunk_message();
    no_signature.mutable_chunk()->mutable_header()->clear_signature();
    CHECK_FALSE(Read(no_signature).is_accepted);
    Message odd_path = chunk_message();
    odd_path.mutable_chunk()->set_path(std::string(33, 'h'));
    CHECK_FALSE(Read(odd_path).is_accepted);
    Message odd_record;
    odd_record.mutable_want()->add_records(std::string(31, 'm'));
    CHECK_FALSE(Read(odd_record).is_accepted);
}

TEST_CASE("a protobuf chunk has a header or a uid", "[protobuf]") {
    Message both = chunk_message();
    both.mutable_chunk()->set_uid(std::string(16, 'u'));
    CHECK_FALSE(Read(both).is_accepted);
    Message neither;
    neither.mutable_chunk()->set_index(1);
    CHECK_FALSE(Read(neither).is_accepted);
}

TEST_CASE("what is absent is zero", "[protobuf]") {
    const Read chunk(chunk_message());
    REQUIRE(chunk.is_accepted);
    CHECK(std::get<Chunk>(chunk.frame).header.chunk_count == 0);
    Message close;
    close.mutable_close();
    const Read closed(close);
    REQUIRE(closed.is_accepted);
    CHECK(static_cast<int>(std::get<Close>(closed.frame).reason) == 0);
}

TEST_CASE("numbers larger than their field are refused", "[protobuf]") {
    const auto accepts = [](auto change) {
        Message message = chunk_message();
        change(*message.mutable_chunk());
        return Read(message).is_accepted;
    };
    CHECK(accepts([](protobuf::Chunk& c) { c.set_hops(255); }));
    CHECK_FALSE(accepts([](protobuf::Chunk& c) { c.set_hops(256); }));
    CHECK(accepts([](protobuf::Chunk& c) { c.set_index(65'535); }));
    CHECK_FALSE(accepts([](protobuf::Chunk& c) { c.set_index(65'536); }));
    CHECK_FALSE(accepts([](protobuf::Chunk& c) { c.mutable_header()->set_kind(65'536); }));
    CHECK_FALSE(accepts([](protobuf::Chunk& c) { c.mutable_header()->set_flags(1U << 31); }));
    Message close;
    close.mutable_close()->set_reason(256);
    CHECK_FALSE(Read(close).is_accepted);
    CHECK_FALSE(Read(Bytes{0x2a, 0x02, 0x30, 2}).is_accepted);  // wants_reply is neither 0 nor 1
    CHECK_FALSE(Read(Bytes{0x2a, 0x0c, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                           0xff, 0x01}).is_accepted);           // eleven bytes
}

TEST_CASE("a stream of a Want has neither floor nor top", "[protobuf]") {
    Message message;
    message.mutable_want()->add_streams()->set_publisher(std::string(32, 'p'));
    CHECK(Read(message).is_accepted);
    message.mutable_want()->mutable_streams(0)->set_top(1);
    CHECK_FALSE(Read(message).is_accepted);
}

TEST_CASE("lengths that claim more than there is are refused", "[protobuf]") {
    for (const Bytes& bytes : {Bytes{0x32, 0x22}, Bytes{0x32, 0x05, 0x0a, 0x20, 1, 2, 3},
                               Bytes{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
                               Bytes{0x0a, 0xff, 0xff, 0xff, 0xff, 0x07}})
        CHECK_FALSE(Read(bytes).is_accepted);
}

// Goal: the largest frames of docs/PROTOCOL.md 7 fit whatever their numbers are. Method: the
// streams whose steps take the most bytes there are, beside numbers at their largest.
TEST_CASE("eight streams with 32 ranges of the widest steps fit a frame", "[protobuf]") {
    std::vector<std::vector<NumberRange>> ranges(kStreamsPerFrameMax);
    std::vector<StreamRanges> streams(kStreamsPerFrameMax);
    for (std::size_t i = 0; i < streams.size(); ++i) {
        // Steps below 2^63 take nine bytes from 2^56 on; one of ten fits beside them.
        constexpr std::uint64_t kNine = std::uint64_t{1} << 56;
        std::uint64_t at = std::uint64_t{1} << 63;
        for (int count = 0; count < 4; ++count, at += 2 * kNine + 1)
            ranges[i].push_back({at, at + kNine});
        streams[i].publisher.bytes.fill(0xff);
        streams[i].epoch = streams[i].floor = streams[i].top = ~std::uint64_t{0};
        streams[i].ranges = ranges[i];
    }
    const Bytes bytes = encoded(Have{streams, {}, 0, {}});
    CHECK(bytes.size() > 1'100);
    CHECK(Read(bytes).is_accepted);
}

TEST_CASE("protobuf encoding and decoding allocates nothing", "[protobuf][allocation]") {
    const auto one = codec();
    Bytes memory(kFrameSizeMax);
    FrameArena arena;
    Frame frame;
    const std::vector<SampleFrame> samples = SampleFrames(1).typical();
    std::size_t frames = 0;
    const std::size_t before = hearsay::test::allocations();
    for (const SampleFrame& sample : samples) {
        arena.reset();
        const std::size_t size = one->encode(sample.frame, memory);
        frames += one->decode(ByteView(memory).first(size), arena, frame);
    }
    CHECK(hearsay::test::allocations() == before);
    CHECK(frames == samples.size());
}

}  // namespace
}  // namespace hearsay::wire
