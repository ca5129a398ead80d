#include <charconv>
#include <deque>
#include <stdexcept>

#include "tests/bench/load/protocol.h"

namespace hearsay::load {
namespace {

// A server says nothing about single publishes. A PING behind each request is answered once the
// server has read that far.
class NatsProtocol final : public Protocol {
public:
    void append_greeting(std::string& out) override {
        out +=
            "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c++\",\"version\":\"1\"}\r\n";
    }

    void append_subscribe(std::string& out, std::string_view topic) override {
        out.append("SUB ").append(topic).append(" 1\r\n");
    }

    void append_publish(std::string& out, std::string_view topic, std::string_view payloads,
                        std::size_t count, std::size_t size) override {
        const std::string size_text = std::to_string(size);
        for (std::size_t i = 0; i < count; ++i) {
            out.append("PUB ").append(topic).append(1, ' ').append(size_text).append("\r\n");
            out.append(payloads.substr(i * size, size)).append("\r\n");
        }
        out += "PING\r\n";
        asked_.push_back(count);
    }

    std::size_t parse(std::string_view input, Sink& sink) override {
        std::size_t used = 0;
        while (true) {
            const std::string_view rest = input.substr(used);
            const std::size_t end = rest.find("\r\n");
            if (end == std::string_view::npos) return used;
            const std::string_view line = rest.substr(0, end);
            std::size_t taken = end + 2;
            if (line.starts_with("MSG ")) {
                const std::size_t size = size_in(line);
                if (rest.size() < taken + size + 2) return used;
                sink.on_message(rest.substr(taken, size));
                taken += size + 2;
            } else {
                take_control(line, sink);
            }
            used += taken;
        }
    }

private:
    static std::size_t size_in(std::string_view line) {
        std::size_t size = 0;
        std::from_chars(line.data() + line.rfind(' ') + 1, line.data() + line.size(), size);
        return size;
    }

    void take_control(std::string_view line, Sink& sink) {
        if (line == "PING") {
            sink.on_answer("PONG\r\n");
        } else if (line == "PONG" && !asked_.empty()) {
            sink.on_taken(asked_.front(), 0);
            asked_.pop_front();
        } else if (line.starts_with("-ERR")) {
            throw std::runtime_error("nats-server: " + std::string(line));
        }
    }

    std::deque<std::uint64_t> asked_;
};

}  // namespace

std::unique_ptr<Protocol> make_nats_protocol() { return std::make_unique<NatsProtocol>(); }

}  // namespace hearsay::load
