#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace hearsay::host {

// What waits to be written to one connection.
//
// 1. Replies always enter. Their number is bounded by not reading requests while they pile up.
// 2. Messages and events enter while the whole queue stays within its limit. The first that does
//    not makes the reader a lagging one: nothing but replies enters until half of the limit is
//    free, and then a notice with the counts comes first. So the notice stands where they miss.
class ApiOutbox {
public:
    explicit ApiOutbox(std::uint64_t limit) : limit_(limit) {}

    void add_reply(std::string_view line) { bytes_ += line; }
    // Both: false when it was counted instead.
    bool add_message(std::string_view line, ByteView payload);
    bool add_event(std::string_view line);
    // For several messages written as one: whether `size` bytes may enter on top of `planned`
    // ones that were promised a place and not added yet. False: counted as a missed message.
    bool admit_message(std::size_t planned, std::size_t size);
    // Where those are appended.
    std::string& admitted() { return bytes_; }

    std::string_view pending() const { return std::string_view(bytes_).substr(written_); }
    std::size_t size() const { return bytes_.size() - written_; }
    bool empty() const { return size() == 0; }
    // `size` bytes of pending() have been written. May append the notice.
    void consume(std::size_t size);

    std::uint64_t missed_total() const { return missed_total_; }

private:
    bool has_room(std::size_t planned, std::size_t added) const;
    bool is_lagging() const { return missed_messages_ + missed_events_ > 0; }
    void end_lag();

    std::uint64_t limit_;
    std::string bytes_;
    std::size_t written_ = 0;
    std::uint64_t missed_messages_ = 0;
    std::uint64_t missed_events_ = 0;
    std::uint64_t missed_total_ = 0;
};

}  // namespace hearsay::host
