#include "daemon/host/api_reader.h"

#include <algorithm>
#include <cstring>

#include "wire/limits.h"

namespace hearsay::host {
namespace {

// A buffer that grew for a large payload is given back once it is empty.
constexpr std::size_t kBufferKept = std::size_t{128} << 10;

bool is_blank(std::string_view line) {
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

void ApiReader::feed(ByteView bytes) {
    if (state_ == State::dead) return;
    if (begin_ > 0 && begin_ + held_ == buffer_.size() && held_ == 0) {
        buffer_.clear();
        begin_ = 0;
        if (buffer_.capacity() > kBufferKept) buffer_ = Bytes();
    } else if (begin_ > buffer_.size() / 2) {
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
        begin_ = 0;
    }
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

ByteView ApiReader::payload() const { return ByteView(buffer_).subspan(begin_, held_); }

void ApiReader::drop(std::size_t size) {
    begin_ += size;
    scanned_ = 0;
}

void ApiReader::finish_step() {
    drop(held_);
    held_ = 0;
}

ApiReader::Step ApiReader::next() {
    finish_step();
    while (true) {
        if (to_skip_ > 0) {
            const auto size = static_cast<std::size_t>(
                std::min<std::uint64_t>(to_skip_, buffer_.size() - begin_));
            drop(size);
            to_skip_ -= size;
            if (to_skip_ > 0) return Step::nothing;
        }
        const State before = state_;
        const std::size_t begin_before = begin_;
        Step step = Step::nothing;
        switch (state_) {
            case State::dead:
                return Step::nothing;
            case State::line:
            case State::rest_of_line:
                step = next_line();
                break;
            case State::payloads:
                step = next_payload();
                break;
        }
        const bool has_moved = state_ != before || begin_ != begin_before || to_skip_ > 0;
        if (step != Step::nothing || !has_moved) return step;
    }
}

ApiReader::Step ApiReader::next_line() {
    const ByteView rest = ByteView(buffer_).subspan(begin_);
    const auto* const newline = static_cast<const std::uint8_t*>(
        rest.size() > scanned_ ? std::memchr(rest.data() + scanned_, '\n', rest.size() - scanned_)
                               : nullptr);
    const std::size_t size =
        newline == nullptr ? rest.size() : static_cast<std::size_t>(newline - rest.data());
    scanned_ = size;
    if (state_ == State::rest_of_line) {
        drop(newline == nullptr ? size : size + 1);
        if (newline != nullptr) state_ = State::line;
        return Step::nothing;
    }
    if (size > kApiLineSizeMax) {
        state_ = State::rest_of_line;
        problem_ = {"", "line_too_long", "the line is longer than 64 KiB", false};
        return Step::problem;
    }
    if (newline == nullptr) return Step::nothing;
    const Step step = take_line(text_of(rest.first(size)));
    drop(size + 1);
    return step;
}

ApiReader::Step ApiReader::take_line(std::string_view line) {
    if (is_blank(line)) return Step::nothing;
    auto problem = parse_api_request(line, request_);
    if (problem && problem->is_fatal) {
        state_ = State::dead;
    } else if (problem) {
        for (const std::uint64_t size : request_.sizes)
            to_skip_ += std::min(size, ~std::uint64_t{0} - to_skip_);
    } else if (!request_.sizes.empty()) {
        state_ = State::payloads;
        next_index_ = 0;
    }
    if (!problem) return Step::request;
    problem_ = std::move(*problem);
    return Step::problem;
}

ApiReader::Step ApiReader::next_payload() {
    if (next_index_ == request_.sizes.size()) {
        state_ = State::line;
        return Step::nothing;
    }
    const std::uint64_t size = request_.sizes[next_index_];
    is_too_large_ = size > wire::kPayloadSizeMax;
    if (!is_too_large_ && size > buffer_.size() - begin_) return Step::nothing;
    payload_index_ = next_index_++;
    if (is_too_large_) {
        to_skip_ = size;
        return Step::payload;
    }
    held_ = static_cast<std::size_t>(size);
    return Step::payload;
}

}  // namespace hearsay::host
