// What the local API costs a message of 100 bytes, without sockets and without the engine behind
// it: from the bytes a client sends to the reply, and from a delivery to the bytes a client reads.
// Time is per batch of 64 messages; `per_message` is what counts.
#include <benchmark/benchmark.h>

#include "tests/unit/host/api_fake.h"

using namespace hearsay;
using namespace hearsay::host;

namespace {

constexpr std::size_t kMessages = 64;
constexpr std::size_t kSize = 100;

// Takes everything, remembers nothing.
class Willing final : public FakeTargetBase {
public:
    std::optional<Node::PublishRefusal> publish(std::string_view, ByteView,
                                                const gossip::PublishOptions&,
                                                gossip::PublishTicket& ticket) override {
        ticket = ++last;
        return std::nullopt;
    }
    gossip::PublishTicket last = 0;
};

struct Bench {
    explicit Bench(std::string_view subscribe) {
        target.node_snapshot.members.emplace_back().name = "n0";
        send(subscribe);
        drain();
    }
    void send(std::string_view bytes) { session.receive(bytes_of(bytes)); }
    void drain() {
        session.flush_batch();
        const std::string_view bytes = session.outbox().pending();
        benchmark::DoNotOptimize(bytes.data());
        session.outbox().consume(bytes.size());
    }

    Willing target;
    Now now{Instant(std::chrono::hours(1)), WallTime{1'769'850'902'125}};
    ApiHub hub{target, {[this] { return now; }, 0, {}}};
    ApiSession session{hub, Peer{0, 0, {}}};
};

void count(benchmark::State& state) {
    const auto messages = static_cast<std::int64_t>(state.iterations() * kMessages);
    state.SetItemsProcessed(messages);
    state.counters["per_message"] =
        benchmark::Counter(static_cast<double>(messages), benchmark::Counter::kIsRate |
                                                              benchmark::Counter::kInvert);
}

std::string publish_text(bool is_many) {
    const std::string payload(kSize, 'x');
    std::string text;
    if (is_many) {
        text = R"({"op":"publish","id":64,"topic":"bench","sizes":[100)";
        for (std::size_t i = 1; i < kMessages; ++i) text += ",100";
        text += "]}\n";
        for (std::size_t i = 0; i < kMessages; ++i) text += payload;
        return text;
    }
    for (std::size_t i = 0; i < kMessages; ++i)
        text += "{\"op\":\"publish\",\"id\":1,\"topic\":\"bench\",\"size\":100}\n" + payload;
    return text;
}

void publish(benchmark::State& state, bool is_many) {
    Bench bench("");
    const std::string text = publish_text(is_many);
    gossip::Event event;
    event.kind = gossip::EventKind::accepted;
    for (auto _ : state) {
        const gossip::PublishTicket first = bench.target.last + 1;
        bench.send(text);
        for (std::uint32_t i = 0; i < kMessages; ++i) {
            event.ticket = first + i;
            event.id.index = i;
            bench.hub.handle_event(event);
        }
        bench.drain();
    }
    count(state);
}

void deliver(benchmark::State& state, std::string_view subscribe) {
    Bench bench(subscribe);
    const std::string payload(kSize, 'x');
    gossip::Delivery message = delivery("bench", payload);
    for (auto _ : state) {
        ++message.seq;
        for (std::uint32_t i = 0; i < kMessages; ++i) {
            message.id.index = i;
            bench.hub.handle_delivery(message);
        }
        bench.drain();
    }
    count(state);
}

}  // namespace

BENCHMARK_CAPTURE(publish, singly, false);
BENCHMARK_CAPTURE(publish, many_to_a_line, true);
BENCHMARK_CAPTURE(deliver, singly, "{\"op\":\"subscribe\",\"topics\":[\"bench\"]}\n");
BENCHMARK_CAPTURE(deliver, many_to_a_line,
                  "{\"op\":\"subscribe\",\"batch\":true,\"topics\":[\"bench\"]}\n");
BENCHMARK_CAPTURE(deliver, runs,
                  "{\"op\":\"subscribe\",\"runs\":true,\"topics\":[\"bench\"]}\n");
