#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/gossip/outputs.h"

namespace hearsay::host {

// "UID/INDEX", the UID in hexadecimal.
std::string message_id_text(const gossip::MessageId& id);

// What a message is on the wire of the API, written once for all who get it.
struct ApiMessage {
    std::string line;                // {"event":"message",...,"size":N}\n
    std::string_view entry() const;  // {"id":...,"repeat":...}: as in a "messages" line
    ByteView payload;

    std::size_t entry_end = 0;  // in `line`, exclusive, without the closing brace
};

// Replaces `out`, reusing its memory. `name` and `label` (labels.h) are the publisher's.
void write_message(const gossip::Delivery& delivery, std::string_view name, std::string_view label,
                   ApiMessage& out);

// Collects messages for a reader that wants them many to a line.
class ApiBatch {
public:
    static constexpr std::size_t kCountMax = 256;

    void add(const ApiMessage& message);
    bool empty() const { return sizes_.empty(); }
    bool is_full() const { return sizes_.size() >= kCountMax || bytes() >= kBytesMax; }
    // About what it will take in the queue.
    std::size_t bytes() const { return entries_.size() + payloads_.size() + 16 * sizes_.size(); }
    // Appends the line and the payloads, and starts anew.
    void flush(std::string& out);

private:
    static constexpr std::size_t kBytesMax = std::size_t{256} << 10;

    std::string entries_;  // separated by commas
    std::vector<std::size_t> sizes_;
    std::string payloads_;
};

}  // namespace hearsay::host
