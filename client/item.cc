#include <charconv>
#include <utility>

#include "client/handle.h"
#include "client/json_scan.h"

namespace hearsay::client {
namespace {

bool read_text(std::string_view value, std::string& out) {
    auto text = json_text(value);
    if (!text) return false;
    out = std::move(*text);
    return true;
}

template <typename Number>
bool read_number(std::string_view value, Number& out) {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
    return error == std::errc() && end == value.data() + value.size();
}

}  // namespace

bool Item::read_event(Frame&& frame) {
    *this = Item{};
    line = std::move(frame.line);
    if (!read_members(line) || event.empty()) return false;
    view.kind = HEARSAY_EVENT;
    if (event == "message") {
        if (frame.payloads.size() != 1) return false;
        view.kind = HEARSAY_MESSAGE;
        payload = std::move(frame.payloads[0]);
    } else if (event == "lagged") {
        view.kind = HEARSAY_LAGGED;
        view.missed = json_number(json_member(line, "messages")).value_or(0) +
                      json_number(json_member(line, "events")).value_or(0);
    }
    point();
    return true;
}

bool Item::read_entry(std::string_view entry, std::string&& its_payload) {
    *this = Item{};
    line = entry;
    event = "message";
    payload = std::move(its_payload);
    view.kind = HEARSAY_MESSAGE;
    if (!read_members(line)) return false;
    if (run_size > 1) {
        // The line is about one message: the count is none of its members.
        const std::string text = R"(,"count":)" + std::to_string(run_size);
        if (const auto at = line.rfind(text); at != std::string::npos) line.erase(at, text.size());
    }
    point();
    return true;
}

bool Item::advance(std::string&& its_payload) {
    const auto slash = id.rfind('/');
    std::uint32_t index = 0;
    if (slash == std::string::npos || !read_number(std::string_view(id).substr(slash + 1), index))
        return false;
    const std::string before = '"' + id + '"';
    id.replace(slash + 1, std::string::npos, std::to_string(std::uint64_t{index} + 1));
    if (const auto at = line.find(before); at != std::string::npos)
        line.replace(at + 1, before.size() - 2, id);
    payload = std::move(its_payload);
    point();
    return true;
}

void Item::make_lagged(std::uint64_t missed) {
    *this = Item{};
    event = "lagged";
    line = R"({"event":"lagged","messages":)" + std::to_string(missed) + R"(,"events":0})";
    view.kind = HEARSAY_LAGGED;
    view.missed = missed;
    point();
}

// Unknown members are left alone: a later daemon may have more.
bool Item::read_members(std::string_view object) {
    ObjectScanner scanner(object);
    std::string_view key;
    std::string_view value;
    bool is_good = true;
    const std::pair<std::string_view, std::string*> texts[] = {
        {"event", &event}, {"id", &id},       {"topic", &topic},    {"publisher", &publisher},
        {"name", &name},   {"label", &label}, {"created", &created}};
    while (is_good && scanner.next(key, value)) {
        for (const auto& [text_key, text] : texts)
            if (key == text_key) is_good = read_text(value, *text);
        if (key == "epoch") is_good = read_number(value, view.epoch);
        if (key == "seq") is_good = read_number(value, view.seq);
        if (key == "hops") is_good = read_number(value, view.hops);
        if (key == "lifetime") is_good = read_number(value, view.lifetime);
        if (key == "repeat") view.repeat = value == "true" ? 1 : 0;
        if (key == "count") is_good = read_number(value, run_size) && run_size > 0;
    }
    return is_good && scanner.is_whole();
}

void Item::point() {
    view.line = line.c_str();
    view.event = event.c_str();
    view.id = id.c_str();
    view.topic = topic.c_str();
    view.publisher = publisher.c_str();
    view.name = name.c_str();
    view.label = label.c_str();
    view.created = created.c_str();
    view.payload = payload.data();
    view.payload_size = payload.size();
}

}  // namespace hearsay::client
