// The only place of the daemon that reads JSON with a library, and it builds no document: the
// events of the parser go straight into the request, so depth and memory are bounded by the line.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "config/suggest.h"
#include "daemon/host/api_request.h"
#include "daemon/host/api_text.h"

namespace hearsay::host {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kSizeMax = (std::uint64_t{1} << 53) - 1;
constexpr double kSecondsMax = 1e9;

std::string in_quotes(std::string_view text) {
    std::string out;
    append_json_string(out, text.substr(0, 64));
    return out;
}

// Promise: after a whole object, `request`, `problem` and `size_problem` say everything about it.
class RequestBuilder final : public nlohmann::json_sax<Json> {
public:
    explicit RequestBuilder(ApiRequest& target) : request_(target) {}

    bool null() override { return wrong_type(); }
    bool boolean(bool value) override {
        if (depth_ != 1) return wrong_type();
        if (bool* const flag = flag_named(key_)) {
            *flag = value;
            return true;
        }
        return wrong_type();
    }
    bool number_integer(number_integer_t value) override {
        if (depth_ != 1 || key_ != "id") return wrong_type();
        request_.id = std::to_string(value);
        return true;
    }
    bool number_unsigned(number_unsigned_t value) override { return whole(value); }
    bool number_float(number_float_t value, const string_t&) override {
        if (depth_ != 1 || key_ != "lifetime") return wrong_type();
        if (!(std::abs(value) < kSecondsMax)) return wrong("\"lifetime\" is out of all bounds");
        request_.lifetime = Duration(std::llround(value * 1e9));
        return true;
    }
    bool string(string_t& value) override;
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override {
        if (depth_ > 0) wrong_type();
        return deeper();
    }
    bool end_object() override { return shallower(); }
    bool start_array(std::size_t) override;
    bool end_array() override { return shallower(); }
    bool key(string_t& name) override;
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

    // After the parser has stopped; `is_whole`: what it returned.
    std::optional<ApiProblem> verdict(bool is_whole) const;

private:
    bool deeper() {
        is_in_list_ = is_in_list_ && depth_ == 1;
        is_too_deep_ = ++depth_ > kApiDepthMax;
        return !is_too_deep_;
    }
    bool shallower() {
        is_in_list_ = false;
        --depth_;
        return true;
    }
    bool whole(std::uint64_t value);
    bool size(std::uint64_t value);
    bool wrong(std::string message) {
        if (message_.empty()) message_ = std::move(message);
        return true;
    }
    bool wrong_type();
    bool* flag_named(std::string_view name);
    std::optional<std::string>* text_named(std::string_view name);
    std::optional<std::vector<std::string>>* list_named(std::string_view name);
    void set_op(std::string_view name);

