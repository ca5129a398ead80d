#include "client/handle.h"

#include <algorithm>
#include <utility>

#include "client/json_scan.h"

using hearsay::client::Deadline;
using hearsay::client::deadline_in;
using hearsay::client::Failure;
using hearsay::client::Frame;
using hearsay::client::json_member;
using hearsay::client::json_text;

hearsay_code hearsay_client::fail(Failure failure) {
    error_text = std::move(failure.text);
    error_code.clear();
    // The rest of a frame, or of an answer, cannot be told from what comes next.
    if (failure.code == HEARSAY_CLOSED || failure.code == HEARSAY_PROTOCOL) connection.close();
    return failure.code;
}

void hearsay_client::forget() {
    inbox.clear();
    inbox_size = 0;
    dropped = 0;
    batch = Frame{};
    batch_entries.clear();
    batch_index = entry_index = 0;
    run_left = 0;
}

hearsay_code hearsay_client::ask(std::string_view members, std::string_view payload) {
    if (connection.fd() < 0) return fail(HEARSAY_CLOSED, "not connected");
    const Deadline deadline = deadline_in(timeout_ms);
    const std::uint64_t id = ++last_id;
    std::string line = "{\"id\":" + std::to_string(id);
    if (!members.empty()) line += ',';
    line += members;
    line += "}\n";
    line += payload;
    Failure failure = connection.write(line, deadline);
    if (failure.code != HEARSAY_OK) {
        // Half a request is on its way: what is sent now would be read as the rest of it.
        connection.close();
        return fail(std::move(failure));
    }
    return receive_reply(id, deadline);
}

hearsay_code hearsay_client::receive_reply(std::uint64_t id, const Deadline& deadline) {
    const std::string wanted = std::to_string(id);
    while (true) {
        Frame frame;
        Failure failure = connection.read(frame, deadline);
        if (failure.code != HEARSAY_OK) return fail(std::move(failure));
        if (!json_member(frame.line, "event").empty()) {
            keep(std::move(frame));
            continue;
        }
        // One without id answers a line that could not be read: it can only be ours.
        const std::string_view got = json_member(frame.line, "id");
        if (!got.empty() && got != wanted) continue;  // of a call that gave up waiting
        reply = std::move(frame.line);
        if (json_member(reply, "ok") == "true") return HEARSAY_OK;
        const std::string_view error = json_member(reply, "error");
        const std::string text = json_text(json_member(error, "message")).value_or("refused");
        const hearsay_code code = fail(HEARSAY_REFUSED, text);
        error_code = json_text(json_member(error, "code")).value_or("");
        return code;
    }
}

void hearsay_client::keep(Frame&& frame) {
    if (inbox_size + frame.size() > kInboxSizeMax) {
        dropped += std::max<std::size_t>(frame.payloads.size(), 1);
        return;
    }
    inbox_size += frame.size();
    inbox.push_back(std::move(frame));
}

// ---- what was not asked for

bool hearsay_client::next_of_batch() {
    if (batch_index >= batch.payloads.size()) return false;
    std::string& payload = batch.payloads[batch_index];
    if (run_left > 0) {
        if (!item.advance(std::move(payload))) return false;
        --run_left;
    } else {
        if (entry_index >= batch_entries.size()) return false;
        if (!item.read_entry(batch_entries[entry_index++], std::move(payload))) return false;
        run_left = item.run_size - 1;
    }
    ++batch_index;
    return true;
}

hearsay_code hearsay_client::next_of_frame(Frame&& frame) {
    if (json_member(frame.line, "event") == "\"messages\"") {
        batch = std::move(frame);
        batch_index = entry_index = 0;
        run_left = 0;
        batch_entries.clear();
        hearsay::client::ListScanner list(json_member(batch.line, "messages"));
        for (std::string_view entry; list.next(entry);) batch_entries.push_back(entry);
        if (next_of_batch()) return HEARSAY_OK;
    } else if (json_member(frame.line, "event").empty()) {
        return HEARSAY_TIMEOUT;  // the late answer to a call that gave up
    } else if (item.read_event(std::move(frame))) {
        return HEARSAY_OK;
    }
    return fail(HEARSAY_PROTOCOL, "hearsayd sent an event that cannot be read");
}

hearsay_code hearsay_client::next(hearsay_item* out, int wait_ms) {
    const Deadline deadline = deadline_in(wait_ms);
    if (next_of_batch()) {
        *out = item.view;
        return HEARSAY_OK;
    }
    while (true) {
        Frame frame;
        if (!inbox.empty()) {
            frame = std::move(inbox.front());
            inbox.pop_front();
            inbox_size -= frame.size();
        } else if (dropped > 0) {
            item.make_lagged(std::exchange(dropped, 0));
            *out = item.view;
            return HEARSAY_OK;
        } else {
            Failure failure = connection.read(frame, deadline);
            if (failure.code == HEARSAY_TIMEOUT) failure.text = "nothing arrived in time";
            if (failure.code != HEARSAY_OK) return fail(std::move(failure));
        }
        const hearsay_code code = next_of_frame(std::move(frame));
        if (code == HEARSAY_TIMEOUT) continue;
        if (code == HEARSAY_OK) *out = item.view;
        return code;
    }
}
