#pragma once

#include <optional>

#include "base/bytes.h"
#include "daemon/host/api_request.h"

namespace hearsay::host {

// Cuts what a client sends into requests and their payloads, however the bytes arrive, and finds
// back into step behind a line that cannot be read. Touches no socket.
//
// Use: feed(), then next() until it says `nothing`. A request is followed by one `payload` for
// each of its sizes, in order. A problem has no payloads: they are skipped unseen.
//
// Holds at most a line, or one payload, and what was fed beyond it.
class ApiReader {
public:
    enum class Step {
        nothing,  // until more is fed
        request,
        payload,
        problem,  // when fatal, nothing is read any more
    };

    void feed(ByteView bytes);
    Step next();

    // Of the last step; valid until the next call of next() or feed().
    const ApiRequest& request() const { return request_; }
    const ApiProblem& problem() const { return problem_; }
    // The payload of the last step, valid likewise. After a feed() ask again.
    ByteView payload() const;
    std::size_t payload_index() const { return payload_index_; }
    // Over wire::kPayloadSizeMax: payload() is empty and its bytes are skipped as they come.
    bool is_payload_too_large() const { return is_too_large_; }

    // Bytes fed and not used up, the current step's payload included.
    std::size_t buffered() const { return buffer_.size() - begin_; }

private:
    enum class State { line, rest_of_line, payloads, dead };

    Step next_line();
    Step next_payload();
    Step take_line(std::string_view line);
    void finish_step();
    void drop(std::size_t size);

    Bytes buffer_;
    std::size_t begin_ = 0;
    std::size_t scanned_ = 0;  // bytes after begin_ known to hold no newline
    std::size_t held_ = 0;     // bytes of the payload given out
    std::uint64_t to_skip_ = 0;
    State state_ = State::line;
    std::size_t next_index_ = 0;
    std::size_t payload_index_ = 0;
    bool is_too_large_ = false;
    ApiRequest request_;
    ApiProblem problem_;
};

}  // namespace hearsay::host
