#include "daemon/host/api_request.h"

#include <algorithm>
#include <charconv>

#include "wire/limits.h"

namespace hearsay::host {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(ApiOp::count_)> kOpNames{
    "ping",          "version",       "status",         "members",      "links",
     "key",           "topics",        "config.show",    "network.show", "doctor",
     "publish",       "subscribe",     "unsubscribe",    "events",       "connect",
     "disconnect",    "reload",        "leave",          "network.create", "network.open",
     "network.join",  "network.token", "network.leave",  "network.rotate", "tags",
     "tags.set",      "tags.remove",   "member.ping"};

// A scanner over one flat object. Everything it does not expect makes it give up.
class FlatScanner {
public:
    explicit FlatScanner(std::string_view line) : rest_(line) {}

    bool take(char c) {
        skip_space();
        if (rest_.empty() || rest_[0] != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool at_end() {
        skip_space();
        return rest_.empty();
    }
    bool next_is(char c) {
        skip_space();
        return !rest_.empty() && rest_[0] == c;
    }
    // A string of printable ASCII without escapes.
    bool plain_string(std::string_view& out) {
        if (!take('"')) return false;
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), [](char c) {
            return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
        });
        if (end == rest_.end() || *end != '"') return false;
        const auto size = static_cast<std::size_t>(end - rest_.begin());
        out = rest_.substr(0, size);
        rest_.remove_prefix(size + 1);
        return true;
    }
    // A whole number without sign, fraction, exponent or leading zero, below 2^53 (RFC 8259 6).
    bool whole_number(std::uint64_t& out) {
        skip_space();
        const char* const end = rest_.data() + rest_.size();
        const auto [stop, error] = std::from_chars(rest_.data(), end, out);
        if (error != std::errc() || out >= std::uint64_t{1} << 53) return false;
        const auto size = static_cast<std::size_t>(stop - rest_.data());
        if (size > 1 && rest_[0] == '0') return false;
        if (stop != end && (*stop == '.' || *stop == 'e' || *stop == 'E')) return false;
        rest_.remove_prefix(size);
        return true;
    }
    bool flag(bool& out) {
        skip_space();
        const std::string_view word = rest_.starts_with('t') ? "true" : "false";
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        out = word == "true";
        return true;
    }

private:
    void skip_space() {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\r'))
            rest_.remove_prefix(1);
    }
    std::string_view rest_;
};

// Keys of a publish line, as bits, to notice one that comes twice.
enum : unsigned {
    kOp = 1,
    kId = 2,
    kTopic = 4,
    kSize = 8,
    kSizes = 16,
    kWait = 32,
    kLifetime = 64,
    kApi = 128
};

unsigned key_bit(std::string_view key) {
    if (key == "op") return kOp;
    if (key == "id") return kId;
    if (key == "topic") return kTopic;
    if (key == "size") return kSize;
    if (key == "sizes") return kSizes;
    if (key == "wait") return kWait;
    if (key == "lifetime") return kLifetime;
    if (key == "api") return kApi;
    return 0;
}

bool read_id(FlatScanner& scan, ApiRequest& request) {
    std::string_view text;
    std::uint64_t number = 0;
    if (!scan.next_is('"')) {
        if (!scan.whole_number(number)) return false;
        request.id = std::to_string(number);
        return true;
    }
    if (!scan.plain_string(text) || text.size() > kApiIdSizeMax) return false;
    request.id.assign(1, '"').append(text).append(1, '"');
    return true;
}

bool read_sizes(FlatScanner& scan, ApiRequest& request) {
    request.has_sizes = true;
    std::uint64_t size = 0;
    if (!scan.take('[')) return false;
    do {
        if (!scan.whole_number(size)) return false;
        request.sizes.push_back(size);
    } while (scan.take(','));
    return scan.take(']');
}

bool read_value(FlatScanner& scan, unsigned bit, ApiRequest& request) {
    std::string_view text;
    std::uint64_t number = 0;
    switch (bit) {
        case kOp:
            return scan.plain_string(text) && text == "publish";
        case kId:
            return read_id(scan, request);
        case kTopic:
            if (!scan.plain_string(text)) return false;
            request.topic = text;
            return true;
        case kSize:
            if (!scan.whole_number(number)) return false;
            request.sizes.push_back(number);
            return true;
        case kSizes:
            return read_sizes(scan, request);
        case kWait:
            return scan.flag(request.wait);
        case kLifetime:
            if (!scan.whole_number(number) || number > 1'000'000) return false;
            request.lifetime = std::chrono::seconds(number);
            return true;
        case kApi:
            return scan.whole_number(number) && number == kApiVersion;
        default:
            return false;
    }
}

void clear(ApiRequest& request) {
    auto sizes = std::move(request.sizes);  // keeps its memory from line to line
    sizes.clear();
    request = ApiRequest{};
    request.sizes = std::move(sizes);
}

std::optional<std::string_view> missing_key(const ApiRequest& request) {
    switch (request.op) {
        case ApiOp::publish:
            return request.topic ? std::nullopt : std::optional("topic");
        case ApiOp::subscribe:
            return request.topics ? std::nullopt : std::optional("topics");
        case ApiOp::connect:
            return request.address ? std::nullopt : std::optional("address");
        case ApiOp::disconnect:
        case ApiOp::member_ping:
            return request.member ? std::nullopt : std::optional("member");
        case ApiOp::network_create:
        case ApiOp::network_open:
            return request.name ? std::nullopt : std::optional("name");
        case ApiOp::network_join:
            return request.token ? std::nullopt : std::optional("token");
        case ApiOp::network_rotate:
            return request.step ? std::nullopt : std::optional("step");
        case ApiOp::tags_set:
        case ApiOp::tags_remove:
            return request.tags ? std::nullopt : std::optional("tags");
        case ApiOp::ping:
        case ApiOp::version:
        case ApiOp::status:
        case ApiOp::members:
        case ApiOp::links:
        case ApiOp::key:
        case ApiOp::topics:
        case ApiOp::config_show:
        case ApiOp::network_show:
        case ApiOp::doctor:
        case ApiOp::unsubscribe:
        case ApiOp::events:
        case ApiOp::reload:
        case ApiOp::leave:
        case ApiOp::network_token:
        case ApiOp::network_leave:
        case ApiOp::tags:
        case ApiOp::count_:
            break;
    }
    return std::nullopt;
}

}  // namespace

