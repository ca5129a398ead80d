// What the C library costs a message of 100 bytes that comes over a Unix socket, 256 to a line: a
// thread writes the same line over and over, as the daemon would. The copying by the kernel is in
// it, and the writer shares the cores.
#include <benchmark/benchmark.h>

#include <atomic>

#include "client/hearsay.hpp"
#include "tests/unit/client/fake_daemon.h"

using namespace hearsay::client;

namespace {

constexpr std::size_t kMessages = 256;
constexpr std::size_t kSize = 100;

std::string entry(const std::string& index, const std::string& end) {
    return R"({"id":"0123456789abcdef0123456789abcdef/)" + index +
           R"(","topic":"bench",)"
           R"("publisher":"ciqhqmbjpzhxq6dkvhbvbmjvtvmcpydmjvj3rvqcwxwqefylzlna",)"
           R"("name":"n0","label":"n0","created":"2026-01-31T09:15:02.125Z","lifetime":60,)"
           R"("epoch":1769850000000,"seq":17,"hops":1,"repeat":false)" +
           end + "}";
}

std::string frame(bool is_run) {
    std::string line = R"({"event":"messages","messages":[)";
    std::string sizes;
    if (is_run) line += entry("0", R"(,"count":256)");
    for (std::size_t i = 0; i < kMessages; ++i) {
        if (!is_run) line += (i == 0 ? "" : ",") + entry(std::to_string(i), "");
        sizes += (i == 0 ? "" : ",") + std::to_string(kSize);
    }
    return line + R"(],"sizes":[)" + sizes + "]}\n" + std::string(kMessages * kSize, 'x');
}

void receive(benchmark::State& state, bool is_run) {
    std::atomic<bool> is_over = false;
    const std::string bytes = frame(is_run);
    FakeDaemon daemon([&](FakeConnection& connection) {
        connection.answer(connection.line(), R"("ok":true)");
        while (!is_over) connection.send(bytes);
    });
    std::int64_t messages = 0;
    {
        Client client;
        client.connect(daemon.path());
        client.subscribe({"*"});
        for (auto _ : state) {
            benchmark::DoNotOptimize(client.next(5000));
            ++messages;
        }
        is_over = true;
    }
    daemon.finish();
    state.SetItemsProcessed(messages);
}

void many_to_a_line(benchmark::State& state) { receive(state, false); }
void runs(benchmark::State& state) { receive(state, true); }

}  // namespace

BENCHMARK(many_to_a_line)->UseRealTime();
BENCHMARK(runs)->UseRealTime();
