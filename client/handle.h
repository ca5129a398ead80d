#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "client/connection.h"

namespace hearsay::client {

// One message of a frame, or its event, with the strings a hearsay_item points to.
struct Item {
    std::string line;
    std::string event;
    std::string id;
    std::string topic;
    std::string publisher;
    std::string name;
    std::string label;
    std::string created;
    std::string payload;
    hearsay_item view{};

    // False: not a line of docs/API.md. Fills `view`, which is good while this stays in place.
    bool read_event(Frame&& frame);
    // The `entry` of a "messages" line, for the first message it is for.
    bool read_entry(std::string_view entry, std::string&& its_payload);
    // How many it is for.
    std::uint64_t run_size = 1;
    // Becomes the next of them. False: the id is no id.
    bool advance(std::string&& its_payload);
    // What this library itself has dropped.
    void make_lagged(std::uint64_t missed);

private:
    bool read_members(std::string_view object);
    void point();
};

}  // namespace hearsay::client

// What hearsay.h calls a handle.
struct hearsay_client {
    // What arrives while a call waits for its answer is kept up to here, then dropped and counted.
    static constexpr std::size_t kInboxSizeMax = std::size_t{64} << 20;

    hearsay::client::Connection connection;
    std::string path;
    int timeout_ms = 5000;
    std::string error_text;
    std::string error_code;
    std::string reply;
    std::string version;
    std::uint64_t last_id = 0;

    std::deque<hearsay::client::Frame> inbox;
    std::size_t inbox_size = 0;
    std::uint64_t dropped = 0;

    hearsay::client::Frame batch;                 // a "messages" frame being given out
    std::vector<std::string_view> batch_entries;  // in its line
    std::size_t batch_index = 0;                  // of the next payload
    std::size_t entry_index = 0;                  // of the next entry
    std::uint64_t run_left = 0;                   // payloads that the entry before it is for
    hearsay::client::Item item;

    hearsay_code fail(hearsay::client::Failure failure);
    hearsay_code fail(hearsay_code code, std::string text) {
        return fail(hearsay::client::Failure{code, std::move(text)});
    }
    // Sends `members` ("\"op\":...", without braces) and `payload`; `reply` is then the answer.
    hearsay_code ask(std::string_view members, std::string_view payload = {});
    hearsay_code receive_reply(std::uint64_t id, const hearsay::client::Deadline& deadline);
    void keep(hearsay::client::Frame&& frame);
    hearsay_code next(hearsay_item* item, int wait_ms);
    void forget();

private:
    bool next_of_batch();
    hearsay_code next_of_frame(hearsay::client::Frame&& frame);
};
