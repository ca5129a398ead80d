#include <limits>
#include <set>

#include "crypto/session.h"
#include "tests/unit/crypto/support.h"

namespace hearsay::crypto::test {

namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kWidth = ReplayWindow::kWidth;

// What the window means, with all the memory it takes.
class NaiveWindow {
public:
    bool is_fresh(std::uint64_t counter) const {
        if (counter == kMax || marked_.contains(counter)) return false;
        return marked_.empty() || counter > highest() || highest() - counter < kWidth;
    }
    void mark(std::uint64_t counter) {
        if (counter != kMax) marked_.insert(counter);
    }
    std::uint64_t highest() const { return marked_.empty() ? 0 : *marked_.rbegin(); }

private:
    std::set<std::uint64_t> marked_;
};

// A counter near something that could go wrong: the edges of the window, of its words, of the
// ring the words lie in.
std::uint64_t interesting(Random& random, std::uint64_t highest) {
    const std::uint64_t near = random.below(200);
    switch (random.below(8)) {
        case 0: return highest + near;
        case 1: return highest - near;
        case 2: return highest - kWidth + near - 100;
        case 3: return highest + kWidth + near - 100;
        case 4: return highest + kWidth + 64 + near - 100;
        case 5: return highest - random.below(kWidth);
        case 6: return highest + random.below(3 * kWidth);
        default: return near;
    }
}

// A scan of all that could matter: around the window, and some words below it.
bool agrees(const ReplayWindow& window, const NaiveWindow& naive) {
    const std::uint64_t highest = naive.highest();
    const std::uint64_t from = highest > kWidth + 300 ? highest - kWidth - 300 : 0;
    for (std::uint64_t counter = from; counter < highest + 300; ++counter)
        if (window.is_fresh(counter) != naive.is_fresh(counter)) return false;
    return true;
}

}  // namespace

TEST_CASE("the replay window agrees with a plain set through random marks and jumps") {
    HEARSAY_RANDOM(random);
    for (int round = 0; round < 30; ++round) {
        ReplayWindow window;
        NaiveWindow naive;
        for (int step = 0; step < 1000; ++step) {
            const std::uint64_t counter = interesting(random, naive.highest());
            if (counter > kMax / 2) continue;  // below zero: the other end has a test of its own
            if (window.is_fresh(counter) != naive.is_fresh(counter)) FAIL(counter);
            if (!naive.is_fresh(counter)) continue;
            window.mark(counter);
            naive.mark(counter);
        }
        CHECK(agrees(window, naive));
    }
}

TEST_CASE("the replay window stays right when everything in it is marked, in any order") {
    HEARSAY_RANDOM(random);
    std::vector<std::uint64_t> counters(3 * kWidth);
    for (std::size_t i = 0; i < counters.size(); ++i) counters[i] = i;
    // Shuffled over less than the window, so that each is still accepted when it comes.
    for (std::size_t i = 0; i < counters.size(); ++i) {
        const std::size_t reach = std::min(counters.size() - i, kWidth / 2);
        std::swap(counters[i], counters[i + random.below(reach)]);
    }
    ReplayWindow window;
    NaiveWindow naive;
    for (const std::uint64_t counter : counters) {
        if (window.is_fresh(counter) != naive.is_fresh(counter)) FAIL(counter);
        window.mark(counter);
        naive.mark(counter);
        if (window.is_fresh(counter)) FAIL(counter);
    }
    CHECK(agrees(window, naive));
}

TEST_CASE("the replay window is exactly 8,192 wide wherever it stands in its words") {
    for (std::uint64_t highest = 3 * kWidth; highest < 3 * kWidth + 130; ++highest) {
        ReplayWindow window;
        window.mark(highest);
        CHECK(window.is_fresh(highest - kWidth + 1));
        CHECK_FALSE(window.is_fresh(highest - kWidth));
    }
}

TEST_CASE("every jump around the size of the ring forgets what it passes and nothing else") {
    for (std::uint64_t jump = 1; jump < 2 * kWidth + 400; ++jump) {
        ReplayWindow window;
        NaiveWindow naive;
        for (const std::uint64_t counter : {std::uint64_t{100}, 163 + jump % 7, 163 + jump}) {
            window.mark(counter);
            naive.mark(counter);
        }
        const std::uint64_t probes[] = {100, 101, 163, 163 + jump % 7, 162 + jump, 163 + jump,
                                        164 + jump, 100 + kWidth, 100 + kWidth + 64};
        for (const std::uint64_t counter : probes)
            if (window.is_fresh(counter) != naive.is_fresh(counter)) FAIL_CHECK(jump);
    }
    SUCCEED();
}

TEST_CASE("marking what is too old does not close a place that is in the window") {
    ReplayWindow window;
    window.mark(5 * kWidth);
    for (std::uint64_t old = 0; old < 4 * kWidth; old += 61) window.mark(old);
    for (std::uint64_t counter = 4 * kWidth + 1; counter < 5 * kWidth; ++counter)
        if (!window.is_fresh(counter)) FAIL_CHECK(counter);
    SUCCEED();
}

TEST_CASE("an empty replay window accepts every counter but the last") {
    const ReplayWindow window;
    for (const std::uint64_t counter : {std::uint64_t{0}, std::uint64_t{1}, kWidth, kMax - 1})
        CHECK(window.is_fresh(counter));
    CHECK_FALSE(window.is_fresh(kMax));
}

TEST_CASE("the replay window works to the very end of the counters") {
    ReplayWindow window;
    NaiveWindow naive;
    const std::uint64_t marks[] = {kMax - 20000, kMax - 1000, kMax - 64, kMax - 2, kMax - 1, kMax};
    for (const std::uint64_t counter : marks) {
        window.mark(counter);
        naive.mark(counter);
    }
    for (std::uint64_t back = 0; back < kWidth + 300; ++back)
        if (window.is_fresh(kMax - back) != naive.is_fresh(kMax - back)) FAIL_CHECK(back);
    CHECK_FALSE(window.is_fresh(0));
}

TEST_CASE("asking whether a counter is fresh marks nothing") {
    ReplayWindow window;
    CHECK(window.is_fresh(5));
    CHECK(window.is_fresh(5));
    window.mark(5);
    CHECK_FALSE(window.is_fresh(5));
}

}  // namespace hearsay::crypto::test
