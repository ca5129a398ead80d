#include "daemon/host/api_message.h"

#include "daemon/host/api_text.h"

namespace hearsay::host {
namespace {

constexpr std::string_view kHead = R"({"event":"message",)";

void append_hex(std::string& out, ByteView bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const std::uint8_t byte : bytes) {
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
}

void append_id(std::string& out, const gossip::MessageId& id) {
    append_hex(out, id.uid.view());
    out += '/';
    append_number(out, std::uint64_t{id.index});
}

void append_field(std::string& out, std::string_view name, std::uint64_t value) {
    out += name;
    append_number(out, value);
}

}  // namespace

std::string message_id_text(const gossip::MessageId& id) {
    std::string text;
    append_id(text, id);
    return text;
}

// The keys in docs/API.md's order: clients may rely on a line being quick to scan.
void write_message(const gossip::Delivery& delivery, std::string_view name, std::string_view label,
                   ApiMessage& out) {
    std::string& line = out.line;
    line.assign(kHead);
    line += R"("id":")";
    append_id(line, delivery.id);
    line += R"(","topic":)";
    append_json_string(line, delivery.topic);
    line += R"(,"publisher":")";
    line += crypto::to_text(delivery.publisher);
    line += R"(","name":)";
    append_json_string(line, name);
    line += R"(,"label":)";
    append_json_string(line, label);
    line += R"(,"created":)";
    append_time(line, delivery.created);
    line += R"(,"lifetime":)";
    append_seconds(line, std::chrono::milliseconds(delivery.lifetime_ms));
    append_field(line, R"(,"epoch":)", delivery.epoch);
    append_field(line, R"(,"seq":)", delivery.seq);
    append_field(line, R"(,"hops":)", delivery.hops);
    line += delivery.may_repeat ? R"(,"repeat":true)" : R"(,"repeat":false)";
    out.entry_end = line.size();
    append_field(line, R"(,"size":)", delivery.payload.size());
    line += "}\n";
    out.payload = delivery.payload;
}

std::string_view ApiMessage::entry() const {
    return std::string_view(line).substr(kHead.size(), entry_end - kHead.size());
}

bool ApiBatch::continues(const gossip::Delivery& delivery) const {
    return run_size_ > 0 && delivery.id.uid == last_.id.uid &&
           delivery.id.index == last_.id.index + 1 && delivery.hops == last_.hops &&
           delivery.may_repeat == last_.may_repeat;
}

void ApiBatch::add_payload(const gossip::Delivery& delivery) {
    sizes_.push_back(delivery.payload.size());
    payloads_ += text_of(delivery.payload);
    ++run_size_;
    last_ = {delivery.id, delivery.hops, delivery.may_repeat};
}

void ApiBatch::add_to_run(const gossip::Delivery& delivery) { add_payload(delivery); }

void ApiBatch::add(const gossip::Delivery& delivery, const ApiMessage& message) {
    end_entry();
    entries_ += entries_.empty() ? "{" : ",{";
    entries_ += message.entry();
    add_payload(delivery);
}

void ApiBatch::end_entry() {
    if (run_size_ == 0) return;
    if (run_size_ > 1) append_field(entries_, R"(,"count":)", run_size_);
    entries_ += '}';
    run_size_ = 0;
}

void ApiBatch::flush(std::string& out) {
    end_entry();
    out += R"({"event":"messages","messages":[)";
    out += entries_;
    out += R"(],"sizes":[)";
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
        if (i > 0) out += ',';
        append_number(out, std::uint64_t{sizes_[i]});
    }
    out += "]}\n";
    out += payloads_;
    entries_.clear();
    sizes_.clear();
    payloads_.clear();
}

}  // namespace hearsay::host
