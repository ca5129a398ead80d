#include "daemon/host/api_outbox.h"

#include "daemon/host/api_text.h"

namespace hearsay::host {
namespace {

// Memory of a queue that was long is given back when it is empty.
constexpr std::size_t kCapacityKept = std::size_t{128} << 10;
// Written bytes are cut off in one go, when they are many.
constexpr std::size_t kCutAt = std::size_t{256} << 10;

}  // namespace

// An empty queue takes anything: a large message must not be larger than every queue.
bool ApiOutbox::has_room(std::size_t planned, std::size_t added) const {
    const std::size_t queued = size() + planned;
    return !is_lagging() && (queued == 0 || queued + added <= limit_);
}

bool ApiOutbox::add_message(std::string_view line, ByteView payload) {
    if (!admit_message(0, line.size() + payload.size())) return false;
    bytes_ += line;
    bytes_ += text_of(payload);
    return true;
}

bool ApiOutbox::admit_message(std::size_t planned, std::size_t added) {
    if (has_room(planned, added)) return true;
    ++missed_messages_;
    ++missed_total_;
    return false;
}

bool ApiOutbox::add_event(std::string_view line) {
    if (has_room(0, line.size())) {
        bytes_ += line;
        return true;
    }
    ++missed_events_;
    ++missed_total_;
    return false;
}

void ApiOutbox::consume(std::size_t count) {
    written_ += count;
    if (empty()) {
        bytes_.clear();
        written_ = 0;
        if (bytes_.capacity() > kCapacityKept) bytes_ = std::string();
    } else if (written_ > kCutAt && written_ > bytes_.size() / 2) {
        bytes_.erase(0, written_);
        written_ = 0;
    }
    if (is_lagging() && size() <= limit_ / 2) end_lag();
}

void ApiOutbox::end_lag() {
    JsonWriter json(bytes_);
    json.begin_object().key("event").text("lagged");
    json.key("messages").number(missed_messages_).key("events").number(missed_events_);
    json.end_object();
    bytes_ += '\n';
    missed_messages_ = 0;
    missed_events_ = 0;
}

}  // namespace hearsay::host
