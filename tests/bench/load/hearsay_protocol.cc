#include <charconv>
#include <stdexcept>

#include "tests/bench/load/protocol.h"

namespace hearsay::load {
namespace {

std::uint64_t number_at(std::string_view text, std::size_t at) {
    std::uint64_t value = 0;
    if (at < text.size()) std::from_chars(text.data() + at, text.data() + text.size(), value);
    return value;
}

// The number behind `"key":`; 0 when it is not there.
std::uint64_t number_of(std::string_view line, std::string_view key) {
    const std::size_t at = line.find(key);
    return at == std::string_view::npos ? 0 : number_at(line, at + key.size());
}

class HearsayProtocol final : public Protocol {
public:
    void append_greeting(std::string&) override {}

    void append_subscribe(std::string& out, std::string_view topic) override {
        out.append(R"({"op":"subscribe","runs":true,"topics":[")").append(topic).append("\"]}\n");
    }

    // The id says how many there are, so that the reply tells it too.
    void append_publish(std::string& out, std::string_view topic, std::string_view payloads,
                        std::size_t count, std::size_t size) override {
        const std::string size_text = std::to_string(size);
        out.append(R"({"op":"publish","id":)").append(std::to_string(count));
        out.append(R"(,"topic":")").append(topic);
        if (count == 1) {
            out.append(R"(","size":)").append(size_text);
        } else {
            out.append(R"(","sizes":[)").append(size_text);
            for (std::size_t i = 1; i < count; ++i) out.append(1, ',').append(size_text);
            out += ']';
        }
        out.append("}\n").append(payloads);
    }

    std::size_t parse(std::string_view input, Sink& sink) override {
        std::size_t used = 0;
        while (true) {
            const std::string_view rest = input.substr(used);
            const std::size_t end = rest.find('\n');
            if (end == std::string_view::npos) return used;
            const std::size_t taken = take(rest, rest.substr(0, end), sink);
            if (taken == 0) return used;
            used += taken;
        }
    }

private:
    // Bytes of the line with its newline and its payloads; 0: not all of them are there.
    std::size_t take(std::string_view rest, std::string_view line, Sink& sink) {
        const std::size_t body = line.size() + 1;
        if (line.starts_with(R"({"event":"messages")")) return take_many(rest, line, sink);
        if (line.starts_with(R"({"event":"message")")) {
            const std::uint64_t size = number_at(line, line.rfind(':') + 1);
            if (rest.size() - body < size) return 0;
            sink.on_message(rest.substr(body, size));
            return body + size;
        }
        if (line.starts_with(R"({"event":"lagged")")) {
            sink.on_lagged(number_of(line, R"("messages":)"));
        } else {
            take_reply(line, sink);
        }
        return body;
    }

    // The sizes are the last array of the line.
    std::size_t take_many(std::string_view rest, std::string_view line, Sink& sink) {
        sizes_.clear();
        std::size_t total = 0;
        for (std::size_t at = line.rfind('[') + 1; at < line.size() && line[at] != ']';) {
            std::size_t size = 0;
            const auto end = std::from_chars(line.data() + at, line.data() + line.size(), size).ptr;
            at = static_cast<std::size_t>(end - line.data());
            if (at < line.size() && line[at] == ',') ++at;
            sizes_.push_back(size);
            total += size;
        }
        std::size_t at = line.size() + 1;
        if (rest.size() - at < total) return 0;
        for (const std::size_t size : sizes_) {
            sink.on_message(rest.substr(at, size));
            at += size;
        }
        return at;
    }

    static void take_reply(std::string_view line, Sink& sink) {
        const bool is_ok = line.find(R"("ok":true)") != std::string_view::npos;
        const std::uint64_t asked = number_of(line, R"("id":)");
        if (asked == 0 && !is_ok) throw std::runtime_error("refused: " + std::string(line));
        if (asked == 0) return;  // of subscribe
        const std::uint64_t accepted = is_ok ? asked : number_of(line, R"("accepted":)");
        sink.on_taken(accepted, asked - accepted);
    }

    std::vector<std::size_t> sizes_;  // scratch
};

}  // namespace

std::unique_ptr<Protocol> make_hearsay_protocol() { return std::make_unique<HearsayProtocol>(); }

}  // namespace hearsay::load
