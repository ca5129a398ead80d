#include "tests/catch.h"
#include "wire/signed_bytes.h"

namespace hearsay::wire {
namespace {

// UTF-8 by the arithmetic of its definition: the slow twin of is_valid_topic.
bool is_utf8_text(std::string_view text) {
    static constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    std::size_t i = 0;
    while (i < text.size()) {
        const auto lead = static_cast<std::uint8_t>(text[i]);
        const std::size_t size = lead < 0x80             ? 1
                                 : (lead & 0xe0) == 0xc0 ? 2
                                 : (lead & 0xf0) == 0xe0 ? 3
                                 : (lead & 0xf8) == 0xf0 ? 4
                                                         : 0;
        if (size == 0 || i + size > text.size()) return false;
        std::uint32_t code = size == 1 ? lead : lead & (0xffU >> (size + 1));
        for (std::size_t j = 1; j < size; ++j) {
            const auto next = static_cast<std::uint8_t>(text[i + j]);
            if ((next & 0xc0) != 0x80) return false;
            code = code << 6 | (next & 0x3f);
        }
        if (code < kLeast[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return false;
        if (code < 0x20 || code == 0x7f) return false;
        i += size;
    }
    return !text.empty() && text.size() <= 255;
}

TEST_CASE("a topic is 1 to 255 bytes long", "[topic]") {
    CHECK_FALSE(is_valid_topic(""));
    CHECK(is_valid_topic("a"));
    CHECK(is_valid_topic(std::string(255, 'a')));
    CHECK_FALSE(is_valid_topic(std::string(256, 'a')));
}

TEST_CASE("printable ASCII is fine in a topic", "[topic]") {
    for (char c = ' '; c <= '~'; ++c) CHECK(is_valid_topic(std::string(1, c)));
}

TEST_CASE("control characters are not", "[topic]") {
    for (int c = 0; c < 0x20; ++c) {
        INFO(c);
        CHECK_FALSE(is_valid_topic("a" + std::string(1, static_cast<char>(c)) + "b"));
    }
    CHECK_FALSE(is_valid_topic("a\x7f"));
}

TEST_CASE("topics speak all languages", "[topic]") {
    CHECK(is_valid_topic("Öffnungszeiten"));
    CHECK(is_valid_topic("новости"));
    CHECK(is_valid_topic("天気"));
    CHECK(is_valid_topic("🦉"));
}

TEST_CASE("a sequence cut short is no topic", "[topic]") {
    for (const std::string whole : {"é", "天", "🦉"}) {
        for (std::size_t size = 1; size < whole.size(); ++size) {
            CHECK_FALSE(is_valid_topic(whole.substr(0, size)));
            CHECK_FALSE(is_valid_topic(whole.substr(0, size) + "a"));
        }
    }
}

TEST_CASE("overlong forms are no topic", "[topic]") {
    CHECK_FALSE(is_valid_topic("\xc0\xaf"));
    CHECK_FALSE(is_valid_topic("\xc1\xbf"));
    CHECK_FALSE(is_valid_topic("\xe0\x80\xaf"));
    CHECK_FALSE(is_valid_topic("\xe0\x9f\xbf"));
    CHECK_FALSE(is_valid_topic("\xf0\x80\x80\xaf"));
    CHECK_FALSE(is_valid_topic("\xf0\x8f\xbf\xbf"));
}

TEST_CASE("surrogates are no topic, their neighbours are", "[topic]") {
    CHECK_FALSE(is_valid_topic("\xed\xa0\x80"));
    CHECK_FALSE(is_valid_topic("\xed\xbf\xbf"));
    CHECK(is_valid_topic("\xed\x9f\xbf"));
    CHECK(is_valid_topic("\xee\x80\x80"));
}

TEST_CASE("nothing lies above U+10FFFF", "[topic]") {
    CHECK(is_valid_topic("\xf4\x8f\xbf\xbf"));
    CHECK_FALSE(is_valid_topic("\xf4\x90\x80\x80"));
    CHECK_FALSE(is_valid_topic("\xf5\x80\x80\x80"));
    CHECK_FALSE(is_valid_topic("\xff"));
}

TEST_CASE("a continuation byte begins no topic", "[topic]") {
    for (int c = 0x80; c < 0xc0; ++c)
        CHECK_FALSE(is_valid_topic(std::string(1, static_cast<char>(c))));
}

TEST_CASE("topics of two bytes are judged as their definition says", "[topic][model]") {
    std::string text(2, 0);
    for (int i = 0; i < 0x10000; ++i) {
        text[0] = static_cast<char>(i >> 8);
        text[1] = static_cast<char>(i);
        if (is_valid_topic(text) != is_utf8_text(text)) FAIL(i);
    }
    SUCCEED();
}

// Every lead with the continuation bytes at whose edges the rules change.
TEST_CASE("topics of three and four bytes are judged as their definition says",
          "[topic][model]") {
    static constexpr int kEdges[] = {0x00, 0x1f, 0x20, 0x7f, 0x80, 0x8f, 0x90,
                                     0x9f, 0xa0, 0xbf, 0xc0, 0xe0, 0xff};
    const auto check = [](std::initializer_list<int> bytes) {
        std::string text;
        for (const int byte : bytes) text.push_back(static_cast<char>(byte));
        if (is_valid_topic(text) == is_utf8_text(text)) return;
        FAIL(Catch::StringMaker<std::vector<int>>::convert(bytes));
    };
    for (int lead = 0; lead < 256; ++lead) {
        for (const int a : kEdges) {
            for (const int b : kEdges) {
                check({lead, a, b});
                for (const int c : kEdges) check({lead, a, b, c});
            }
        }
    }
    SUCCEED();
}

}  // namespace
}  // namespace hearsay::wire
