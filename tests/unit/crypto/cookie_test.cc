#include "crypto/handshake.h"
#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

using namespace std::chrono_literals;

namespace {

const Endpoint kCaller = Endpoint::ipv4(192, 0, 2, 7, 4327);
const Nonce kNonce = Nonce::from(counting(1, 16));
const EphemeralKey kKey = EphemeralKey::from(counting(2, 32));
const Instant kStart{1000s};

struct Jar {
    CookieJar jar{random_from(7)};

    Cookie make(Instant now) { return jar.make(kCaller, kNonce, kKey, now); }
    bool check(const Cookie& cookie, Instant now) {
        return jar.check(cookie, kCaller, kNonce, kKey, now);
    }
};

}  // namespace

TEST_CASE("a cookie comes back good at once") {
    Jar jar;
    CHECK(jar.check(jar.make(kStart), kStart));
    CHECK(jar.make(kStart) == jar.make(kStart));
}

TEST_CASE("a cookie is good for at least 120 s and never for 240 s, whenever it was made") {
    for (Duration made = 0s; made < 130s; made += 5s) {
        CAPTURE(made.count());
        for (const auto& [age, is_good] : {std::pair<Duration, bool>{119999ms, true},
                                           std::pair<Duration, bool>{240s, false}}) {
            Jar jar;
            jar.make(kStart);  // starts the interval
            const Cookie cookie = jar.make(kStart + made);
            CHECK(jar.check(cookie, kStart + made + age) == is_good);
        }
    }
}

TEST_CASE("a cookie rotates every 120 s and dies at the second rotation") {
    Jar jar;
    const Cookie first = jar.make(kStart);
    CHECK(jar.make(kStart + 120s - 1ns) == first);
    const Cookie second = jar.make(kStart + 120s);
    CHECK(second != first);
    CHECK(jar.check(first, kStart + 240s - 1ns));
    CHECK(jar.check(second, kStart + 240s - 1ns));
    CHECK_FALSE(jar.check(first, kStart + 240s));
    CHECK(jar.check(second, kStart + 240s));
    CHECK_FALSE(jar.check(second, kStart + 360s));
}

TEST_CASE("a rotation that comes late does not make a cookie live longer") {
    Jar jar;
    const Cookie cookie = jar.make(kStart);
    CHECK(jar.check(cookie, kStart + 239s));
    CHECK_FALSE(jar.check(cookie, kStart + 240s));
}

TEST_CASE("a jar left alone for long accepts nothing from before") {
    for (const Duration pause : {Duration(240s), Duration(241s), Duration(359s), Duration(24h)}) {
        Jar jar;
        const Cookie cookie = jar.make(kStart);
        CHECK_FALSE(jar.check(cookie, kStart + pause));
        CHECK(jar.check(jar.make(kStart + pause), kStart + pause + 119s));
    }
}

TEST_CASE("a cookie is bound to address, port, scope, nonce and ephemeral") {
    Jar jar;
    const Cookie cookie = jar.make(kStart);
    for (std::size_t i = 0; i < 16; ++i) {
        Endpoint other = kCaller;
        other.address[i] ^= 1;
        CHECK_FALSE(jar.jar.check(cookie, other, kNonce, kKey, kStart));
    }
    CHECK_FALSE(jar.jar.check(cookie, kCaller.with_port(4328), kNonce, kKey, kStart));
    CHECK_FALSE(jar.jar.check(cookie, kCaller.with_port(4327 ^ 0x8000), kNonce, kKey, kStart));
    Endpoint scoped = kCaller;
    scoped.scope = 2;
    CHECK_FALSE(jar.jar.check(cookie, scoped, kNonce, kKey, kStart));
    CHECK_FALSE(jar.jar.check(cookie, kCaller, Nonce{}, kKey, kStart));
    CHECK_FALSE(jar.jar.check(cookie, kCaller, kNonce, EphemeralKey{}, kStart));
}

TEST_CASE("a cookie with any bit flipped is refused") {
    Jar jar;
    Cookie cookie = jar.make(kStart);
    for (std::size_t bit = 0; bit < 256; ++bit) {
        const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
        cookie.bytes[bit / 8] ^= mask;
        CHECK_FALSE(jar.check(cookie, kStart));
        cookie.bytes[bit / 8] ^= mask;
    }
}

TEST_CASE("a cookie of another node or of nobody is refused, also by a jar never used before") {
    Jar jar;
    Jar other{CookieJar{random_from(8)}};
    CHECK_FALSE(jar.check(Cookie{}, kStart));
    CHECK_FALSE(jar.check(other.make(kStart), kStart));
}

}  // namespace hearsay::crypto::test
