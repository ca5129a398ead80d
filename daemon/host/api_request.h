#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

// One request line of the local API as a plain struct. docs/API.md is the specification.
namespace hearsay::host {

inline constexpr std::uint64_t kApiVersion = 1;
inline constexpr std::size_t kApiLineSizeMax = std::size_t{64} << 10;
inline constexpr std::size_t kApiDepthMax = 8;
inline constexpr std::size_t kApiIdSizeMax = 64;
inline constexpr std::size_t kApiMessagesPerPublishMax = 1024;

enum class ApiOp : std::uint8_t {
    ping,
    version,
    status,
    members,
    links,
    key,
    topics,
    config_show,
    network_show,
    doctor,
    publish,
    subscribe,
    unsubscribe,
    events,
    connect,
    disconnect,
    reload,
    leave,
    network_create,
    network_open,
    network_join,
    network_token,
    network_leave,
    network_rotate,
    tags,
    tags_set,
    tags_remove,
    member_ping,
    count_,
};
std::string_view name_of(ApiOp op);
std::optional<ApiOp> op_from(std::string_view name);

struct ApiRequest {
    ApiOp op = ApiOp::ping;
    std::string id;                    // as JSON; empty: none
    std::vector<std::uint64_t> sizes;  // of the payloads that follow the line
    bool has_sizes = false;            // it said "sizes", not "size"
    std::optional<Duration> lifetime;
    bool wait = true;
    bool batch = false;
    bool runs = false;
    bool on = true;
    std::optional<std::string> topic;
    std::optional<std::vector<std::string>> topics;
    std::optional<std::string> address;
    std::optional<std::string> member;
    std::optional<std::string> name;
    std::optional<std::string> token;
    std::optional<std::string> step;
    std::optional<std::vector<std::string>> seeds;
    std::optional<std::vector<std::string>> tags;

    bool operator==(const ApiRequest&) const = default;
};

// Why a line is refused. `code` is one of docs/API.md.
struct ApiProblem {
    std::string id;         // as JSON; empty: none, or it could not be read
    std::string_view code;  // a literal
    std::string message;
    bool is_fatal = false;  // where the next line begins is not known

    bool operator==(const ApiProblem&) const = default;
};

// Reads a line without its newline into `request`, whose storage is reused. nullopt: it is good.
// On a problem that is not fatal `request.sizes` still tells what follows the line.
std::optional<ApiProblem> parse_api_request(std::string_view line, ApiRequest& request);

// Publish lines as programs write them, without a document: any order of keys, plain strings,
// whole numbers. False: not such a line, `request` holds nothing useful; the other one decides.
bool parse_publish_fast(std::string_view line, ApiRequest& request);
// Any line. What the fast one accepts this one reads the same way.
std::optional<ApiProblem> parse_api_request_slow(std::string_view line, ApiRequest& request);

// What an operation needs beyond being well-formed. Part of both of the above.
std::optional<ApiProblem> check_api_request(const ApiRequest& request);

}  // namespace hearsay::host