std::string_view name_of(ApiOp op) { return kOpNames[static_cast<std::size_t>(op)]; }

std::optional<ApiOp> op_from(std::string_view name) {
    const auto found = std::find(kOpNames.begin(), kOpNames.end(), name);
    if (found == kOpNames.end()) return std::nullopt;
    return static_cast<ApiOp>(found - kOpNames.begin());
}

std::optional<ApiProblem> check_api_request(const ApiRequest& request) {
    const auto bad = [&](std::string message) {
        return ApiProblem{request.id, "bad_request", std::move(message), false};
    };
    if (const auto key = missing_key(request))
        return bad(std::string(name_of(request.op)) + " needs \"" + std::string(*key) + "\"");
    if (request.op != ApiOp::publish) {
        if (request.sizes.empty()) return std::nullopt;
        return bad(std::string(name_of(request.op)) + " takes no payload");
    }
    if (request.sizes.empty())
        return bad("publish needs \"size\", the bytes of the payload, or \"sizes\", not empty");
    if (request.sizes.size() > kApiMessagesPerPublishMax)
        return bad("\"sizes\" has " + std::to_string(request.sizes.size()) +
                   " entries; at most 1024");
    return std::nullopt;
}

bool parse_publish_fast(std::string_view line, ApiRequest& request) {
    clear(request);
    request.op = ApiOp::publish;
    FlatScanner scan(line);
    unsigned seen = 0;
    if (!scan.take('{')) return false;
    do {
        std::string_view key;
        if (!scan.plain_string(key) || !scan.take(':')) return false;
        const unsigned bit = key_bit(key);
        if (bit == 0 || (seen & bit) != 0 || !read_value(scan, bit, request)) return false;
        seen |= bit;
    } while (scan.take(','));
    if (!scan.take('}') || !scan.at_end() || (seen & kOp) == 0) return false;
    if ((seen & kSize) != 0 && (seen & kSizes) != 0) return false;
    return !check_api_request(request);
}

std::optional<ApiProblem> parse_api_request(std::string_view line, ApiRequest& request) {
    if (parse_publish_fast(line, request)) return std::nullopt;
    return parse_api_request_slow(line, request);
}

}  // namespace hearsay::host
