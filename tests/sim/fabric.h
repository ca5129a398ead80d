#pragma once

#include <array>
#include <chrono>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/random.h"

namespace hearsay::sim {

using namespace std::chrono_literals;

// What the network does to datagrams. Shares are probabilities per datagram.
struct Faults {
    double loss = 0;  // lost, independently of each other
    // Share of the time in which a node hears nothing at all, in stretches of burst_length on
    // average: what full queues and radios do.
    double burst_loss = 0;
    Duration burst_length = 50ms;
    double duplicate = 0;  // arrives twice, each copy with its own delay
    double replay = 0;     // some datagram of earlier arrives once more, where it went then
    double reorder = 0;    // held back by up to reorder_delay, overtaken by later ones
    Duration reorder_delay = 20ms;
    double corrupt = 0;  // one to three bits flipped, cut short, or its tail another's
    // Datagrams a node's buffers take in a millisecond, out and in; 0: all.
    std::size_t send_buffer = 0;
    std::size_t receive_buffer = 0;
    Duration delay_min = 100us;
    Duration delay_mean = 300us;  // minimum and an exponential tail
};

struct Carried {
    Instant at;
    Bytes datagram;
    std::size_t from = 0;
    std::size_t to = 0;
};

// What the fabric has done.
enum class Mishap : std::uint8_t {
    lost,
    lost_in_burst,
    duplicated,
    replayed,
    reordered,
    flipped,
    truncated,
    spliced,
    cut_off,  // by a partition or a blocked way
    send_buffer_full,
    receive_buffer_full,
};
inline constexpr std::size_t kMishapCount = 11;
std::string_view name_of(Mishap mishap);

// The wires between nodes: decides what happens to each datagram, from one random stream.
class Fabric {
public:
    Fabric(const Faults& initial, crypto::Random random)
        : faults(initial), random_(std::move(random)) {}

    Faults faults;  // may be changed at any time

    // Appends the zero to two copies of `datagram` that arrive, and what is replayed.
    void carry(std::size_t from, std::size_t to, ByteView datagram, Instant now,
               std::vector<Carried>& out);

    // Nodes with different group numbers do not hear each other; group 0 unless set.
    void set_group(std::size_t node, std::uint32_t group);
    // Nothing gets from one to the other; the way back stays as it is.
    void block(std::size_t from, std::size_t to) { blocked_.insert({from, to}); }
    // Undoes every set_group and block.
    void heal();
    bool is_connected(std::size_t from, std::size_t to) const;
    std::uint64_t count(Mishap mishap) const {
        return counts_[static_cast<std::size_t>(mishap)];
    }

private:
    static constexpr std::size_t kRemembered = 64;
    struct Buffer {
        Instant since{};
        std::size_t used = 0;
    };
    struct Past {
        std::size_t from = 0;
        std::size_t to = 0;
        Bytes datagram;
    };
    struct Hearing {
        bool is_deaf = false;
        Instant until{};
    };

    std::uint32_t group_of(std::size_t node) const {
        return node < groups_.size() ? groups_[node] : 0;
    }
    bool hears(std::size_t node, Instant now);
    bool happens(double share) { return share > 0 && random_.unit() < share; }
    Duration exponential(Duration mean);
    Duration delay();
    void damage(Bytes& datagram);
    void remember(std::size_t from, std::size_t to, ByteView datagram);
    static bool takes(std::vector<Buffer>& buffers, std::size_t node, std::size_t size,
                      Instant now);
    bool note(Mishap mishap) {
        ++counts_[static_cast<std::size_t>(mishap)];
        return true;
    }

    crypto::Random random_;
    std::vector<std::uint32_t> groups_;
    std::set<std::pair<std::size_t, std::size_t>> blocked_;
    std::vector<Hearing> hearing_;
    std::vector<Buffer> send_buffers_;
    std::vector<Buffer> receive_buffers_;
    std::vector<Past> past_;
    std::size_t past_next_ = 0;
    std::array<std::uint64_t, kMishapCount> counts_{};
};

}  // namespace hearsay::sim
