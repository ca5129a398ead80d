#include "tests/catch.h"
#include "wire/codec.h"

namespace hearsay::wire {
namespace {

class NamedCodec final : public Codec {
public:
    NamedCodec(CodecId id, std::string name) : id_(id), name_(std::move(name)) {}
    CodecId id() const override { return id_; }
    std::string_view name() const override { return name_; }
    std::size_t encode(const Frame&, MutableBytes) override { return 0; }
    bool decode(ByteView, FrameArena&, Frame&) override { return false; }

private:
    CodecId id_;
    std::string name_;
};

std::unique_ptr<Codec> codec(CodecId id, std::string name) {
    return std::make_unique<NamedCodec>(id, std::move(name));
}

CodecId preferred(const CodecRegistry& registry, std::vector<CodecId> readable) {
    const Codec* found = registry.preferred_of(readable);
    return found == nullptr ? CodecId{0} : found->id();
}

TEST_CASE("codecs are found by id and by name", "[registry]") {
    CodecRegistry registry;
    REQUIRE(registry.add(codec(1, "one")));
    REQUIRE(registry.add(codec(7, "seven")));
    CHECK(registry.find(7)->name() == "seven");
    CHECK(registry.find("one")->id() == 1);
    CHECK(registry.find(2) == nullptr);
    CHECK(registry.find("two") == nullptr);
    CHECK(registry.find("") == nullptr);
}

TEST_CASE("codecs stay in the order they were added", "[registry]") {
    CodecRegistry registry;
    for (const CodecId id : std::vector<CodecId>{9, 3, 5})
        registry.add(codec(id, std::to_string(id)));
    std::vector<CodecId> order;
    for (const auto& each : registry.all()) order.push_back(each->id());
    CHECK(order == std::vector<CodecId>{9, 3, 5});
}

TEST_CASE("an id or a name is given once", "[registry]") {
    CodecRegistry registry;
    REQUIRE(registry.add(codec(1, "one")));
    CHECK_FALSE(registry.add(codec(1, "other")));
    CHECK_FALSE(registry.add(codec(2, "one")));
    CHECK(registry.all().size() == 1);
    CHECK(registry.find("other") == nullptr);
}

TEST_CASE("the id of nobody and no codec at all are refused", "[registry]") {
    CodecRegistry registry;
    CHECK_FALSE(registry.add(codec(0, "zero")));
    CHECK_FALSE(registry.add(nullptr));
    CHECK(registry.all().empty());
}

TEST_CASE("a registry holds as many codecs as a handshake can name", "[registry]") {
    CodecRegistry registry;
    for (CodecId id = 1; id <= kCodecsMax; ++id)
        REQUIRE(registry.add(codec(id, std::to_string(id))));
    CHECK_FALSE(registry.add(codec(100, "one too many")));
    CHECK(registry.all().size() == kCodecsMax);
}

TEST_CASE("our preference decides among the codecs the other side reads", "[registry]") {
    CodecRegistry registry;
    for (const CodecId id : std::vector<CodecId>{4, 2, 1})
        registry.add(codec(id, std::to_string(id)));
    CHECK(preferred(registry, {1, 2, 3}) == 2);
    CHECK(preferred(registry, {1, 4}) == 4);
    CHECK(preferred(registry, {1}) == 1);
    CHECK(preferred(registry, {9, 8}) == 0);
    CHECK(preferred(registry, {}) == 0);
}

TEST_CASE("the default codec has its number and name", "[registry]") {
    const auto flatbuffers = make_flatbuffers_codec();
    CHECK(flatbuffers->id() == 1);
    CHECK(flatbuffers->name() == "flatbuffers");
}

TEST_CASE("an arena gives aligned memory until it is used up", "[arena]") {
    FrameArena arena;
    CHECK(arena.take<std::uint8_t>(3).size() == 3);
    const auto numbers = arena.take<std::uint64_t>(2);
    REQUIRE(numbers.size() == 2);
    CHECK(reinterpret_cast<std::uintptr_t>(numbers.data()) % alignof(std::uint64_t) == 0);
    CHECK(numbers[0] == 0);
    CHECK(arena.take<std::uint8_t>(FrameArena::kCapacity).empty());
    CHECK(arena.take<std::uint8_t>(FrameArena::kCapacity - 24).size() ==
          FrameArena::kCapacity - 24);
    CHECK(arena.take<std::uint8_t>(1).empty());
    arena.reset();
    CHECK(arena.take<std::uint8_t>(FrameArena::kCapacity).size() == FrameArena::kCapacity);
}

}  // namespace
}  // namespace hearsay::wire
