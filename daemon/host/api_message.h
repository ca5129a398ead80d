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

// Collects messages for a reader that wants them many to a line. Messages of one signed batch, one
// after the other, may share an entry: a run.
class ApiBatch {
public:
    static constexpr std::size_t kCountMax = 256;

    // Whether it is the one after the last that was added since the last flush: so that its entry
    // would differ from that one's in the index of the id alone.
    bool continues(const gossip::Delivery& delivery) const;
    // Precondition: continues().
    void add_to_run(const gossip::Delivery& delivery);
    void add(const gossip::Delivery& delivery, const ApiMessage& message);
    bool empty() const { return sizes_.empty(); }
    bool is_full() const { return sizes_.size() >= kCountMax || bytes() >= kBytesMax; }
    // About what it will take in the queue.
    std::size_t bytes() const { return entries_.size() + payloads_.size() + 16 * sizes_.size(); }
    // Appends the line and the payloads, and starts anew.
    void flush(std::string& out);

private:
    static constexpr std::size_t kBytesMax = std::size_t{256} << 10;

    struct Last {
        gossip::MessageId id;
        std::uint8_t hops = 0;
        bool may_repeat = false;
    };
    void end_entry();
    void add_payload(const gossip::Delivery& delivery);

    std::string entries_;  // separated by commas; the last one without its end
    std::size_t run_size_ = 0;  // messages of the last one
    Last last_;
    std::vector<std::size_t> sizes_;
    std::string payloads_;
};

}  // namespace hearsay::host