    ApiRequest& request_;
    std::size_t depth_ = 0;
    bool is_too_deep_ = false;
    bool is_in_list_ = false;  // of sizes or of strings, at depth 2
    bool is_bad_size_ = false;
    bool has_size_ = false;
    bool has_op_ = false;
    std::string key_;                // at depth 1
    std::vector<std::string> seen_;  // at most what fits a line
    std::string_view code_ = "bad_request";
    std::string message_;  // of the first problem
};

bool RequestBuilder::key(string_t& name) {
    if (depth_ != 1) return true;  // inside a value that is refused anyway
    static constexpr std::array<std::string_view, 19> kKeys{
        "op",    "id", "api",     "topic",  "topics", "size",  "sizes", "lifetime", "wait",
        "batch", "on", "address", "member", "name",   "token", "step",  "seeds",    "tags",
        "runs"};
    key_ = name;
    if (std::find(kKeys.begin(), kKeys.end(), key_) == kKeys.end())
        return wrong(in_quotes(key_) + " is not a key of a request" +
                     config::did_you_mean(key_, kKeys));
    // Which of two sizes the sender will follow cannot be told.
    if (std::find(seen_.begin(), seen_.end(), key_) != seen_.end()) {
        is_bad_size_ = is_bad_size_ || key_ == "size" || key_ == "sizes";
        return wrong(in_quotes(key_) + " stands there twice");
    }
    seen_.push_back(key_);
    return true;
}

bool RequestBuilder::wrong_type() {
    if (depth_ == 0) return false;  // not an object
    is_bad_size_ = is_bad_size_ || key_ == "size" || key_ == "sizes";
    if (key_ == "id") request_.id.clear();
    return wrong(in_quotes(key_) + " is of the wrong type");
}

bool* RequestBuilder::flag_named(std::string_view name) {
    if (name == "wait") return &request_.wait;
    if (name == "batch") return &request_.batch;
    if (name == "runs") return &request_.runs;
    if (name == "on") return &request_.on;
    return nullptr;
}

std::optional<std::string>* RequestBuilder::text_named(std::string_view name) {
    if (name == "topic") return &request_.topic;
    if (name == "address") return &request_.address;
    if (name == "member") return &request_.member;
    if (name == "name") return &request_.name;
    if (name == "token") return &request_.token;
    if (name == "step") return &request_.step;
    return nullptr;
}

std::optional<std::vector<std::string>>* RequestBuilder::list_named(std::string_view name) {
    if (name == "topics") return &request_.topics;
    if (name == "seeds") return &request_.seeds;
    if (name == "tags") return &request_.tags;
    return nullptr;
}

bool RequestBuilder::size(std::uint64_t value) {
    if (value > kSizeMax) return wrong_type();
    request_.sizes.push_back(value);
    return true;
}

bool RequestBuilder::whole(std::uint64_t value) {
    if (is_in_list_ && key_ == "sizes") return size(value);
    if (depth_ != 1) return wrong_type();
    if (key_ == "size") {
        has_size_ = true;
        return size(value);
    }
    if (key_ == "id") {
        request_.id = std::to_string(value);
        return true;
    }
    if (key_ == "lifetime") {
        if (value >= std::uint64_t{1'000'000'000})
            return wrong("\"lifetime\" is out of all bounds");
        request_.lifetime = std::chrono::seconds(value);
        return true;
    }
    if (key_ != "api") return wrong_type();
    if (value == kApiVersion || !message_.empty()) return true;
    code_ = "unsupported_api";
    return wrong("this daemon speaks version 1 of the API");
}

void RequestBuilder::set_op(std::string_view name) {
    has_op_ = true;
    if (const auto op = op_from(name)) {
        request_.op = *op;
        return;
    }
    if (!message_.empty()) return;
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < static_cast<std::size_t>(ApiOp::count_); ++i)
        names.push_back(name_of(static_cast<ApiOp>(i)));
    code_ = "unknown_op";
    wrong(in_quotes(name) + " is not an operation" + config::did_you_mean(name, names));
}

bool RequestBuilder::string(string_t& value) {
    if (is_in_list_ && key_ != "sizes") {
        (*list_named(key_))->push_back(std::move(value));
        return true;
    }
    if (depth_ != 1) return wrong_type();
    if (key_ == "op") {
        set_op(value);
    } else if (key_ == "id") {
        if (value.size() > kApiIdSizeMax) return wrong("\"id\" is longer than 64 bytes");
        request_.id.clear();
        append_json_string(request_.id, value);
    } else if (auto* const text = text_named(key_)) {
        *text = std::move(value);
    } else {
        return wrong_type();
    }
    return true;
}

bool RequestBuilder::start_array(std::size_t) {
    auto* const list = depth_ == 1 ? list_named(key_) : nullptr;
    if (depth_ == 1 && key_ == "sizes") {
        request_.has_sizes = true;
    } else if (list != nullptr) {
        if (!list->has_value()) list->emplace();
    } else {
        wrong_type();
        return depth_ > 0 && deeper();
    }
    is_in_list_ = true;
    return deeper();
}

std::optional<ApiProblem> RequestBuilder::verdict(bool is_whole) const {
    if (is_too_deep_) return ApiProblem{"", "too_deep", "the line is nested deeper than 8", false};
    if (!is_whole) return ApiProblem{"", "bad_json", "the line is not a JSON object", false};
    if (is_bad_size_ || (has_size_ && request_.has_sizes))
        return ApiProblem{request_.id, "bad_size",
                          "\"size\" is one whole number of bytes, \"sizes\" a list of them, and a "
                          "line has one of the two; closing, as what follows cannot be told",
                          true};
    if (!message_.empty()) return ApiProblem{request_.id, code_, message_, false};
    if (!has_op_) return ApiProblem{request_.id, "bad_request", "\"op\" is missing", false};
    return check_api_request(request_);
}

}  // namespace

std::optional<ApiProblem> parse_api_request_slow(std::string_view line, ApiRequest& request) {
    request = ApiRequest{};
    RequestBuilder builder(request);
    const bool is_whole = Json::sax_parse(line.begin(), line.end(), &builder);
    auto problem = builder.verdict(is_whole);
    // A line that was not read counts as one without payload.
    if (problem && !is_whole) request.sizes.clear();
    return problem;
}

}  // namespace hearsay::host
